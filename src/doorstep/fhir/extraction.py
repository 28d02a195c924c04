"""Walks a resource along its extraction table: search tokens, references and the values of its main date.

A table becomes a tree of closures, one a JSON key, so that only keys which are there cost anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from doorstep.fhir.shapes import wrong_shape
from doorstep.fhir.tables import table

Token = tuple[tuple[str, ...], str | None, str]
Link = tuple[str, str]


class Extract(NamedTuple):
    """What was found: (parameters, system, code), (parameter, target), (rank, FHIR type, value of the main date)."""

    tokens: list[Token]
    links: list[Link]
    dates: list[tuple[int, str, Any]]


Taker = Callable[[Any, Extract], None]

_TARGET: Final = re.compile(r"(?:(?:https?|urn):\S*/)?([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}")


class _Broken(Exception):
    """A value has not the shape that R4 says."""


def extract(type_name: str, resource: dict[str, Any]) -> Extract:
    """Walk one resource of a known type; raise FhirProblem "wrong-shape" with the path where R4 has another shape."""
    found = Extract([], [], [])
    taker, truths = _walker(type_name)
    try:
        taker(resource, found)
    except (_Broken, AttributeError, TypeError):
        raise wrong_shape(type_name, resource) from None
    for param in truths:
        if not any(param in params for params, _, _ in found.tokens):
            found.tokens.append(((param,), None, "false"))
    return found


@cache
def _walker(type_name: str) -> tuple[Taker, tuple[str, ...]]:
    tree = table(type_name).tree
    truths = {param for child in tree.get("children", {}).values() for param in child.get("leaf", {}).get("truth", ())}
    return _branch(tree), tuple(sorted(truths))


def _branch(node: Mapping[str, Any]) -> Taker:
    takers = [*_leaves(node)]
    if node.get("children"):
        takers.append(_object(node["children"]))
    takers.extend(_where(branch) for branch in node.get("when", ()))
    one = takers[0] if len(takers) == 1 else _all(takers)
    return _each(one) if node.get("many") else one


def _all(takers: list[Taker]) -> Taker:
    def take(value: Any, found: Extract) -> None:
        for taker in takers:
            taker(value, found)

    return take


def _each(one: Taker) -> Taker:
    def take(value: Any, found: Extract) -> None:
        if type(value) is not list:
            raise _Broken
        for element in value:
            if element is not None:
                one(element, found)

    return take


def _object(children: Mapping[str, Any]) -> Taker:
    takers = {key: _branch(child) for key, child in children.items()}

    def take(value: Any, found: Extract) -> None:
        for key, below in value.items():
            taker = takers.get(key)
            if taker is not None:
                taker(below, found)

    return take


def _where(branch: Mapping[str, Any]) -> Taker:
    field, wanted, one = branch["field"], branch["value"], _branch(branch["node"])

    def take(value: Any, found: Extract) -> None:
        if value.get(field) == wanted:
            one(value, found)

    return take


def _leaves(node: Mapping[str, Any]) -> list[Taker]:
    makers: dict[str, Callable[[str, Any], Taker]] = {
        "token": _token,
        "reference": _reference,
        "date": _date,
        "truth": _truth,
    }
    return [makers[kind](node["type"], params) for kind, params in node.get("leaf", {}).items()]


def _token(fhir_type: str, params: list[str]) -> Taker:
    names = tuple(params)
    if fhir_type == "CodeableConcept":
        return _concept(names)
    if fhir_type == "Coding":
        return _coding(names, "code")
    if fhir_type == "Identifier":
        return _coding(names, "value")
    if fhir_type == "ContactPoint":
        return _contact(names)
    return _boolean(names) if fhir_type == "boolean" else _primitive(names)


def _concept(names: tuple[str, ...]) -> Taker:
    def take(value: Any, found: Extract) -> None:
        codings = value.get("coding")
        if codings is None:
            return
        if type(codings) is not list:
            raise _Broken
        for coding in codings:
            code = coding.get("code")
            if code is not None:
                found.tokens.append((names, coding.get("system"), code))

    return take


def _coding(names: tuple[str, ...], field: str) -> Taker:
    def take(value: Any, found: Extract) -> None:
        code = value.get(field)
        if code is not None:
            found.tokens.append((names, value.get("system"), code))

    return take


def _contact(names: tuple[str, ...]) -> Taker:
    def take(value: Any, found: Extract) -> None:
        # R4, search: a ContactPoint's system is no namespace; it is matched by value alone
        text = value.get("value")
        if text is not None:
            found.tokens.append((names, None, text))

    return take


def _boolean(names: tuple[str, ...]) -> Taker:
    def take(value: Any, found: Extract) -> None:
        if type(value) is not bool:
            raise _Broken
        found.tokens.append((names, None, "true" if value else "false"))

    return take


def _primitive(names: tuple[str, ...]) -> Taker:
    def take(value: Any, found: Extract) -> None:
        if type(value) is not str:
            raise _Broken
        found.tokens.append((names, None, value))

    return take


def _truth(_: str, params: list[str]) -> Taker:
    names = tuple(params)

    def take(value: Any, found: Extract) -> None:
        found.tokens.append((names, None, "false" if value is False else "true"))

    return take


def _date(fhir_type: str, ranks: list[str]) -> Taker:
    rank = int(ranks[0])

    def take(value: Any, found: Extract) -> None:
        found.dates.append((rank, fhir_type, value))

    return take


def _reference(fhir_type: str, params: list[tuple[str, str | None]]) -> Taker:
    whole = fhir_type != "Reference"

    def take(value: Any, found: Extract) -> None:
        target = value if whole else value.get("reference")
        if target is None:
            return
        if type(target) is not str:
            raise _Broken
        if target[:1] == "#":
            return
        target = target.partition("/_history/")[0]
        for param, only in params:
            if only is None or only == _type_of(target, value):
                found.links.append((param, target))

    return take


def _type_of(target: str, reference: Mapping[str, Any]) -> str | None:
    match = _TARGET.fullmatch(target)
    kind = match[1] if match else reference.get("type")
    return kind if isinstance(kind, str) else None
