"""All that a search can ask of one resource, by parameter: for exact checks, sorting and includes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from functools import cache
from typing import Any, Final, TypeVar

from doorstep.fhir.dates import span
from doorstep.fhir.extraction_found import Found, Position, QuantityValue, ReferenceValue, TokenValue, Value, Values
from doorstep.fhir.extraction_tokens import READERS, bare
from doorstep.fhir.extraction_walk import Broken, Makers, Taker, type_of, walker
from doorstep.fhir.quantities import bounds, checked
from doorstep.fhir.shapes import wrong_shape
from doorstep.fhir.tables import table
from doorstep.fhir.texts import texts

__all__ = ["Position", "QuantityValue", "ReferenceValue", "TokenValue", "Value", "Values", "values"]

_V = TypeVar("_V")
_CURRENCY: Final = "urn:iso:std:iso:4217"


def values(type_name: str, resource: dict[str, Any], zone: tzinfo = UTC) -> Values:
    """Return all values of a parsed resource of a known type; dates without an offset are read in `zone`.

    Raises FhirProblem ("wrong-shape", "bad-date") with the path of what has another shape than R4 says.
    """
    found = Found(zone=zone, resource=resource)
    taker, truths = _walker(type_name)
    try:
        taker(resource, found)
        _columns(resource, found)
    except (Broken, AttributeError, TypeError):
        raise wrong_shape(type_name, resource) from None
    for param in truths:
        found.tokens.setdefault(param, [TokenValue(None, "false", "boolean")])
    return found


@cache
def _walker(type_name: str) -> tuple[Taker, tuple[str, ...]]:
    tree = table(type_name).tree
    truths = [param for child in tree.get("children", {}).values() for param in child.get("leaf", {}).get("truth", ())]
    return walker(tree, _MAKERS), tuple(truths)


def _columns(resource: dict[str, Any], found: Found) -> None:
    if "id" in resource:
        found.tokens["_id"] = [TokenValue(None, resource["id"], "id")]
    updated = resource.get("meta", {}).get("lastUpdated")
    if updated is not None:
        found.dates["_lastUpdated"] = [span("instant", updated, found.zone, resource)]


def _put(into: dict[str, list[_V]], params: Sequence[str], value: _V) -> None:
    for param in params:
        into.setdefault(param, []).append(value)


def _token(fhir_type: str, params: list[str]) -> Taker:
    read = READERS.get(fhir_type, bare)

    def take(value: Any, found: Found) -> None:
        for token in read(fhir_type, value):
            _put(found.tokens, params, token)

    return take


def _truth(fhir_type: str, params: list[str]) -> Taker:
    def take(value: Any, found: Found) -> None:
        _put(found.tokens, params, TokenValue(None, "false" if value is False else "true", fhir_type))

    return take


def _date(fhir_type: str, entries: tuple[list[str], object]) -> Taker:
    def take(value: Any, found: Found) -> None:
        both = span(fhir_type, value, found.zone, found.resource)
        if both != (None, None):
            _put(found.dates, entries[0], both)

    return take


def _string(fhir_type: str, params: list[str]) -> Taker:
    listed = texts(fhir_type)

    def take(value: Any, found: Found) -> None:
        for text in listed(value):
            _put(found.strings, params, text)

    return take


def _uri(_: str, params: list[str]) -> Taker:
    def take(value: Any, found: Found) -> None:
        if type(value) is not str:
            raise Broken
        _put(found.uris, params, value)

    return take


def _quantity(fhir_type: str, params: list[str]) -> Taker:
    def take(value: Any, found: Found) -> None:
        both = bounds(fhir_type, value)
        if both is not None:
            _put(found.quantities, params, QuantityValue(*both, *_unit(fhir_type, value)))

    return take


def _unit(fhir_type: str, value: Any) -> tuple[str | None, str | None, str | None]:
    if fhir_type[0].islower():
        return None, None, None
    if fhir_type == "Money":
        return _CURRENCY, value.get("currency"), value.get("currency")
    if fhir_type == "Range":
        value = value.get("low") or value.get("high")
    if fhir_type == "SampledData":
        value = value.get("origin") or {}
    return value.get("system"), value.get("code"), value.get("unit")


def _position(_: str, params: list[str]) -> Taker:
    def take(value: Any, found: Found) -> None:
        latitude, longitude = value.get("latitude"), value.get("longitude")
        if latitude is not None and longitude is not None:
            _put(found.positions, params, Position(checked(latitude), checked(longitude)))

    return take


def _reference(fhir_type: str, params: list[tuple[str, str | None]]) -> Taker:
    read = {"Reference": _link, "Resource": _inline}.get(fhir_type, _canonical)

    def take(value: Any, found: Found) -> None:
        link = read(value)
        # what a logical reference leads to is unknown where its type is not given: it may be what the parameter wants
        unknown = link.identifier is not None and link.type is None and link.target is None
        _put(found.references, [p for p, only in params if only is None or unknown or link.type == only], link)

    return take


def _link(value: Any) -> ReferenceValue:
    target, identifier = value.get("reference"), value.get("identifier")
    if target is not None and type(target) is not str:
        raise Broken
    logical = (identifier.get("system"), identifier["value"]) if identifier and identifier.get("value") else None
    return ReferenceValue(target, type_of(target or "", value), logical)


def _inline(value: Any) -> ReferenceValue:
    kind, key = value.get("resourceType"), value.get("id")
    return ReferenceValue(f"{kind}/{key}" if kind and key else None, kind)


def _canonical(value: Any) -> ReferenceValue:
    if type(value) is not str:
        raise Broken
    return ReferenceValue(value)


def _composite(_: str, entries: list[tuple[str, list[Mapping[str, Any]]]]) -> Taker:
    whole = [(code, [_component(each) for each in components]) for code, components in entries]

    def take(value: Any, found: Found) -> None:
        for code, components in whole:
            group: list[list[Value]] = []
            # the last first: it is a value, and more often absent than the code
            for each in reversed(components):
                group.insert(0, _evaluated(each, value, found))
                if not group[0]:
                    break
            else:
                _put(found.composites, [code], tuple(group))

    return take


def _component(component: Mapping[str, Any]) -> tuple[Taker | None, Taker | None]:
    on_element, on_resource = (component.get(name) for name in ("element", "resource"))
    return (
        walker(on_element, _MAKERS) if on_element else None,
        walker(on_resource, _MAKERS) if on_resource else None,
    )


def _evaluated(component: tuple[Taker | None, Taker | None], value: Any, found: Found) -> list[Value]:
    own = Found(zone=found.zone, resource=found.resource)
    for taker, start in zip(component, (value, found.resource), strict=True):
        if taker is not None:
            taker(start, own)
    kinds = (own.tokens, own.strings, own.dates, own.quantities, own.references, own.uris)
    return [each for kind in kinds for listed in kind.values() for each in listed]


_MAKERS: Final[Makers] = {
    "token": _token,
    "truth": _truth,
    "date": _date,
    "reference": _reference,
    "string": _string,
    "uri": _uri,
    "quantity": _quantity,
    "number": _quantity,
    "special": _position,
    "composite": _composite,
}
