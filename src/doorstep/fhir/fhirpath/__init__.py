"""FHIRPath: one grammar and compiler for the specification's rules, on plain JSON, and any expression, on types.

Rules are asked thousands of times and need few types, so they work on the JSON as it was parsed; `evaluate` wraps
elements so that they know their types. The functions are the same: those of FHIRPath 2.0 and what the FHIR test cases
ask of its later drafts (`encode`, `sort`, boundaries); what needs more than the resource (`resolve`, `memberOf`,
`subsumes`) is not there.
"""

from __future__ import annotations

from doorstep.fhir.fhirpath.compiling import compiled
from doorstep.fhir.fhirpath.evaluating import evaluate, items, type_of
from doorstep.fhir.fhirpath.trouble import NotEvaluated, Unknown

__all__ = ["NotEvaluated", "Unknown", "compiled", "evaluate", "items", "type_of"]
