"""What no patch may change, and how the faults of both kinds of patch name their operation."""

from __future__ import annotations

import orjson

from doorstep.fhir.problems import FhirProblem


def require_same(before: bytes, after: bytes) -> None:
    """Raise FhirProblem where a patched resource has another resourceType or id than it had (R4, http: patch)."""
    old, new = orjson.loads(before), orjson.loads(after)
    for name in ("resourceType", "id"):
        if old.get(name) != new.get(name):
            raise FhirProblem("patch-identity", name, element=name)


def placed(problem: FhirProblem, number: int, pointer: str) -> FhirProblem:
    """Return the same problem, with the operation it is in: by its index from 0, and its pointer or path."""
    name = f"patch[{number}]"
    expression = f"{name}.{problem.expression}" if problem.expression else name
    params = {**problem.params, "index": number, "pointer": pointer}
    return FhirProblem(problem.code, expression, None, None, **params)
