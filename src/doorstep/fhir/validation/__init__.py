"""Validation of R4 resources: the check of every write, the specification's invariants, and `$validate`."""

from __future__ import annotations

from doorstep.fhir.validation.bindings import Bindings, r4_bindings
from doorstep.fhir.validation.checking import check
from doorstep.fhir.validation.findings import FhirInvalid, Finding, refuse_invalid
from doorstep.fhir.validation.invariants import invariants
from doorstep.fhir.validation.operation import Profiles, validate_operation
from doorstep.fhir.validation.outcomes import outcome

__all__ = [
    "Bindings",
    "FhirInvalid",
    "Finding",
    "Profiles",
    "check",
    "invariants",
    "outcome",
    "r4_bindings",
    "refuse_invalid",
    "validate_operation",
]
