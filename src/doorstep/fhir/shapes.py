"""Finds the place where a resource has another shape than R4 says, once walking it has failed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.structure import fields, is_primitive, kind_names

_NUMBERS: Final = ("decimal", "integer", "positiveInt", "unsignedInt")


def wrong_shape(type_name: str, resource: dict[str, Any]) -> FhirProblem:
    """Return the problem, with its path, of a resource that could not be walked along its table."""
    problem = next(_object(type_name, resource, ""), None)
    return problem or FhirProblem("wrong-shape", expected="R4")


def _object(kind: str, value: Any, path: str) -> Iterator[FhirProblem]:
    if not isinstance(value, dict):
        yield FhirProblem("wrong-shape", path, expected="object")
    elif kind in kind_names():
        for key, field in fields(kind).items():
            if key in value:
                below = f"{path}.{key}" if path else key
                yield from _seek(field.type.code, field.element.max != 1, value[key], below)


def _seek(kind: str, many: bool, value: Any, path: str) -> Iterator[FhirProblem]:
    if not many:
        yield from _element(kind, value, path)
    elif not isinstance(value, list):
        yield FhirProblem("wrong-shape", path, expected="array")
    else:
        for number, element in enumerate(value):
            if element is not None:
                yield from _element(kind, element, f"{path}[{number}]")


def _element(kind: str, value: Any, path: str) -> Iterator[FhirProblem]:
    if not is_primitive(kind):
        yield from _object(kind, value, path)
    elif not _is_a(kind, value):
        yield FhirProblem("wrong-shape", path, expected=kind)


def _is_a(kind: str, value: Any) -> bool:
    if kind == "boolean" or isinstance(value, bool):
        return kind == "boolean" and isinstance(value, bool)
    return isinstance(value, (int, float, Decimal) if kind in _NUMBERS else str)
