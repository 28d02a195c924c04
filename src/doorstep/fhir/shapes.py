"""Finds the place where a resource has another shape than R4 says, once walking it has failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.tables import table

_TEXT: Final = {"type": "string"}
_CODING: Final = {"system": _TEXT, "code": _TEXT}
_DATATYPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "CodeableConcept": {"coding": {"many": True, "type": "Coding"}},
    "Coding": _CODING,
    "Identifier": {"system": _TEXT, "value": _TEXT},
    "ContactPoint": {"system": _TEXT, "value": _TEXT},
    "Reference": {"reference": _TEXT},
}


def wrong_shape(type_name: str, resource: dict[str, Any]) -> FhirProblem:
    """Return the problem, with its path, of a resource that could not be walked along its table."""
    problem = next(_seek(table(type_name).tree, resource, ""), None)
    return problem or FhirProblem("wrong-shape", expected="R4")


def _seek(node: Mapping[str, Any], value: Any, path: str) -> Iterator[FhirProblem]:
    if not node.get("many"):
        yield from _element(node, value, path)
    elif not isinstance(value, list):
        yield FhirProblem("wrong-shape", path, expected="array")
    else:
        for number, element in enumerate(value):
            if element is not None:
                yield from _element(node, element, f"{path}[{number}]")


def _element(node: Mapping[str, Any], element: Any, path: str) -> Iterator[FhirProblem]:
    kind = node.get("type", "Resource")
    if kind[0].islower():
        if not isinstance(element, bool if kind == "boolean" else str):
            yield FhirProblem("wrong-shape", path, expected=kind)
    elif not isinstance(element, dict):
        yield FhirProblem("wrong-shape", path, expected="object")
    else:
        for key, child in _children(node, kind).items():
            if key in element:
                yield from _seek(child, element[key], f"{path}.{key}" if path else key)


def _children(node: Mapping[str, Any], kind: str) -> dict[str, Any]:
    below = {**_DATATYPES.get(kind, {}), **node.get("children", {})}
    for branch in node.get("when", ()):
        below |= branch["node"].get("children", {})
    return below
