"""Types of items: `is`, `as`, `ofType`, `type()`. JSON tells few of them, elements and FHIRPath's own values all."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, Final

from doorstep.fhir import structure
from doorstep.fhir.fhirpath.amounts import Amount
from doorstep.fhir.fhirpath.elements import Element, is_a
from doorstep.fhir.fhirpath.grammar import Node
from doorstep.fhir.fhirpath.moments import Moment
from doorstep.fhir.fhirpath.trouble import NotEvaluated, Unknown
from doorstep.fhir.fhirpath.values import Items

_NUMBERS: Final = {int: "Integer", float: "Decimal", Decimal: "Decimal", Amount: "Quantity"}
_SYSTEM: Final = {bool: "Boolean", str: "String", **_NUMBERS}
_MOMENTS: Final = {"date": "Date", "dateTime": "DateTime", "time": "Time"}
SYSTEM: Final = frozenset((*_SYSTEM.values(), *_MOMENTS.values()))
Test = Callable[[Any], bool]


def told_by_json(name: str) -> bool:
    """Say whether a value of JSON alone tells that it is of a type."""
    return name in ("Boolean", "decimal") or _is_resource(name)


def _is_resource(name: str) -> bool:
    return (
        name in structure.kind_names() and structure.kind(name).kind == "resource" and not structure.kind(name).abstract
    )


def typed(source: Callable[[Items, Any], Items], name: str, operator: str) -> Callable[[Items, Any], Items]:
    """Return `is`, `as` or `ofType` a type; raises Unknown for types that there are not."""
    of_type = _tester(name, exactly=operator != "is")
    if operator == "is":
        return lambda items, scope: [of_type(item) for item in source(items, scope)[:1]]
    if operator == "as":
        return lambda items, scope: [item for item in _one(source(items, scope)) if of_type(item)]
    return lambda items, scope: [item for item in source(items, scope) if of_type(item)]


def _one(items: Items) -> Items:
    if len(items) > 1 and any(type(item) is Element for item in items):
        raise NotEvaluated("more than one value")
    return items


@cache
def _tester(name: str, exactly: bool) -> Test:
    space, _, word = name.rpartition(".")
    if space not in ("", "System", "FHIR"):
        raise Unknown(name)
    fhir = space != "System" and word in structure.kind_names() and "." not in word
    system = space != "FHIR" and word in SYSTEM
    if not fhir and not system and space != "System":
        raise Unknown(name)

    def test(item: Any) -> bool:
        if type(item) is Element:
            return fhir and _of_fhir(item, word, exactly)
        if type(item) is dict:
            return fhir and _resource_of(item, word)
        return (system and system_type(item) == word) or (word == "decimal" and type(item) in (int, float, Decimal))

    return test


def _of_fhir(item: Element, word: str, exactly: bool) -> bool:
    if exactly and structure.is_primitive(word):
        return item.kind == word
    return is_a(item.kind, word)


def _resource_of(item: dict[str, Any], word: str) -> bool:
    found = item.get("resourceType")
    if found is None and not _is_resource(word):
        raise NotEvaluated("a type that JSON does not tell")
    return bool(found == word)


def system_type(item: Any) -> str:
    """Return the name of the type of one of FHIRPath's own values."""
    return _MOMENTS[item.kind] if type(item) is Moment else _SYSTEM.get(type(item), "")


def info(items: Items) -> Items:
    """Return namespace and name of the type of each item."""
    return [_info(item) for item in items]


def _info(item: Any) -> dict[str, str]:
    if type(item) is Element:
        return {"namespace": "FHIR", "name": item.type_name()}
    if type(item) is dict:
        raise NotEvaluated("a type that JSON does not tell")
    return {"namespace": "System", "name": system_type(item)}


def name_of(node: Node) -> str:
    """Return the type that an argument names: `Patient` or `FHIR.Patient`; raises Unknown for anything else."""
    if node.kind == "dot":
        return ".".join(name_of(part) for part in node.parts)
    if node.kind != "path":
        raise Unknown(node.text)
    return node.text
