"""What a resource holds for each search parameter: `extract` for the index, and quick; `values` says all of it."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, NamedTuple

from doorstep.fhir.extraction_values import Values, values
from doorstep.fhir.extraction_walk import Broken, Makers, Taker, type_of, walker
from doorstep.fhir.shapes import wrong_shape
from doorstep.fhir.tables import table
from doorstep.fhir.texts import texts

__all__ = ["Dated", "Extract", "Link", "Token", "Values", "extract", "values"]

Params = tuple[str, ...]
Token = tuple[Params, str | None, str]
Link = tuple[str, str]
Dated = tuple[Params, int | None, str, Any]


class Extract(NamedTuple):
    """What was found, mostly as (parameters, …).

    `tokens`: (…, system, code). `links`: (parameter, target without version); `inline`: the same of a resource that
    stands in a Bundle. `identifiers`: (…, system, value) of references. `dates`: (…, rank among the main date's or
    None, FHIR type, value). `strings`: (…, text). `uris`: (…, uri). `quantities`: (…, FHIR type, value), numbers too.
    `positions`: those of a Location. `names`: the HumanNames of a person, whole.
    """

    tokens: list[Token]
    links: list[Link]
    inline: list[Link]
    identifiers: list[Token]
    dates: list[Dated]
    strings: list[tuple[Params, str]]
    uris: list[tuple[Params, str]]
    quantities: list[tuple[Params, str, Any]]
    positions: list[Any]
    names: list[Any]


def extract(type_name: str, resource: dict[str, Any]) -> Extract:
    """Walk one resource of a known type; raise FhirProblem "wrong-shape" with the path where R4 has another shape."""
    found = Extract([], [], [], [], [], [], [], [], [], [])
    taker, truths = _walker(type_name)
    try:
        taker(resource, found)
    except (Broken, AttributeError, TypeError):
        raise wrong_shape(type_name, resource) from None
    for param in truths:
        if not any(param in params for params, _, _ in found.tokens):
            found.tokens.append(((param,), None, "false"))
    return found


@cache
def _walker(type_name: str) -> tuple[Taker, Params]:
    tree = table(type_name).tree
    truths = {param for child in tree.get("children", {}).values() for param in child.get("leaf", {}).get("truth", ())}
    return walker(tree, _MAKERS), tuple(sorted(truths))


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


def _concept(names: Params) -> Taker:
    def take(value: Any, found: Extract) -> None:
        codings = value.get("coding")
        if codings is None:
            return
        if type(codings) is not list:
            raise Broken
        for coding in codings:
            code = coding.get("code")
            if code is not None:
                found.tokens.append((names, coding.get("system"), code))

    return take


def _coding(names: Params, field: str) -> Taker:
    def take(value: Any, found: Extract) -> None:
        code = value.get(field)
        if code is not None:
            found.tokens.append((names, value.get("system"), code))

    return take


def _contact(names: Params) -> Taker:
    def take(value: Any, found: Extract) -> None:
        # R4, search: a ContactPoint's system is no namespace; it is matched by value alone
        text = value.get("value")
        if text is not None:
            found.tokens.append((names, None, text))

    return take


def _boolean(names: Params) -> Taker:
    def take(value: Any, found: Extract) -> None:
        if type(value) is not bool:
            raise Broken
        found.tokens.append((names, None, "true" if value else "false"))

    return take


def _primitive(names: Params) -> Taker:
    def take(value: Any, found: Extract) -> None:
        if type(value) is not str:
            raise Broken
        found.tokens.append((names, None, value))

    return take


def _truth(_: str, params: list[str]) -> Taker:
    names = tuple(params)

    def take(value: Any, found: Extract) -> None:
        found.tokens.append((names, None, "false" if value is False else "true"))

    return take


def _date(fhir_type: str, entries: tuple[list[str], list[str] | None]) -> Taker:
    names, ranks = tuple(entries[0]), entries[1]
    rank = int(ranks[0]) if ranks else None

    def take(value: Any, found: Extract) -> None:
        found.dates.append((names, rank, fhir_type, value))

    return take


def _string(fhir_type: str, params: list[str]) -> Taker:
    names, listed = tuple(params), texts(fhir_type)
    whole = fhir_type == "HumanName" and "name" in params

    def take(value: Any, found: Extract) -> None:
        for text in listed(value):
            found.strings.append((names, text))
        if whole:
            found.names.append(value)

    return take


def _uri(_: str, params: list[str]) -> Taker:
    names = tuple(params)

    def take(value: Any, found: Extract) -> None:
        if type(value) is not str:
            raise Broken
        found.uris.append((names, value))

    return take


def _quantity(fhir_type: str, params: list[str]) -> Taker:
    names = tuple(params)

    def take(value: Any, found: Extract) -> None:
        found.quantities.append((names, fhir_type, value))

    return take


def _position(_: str, params: list[str]) -> Taker:
    def take(value: Any, found: Extract) -> None:
        found.positions.append(value)

    return take


def _reference(fhir_type: str, params: list[tuple[str, str | None]]) -> Taker:
    if fhir_type == "Resource":
        return _inline(params)
    return _link(params) if fhir_type == "Reference" else _whole(params)


def _link(params: list[tuple[str, str | None]]) -> Taker:
    def take(value: Any, found: Extract) -> None:
        target = value.get("reference")
        if target is not None:
            _add_link(target, value, params, found)
        identifier = value.get("identifier")
        if identifier is not None and identifier.get("value") is not None:
            kind = type_of(target or "", value)
            # of what type a logical reference is need not be said: it may then be what the parameter wants
            unknown = kind is None and target is None
            names = tuple([param for param, only in params if only is None or unknown or kind == only])
            found.identifiers.append((names, identifier.get("system"), identifier["value"]))

    return take


def _whole(params: list[tuple[str, str | None]]) -> Taker:
    def take(value: Any, found: Extract) -> None:
        _add_link(value, None, params, found)

    return take


def _add_link(target: Any, value: Any, params: list[tuple[str, str | None]], found: Extract) -> None:
    if type(target) is not str:
        raise Broken
    if target[:1] == "#":
        return
    target = target.partition("/_history/")[0]
    for param, only in params:
        if only is None or only == type_of(target, value):
            found.links.append((param, target))


def _inline(params: list[tuple[str, str | None]]) -> Taker:
    def take(value: Any, found: Extract) -> None:
        kind, key = value.get("resourceType"), value.get("id")
        if type(kind) is str and type(key) is str:
            found.inline.extend([(param, f"{kind}/{key}") for param, only in params if kind == only])

    return take


_MAKERS: Final[Makers] = {
    "token": _token,
    "truth": _truth,
    "date": _date,
    "rank": lambda fhir_type, ranks: _date(fhir_type, ([], ranks)),
    "reference": _reference,
    "string": _string,
    "uri": _uri,
    "quantity": _quantity,
    "number": _quantity,
    "special": _position,
}
