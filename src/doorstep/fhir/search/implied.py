"""The code systems that plain codes imply: `gender=http://hl7.org/fhir/administrative-gender|male` finds `male`."""

from __future__ import annotations

from functools import cache

from doorstep.fhir.parameters import parameters
from doorstep.fhir.structure import Field, fields, kind_names
from doorstep.fhir.validation.bindings import r4_bindings


@cache
def implied_systems(type_name: str, code: str) -> frozenset[str] | None:
    """Return the systems of a token parameter whose elements are plain codes; None where elements name their own.

    R4, search, token: "for code elements … the system is implied". A code that is bound to nothing implies none.
    """
    param = parameters(type_name)[code]
    systems: set[str] = set()
    for part in param.expression.split("|"):
        field = _leaf(part.strip())
        if field is None or field.type.code != "code":
            return None
        found = r4_bindings().systems(field.element.binding) if field.element.binding else None
        systems |= set(found or ())
    return frozenset(systems)


def _leaf(path: str) -> Field | None:
    """The field at the end of a plain path (`Patient.gender`); None where it is no such path."""
    first, *steps = path.split(".")
    if first not in kind_names() or not steps:
        return None
    at, field = first, None
    for step in steps:
        field = fields(at).get(step) if at in kind_names() else None
        if field is None:
            return None
        at = field.type.code
    return field
