"""FHIRPath asked of a resource, with all types known."""

from __future__ import annotations

from typing import Any

from doorstep.fhir import structure
from doorstep.fhir.fhirpath.compiling import begin, program
from doorstep.fhir.fhirpath.elements import Element
from doorstep.fhir.fhirpath.trouble import NotEvaluated
from doorstep.fhir.fhirpath.types import system_type
from doorstep.fhir.fhirpath.values import plain


def evaluate(expression: str, resource: dict[str, Any], *, strict: bool = False) -> list[Any]:
    """Return what an expression yields of a resource: JSON values and objects, and FHIRPath's own dates and quantities.

    Numbers that JSON gave as floats come as Decimal. `strict`: elements that the types do not have raise. Raises
    Unknown for what is no expression, NotEvaluated where it has no answer.
    """
    return [plain(item) for item in items(expression, resource, strict=strict)]


def items(expression: str, resource: dict[str, Any], *, strict: bool = False) -> list[Any]:
    """Return the same as elements that know their types, or FHIRPath's own values."""
    name = resource.get("resourceType")
    if type(name) is not str or name not in structure.kind_names():
        raise NotEvaluated("no resource")
    root = Element(resource, name)
    try:
        return program(expression)([root], begin(root, strict))
    except (RecursionError, ArithmeticError, TypeError) as error:
        raise NotEvaluated(type(error).__name__) from None


def type_of(item: Any) -> str:
    """Return the type of an item: of FHIR (`code`), or of FHIRPath (`String`)."""
    return item.type_name() if type(item) is Element else system_type(item)
