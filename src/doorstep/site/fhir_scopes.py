"""What the token of an app lets through at the door (SMART App Launch 2.2, scopes): asked of every interaction.

A key of a source system carries no grant, and passes. What scopes cannot be held to is refused in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

import orjson

from doorstep.fhir.bundle import Item, read_bundle
from doorstep.fhir.door.house import ExportWish
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search.bounds import Reach
from doorstep.fhir.smart import LEVELS, Opened, opened
from doorstep.fhir.tables import known_types, table
from doorstep.fhir.write import Write
from doorstep.kernel.call import Call, Grant
from doorstep.kernel.fhir_search import narrowing

_CHANGES: Final = frozenset("cud")
_NEEDS: Final = {"POST": "c", "PUT": "u", "PATCH": "ru", "DELETE": "d"}
_PLAIN: Final = re.compile(r"(?!_list|_filter|_has)_?[a-z][A-Za-z-]*(:[A-Za-z-]+)?")
"""A parameter of a condition that asks of nothing but the resource itself."""
_CONDITIONAL: Final = re.compile(r"([A-Z][A-Za-z]+)\?(.*)", re.DOTALL)
Ways = tuple[Reach, ...]


def permit(call: Call, kind: str, letters: str) -> Call:
    """The call as it may do an interaction with a type ("": with any); one who writes needs the whole type."""
    if call.grant is None:
        return call
    _demand(call.grant, kind, letters)
    return replace(call, grant=replace(call.grant, letters=letters))


def _demand(grant: Grant, kind: str, letters: str) -> None:
    changes = bool(_CHANGES & set(letters))
    found = (each for level, each in _levels(grant, letters) if not (changes and level == "patient"))
    if not any(each.whole(kind) if changes else each.holds(kind) for each in found):
        raise FhirProblem("scope-missing", scope=f"{kind or '*'}.{letters}")


def _levels(grant: Grant, letters: str) -> Iterator[tuple[str, Opened]]:
    for level in LEVELS:
        if level != "patient" or grant.patients:
            yield level, opened(grant.scopes, level, letters)


def ways(call: Call, sources: tuple[UUID, ...] | None) -> Ways | None:
    """The ways in that the token opens for the interaction under way; None for a call without one.

    Each lies within what the caller's own institution sent, but for the person in context where they may be read whole.
    """
    grant = call.grant
    if grant is None:
        return None
    if not grant.letters:
        return ()  # nothing was asked of the token: nothing is shown
    return tuple(
        way
        for level, found in _levels(grant, grant.letters)
        for part in _parts(found, grant.letters)
        for way in _reaches(level, part, sources, grant)
    )


def _parts(found: Opened, letters: str) -> Iterator[Reach]:
    if found.types is None or found.types:
        yield Reach(found.types)
    if not _CHANGES & set(letters):
        for kind, query in found.parts:
            yield Reach(frozenset({kind}), where=narrowing(kind, query))


def _reaches(level: str, part: Reach, sources: tuple[UUID, ...] | None, grant: Grant) -> Iterator[Reach]:
    person = replace(part, sources=None if grant.whole else sources, patients=grant.patients)
    if level == "patient":
        yield person
        return
    yield replace(part, sources=sources)
    if level == "user" and grant.whole and grant.patients:
        yield person


def demand_write(call: Call, write: Write) -> None:
    """FhirProblem where a single write asks, by a condition, more than the token lets be searched."""
    if call.grant is not None:
        queries = [query for query in (write.query, write.if_none_exist) if query]
        _demand_asked(call.grant, write.type, queries, write.resource or _read(write.body))


def demand_bundle(call: Call, body: bytes) -> None:
    """FhirProblem where an entry of a bundle would write what the token does not allow; reads are asked one by one."""
    if call.grant is not None:
        for item in read_bundle(body).items:
            if item.method in _NEEDS and item.problem is None:
                _demand_item(call.grant, item)


def _demand_item(grant: Grant, item: Item) -> None:
    queries = [query for query in (item.query, item.if_none_exist) if query]
    _demand(grant, item.type, _NEEDS[item.method] + "s" * bool(queries))
    _demand_asked(grant, item.type, queries, item.resource)


def _demand_asked(grant: Grant, kind: str, queries: Sequence[str], resource: Any) -> None:
    asked = [(kind, query) for query in queries]
    asked += [(match[1], match[2]) for text in _strings(resource) if (match := _CONDITIONAL.fullmatch(text))]
    for wanted, query in asked:
        if wanted not in known_types():
            continue
        # a condition says whether something is there: it is a search, and over links one of any type
        plain = all(_PLAIN.fullmatch(name) for name, _ in parse_qsl(query, keep_blank_values=True))
        if not any(each.whole(wanted if plain else "") for _, each in _levels(_without_person(grant), "s")):
            raise FhirProblem("scope-condition", query=f"{wanted}?{query}")


def _without_person(grant: Grant) -> Grant:
    """The token's scopes but those of one patient: what is written is matched within the whole institution."""
    return replace(grant, patients=())


def _read(body: bytes) -> Any:
    return orjson.loads(body) if body else {}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def export(call: Call, wish: ExportWish) -> ExportWish:
    """The export as far as the token goes: by system scopes alone, of types that are opened whole."""
    if call.grant is None:
        return wish
    found = opened(call.grant.scopes, "system", "rs")
    if found.types is None:
        return wish
    wanted = [*(wish.types or ([] if found.types else [""])), *([] if wish.group is None else ["Group"])]
    if missing := [kind for kind in wanted if not found.whole(kind)]:
        raise FhirProblem("scope-missing", scope=f"system/{missing[0] or '*'}.rs")
    _demand_plain(wish.filters)
    return wish if wish.types else replace(wish, types=_exported(found.types, wish.level))


def _demand_plain(filters: Iterable[str]) -> None:
    for said in filters:
        pairs = parse_qsl(said.partition("?")[2], keep_blank_values=True)
        if not all(_PLAIN.fullmatch(name) for name, _ in pairs):
            raise FhirProblem("scope-condition", query=said)


def _exported(types: Iterable[str], level: str) -> tuple[str, ...]:
    """All types of the token; of an export of patients those that are about one."""
    whole = level == "system"
    return tuple(sorted(kind for kind in types if whole or kind == "Patient" or table(kind).patient))


def demand_file(call: Call, name: str) -> None:
    """FhirProblem where a file of an export holds a type that the token does not open."""
    if call.grant is not None:
        kind = name.partition(".")[0].partition("-")[0].partition("_")[0]
        if not opened(call.grant.scopes, "system", "rs").whole(kind):
            raise FhirProblem("scope-missing", scope=f"system/{kind}.rs")
