"""Searches as answers: one type, a compartment, several types one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from doorstep.fhir.door.answers import bundle, note_entry, respond, search_entries, shape_of
from doorstep.fhir.door.asked import Asked
from doorstep.fhir.door.house import House, Seen
from doorstep.fhir.parameters import compartments, parameters
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import is_id
from doorstep.fhir.search import cursor, engine
from doorstep.fhir.search.query import Clause, InCompartment, Query, read_query, with_clauses
from doorstep.fhir.search.setting import Setting, Terms
from doorstep.fhir.search.walk import SCANNED, Context, Found, Hit
from doorstep.fhir.tables import known_types


def context_of(house: House, call: Any, base: str) -> Context:
    """Return what a search of this caller needs."""
    return Context(house.bounds(call), Setting(house.zone, base, Terms(house.definitions)), house.common, house.secret)


async def search_type(house: House, asked: Asked, type_name: str, clauses: Sequence[Clause] = ()) -> Response:
    """GET [type], POST [type]/_search, and the same within a compartment."""
    query = read_query(type_name, asked.pairs, strict=asked.strict)
    wanted = with_clauses(query, clauses) if clauses else query
    found = await house.run(asked.call, engine.run(context_of(house, asked.call, asked.base), wanted))
    await house.seen(asked.call, _seen(wanted, found))
    return respond(asked, searchset(asked, query, found))


def _seen(query: Query, found: Found) -> Seen:
    patients = dict.fromkeys(hit.patient for hit in (*found.hits, *found.included) if hit.patient is not None)
    return Seen("search", query.type, urlencode(query.pairs)[:500], tuple(patients), len(found.hits))


def searchset(asked: Asked, query: Query, found: Found) -> bytes:
    """Write the bundle of a search: links, matches, what comes with them, and notes."""
    links = [("self", _link(asked, query.pairs))]
    if found.next is not None:
        links.append(("next", _link(asked, [*query.pairs, ("_cursor", found.next)])))
    shape = shape_of(asked)
    entries = [*search_entries(found.hits, asked.base, shape), *search_entries(found.included, asked.base, shape)]
    notes = [FhirProblem("ignored-parameter", name, name=name, type=query.type) for name in query.ignored]
    if found.cut:
        notes.append(FhirProblem("includes-cut", limit=len(found.included)))
    if found.paused:
        notes.append(FhirProblem("page-scanned", limit=SCANNED))
    if notes:
        entries.append(note_entry(notes, asked.language))
    return bundle("searchset", entries, links=links, total=found.total)


def _link(asked: Asked, pairs: Sequence[tuple[str, str]]) -> str:
    path = "/".join(part for part in asked.path if part != "_search")
    shaped = [pair for pair in asked.pairs if pair[0] in ("_format", "_pretty")]
    query = urlencode([*pairs, *shaped])
    return f"{asked.base}{path}?{query}" if query else f"{asked.base}{path}"


def compartment(owner: str, ident: str, type_name: str) -> InCompartment:
    """Return the clause that keeps a search in a compartment; FhirProblem where there is no such compartment."""
    members = compartments().get(owner)
    if members is None:
        raise FhirProblem("no-such-type", type=owner)
    if type_name not in members and type_name != owner:
        raise FhirProblem("no-compartment", owner=owner, type=type_name)
    own = parameters(type_name)
    return InCompartment(type_name, f"{owner}/{ident}", tuple(own[c] for c in members.get(type_name, ()) if c in own))


async def search_compartment(house: House, asked: Asked, owner: str, ident: str, type_name: str) -> Response:
    """GET [compartment]/[id]/[type], or `*` for all types of the compartment."""
    if not is_id(ident):
        raise FhirProblem("not-found", what=f"{owner}/{ident}")
    if type_name != "*":
        if type_name not in known_types():
            raise FhirProblem("no-such-type", type=type_name)
        return await search_type(house, asked, type_name, [compartment(owner, ident, type_name)])
    members = compartments().get(owner)
    if members is None:
        raise FhirProblem("no-such-type", type=owner)
    return await search_types(house, asked, sorted({*members, owner}), owner=(owner, ident))


async def search_system(house: House, asked: Asked) -> Response:
    """GET [base]?_type=A,B: several types, one after the other."""
    said = asked.value("_type")
    kinds = sorted(set(said.split(","))) if said else sorted(known_types())
    unknown = [kind for kind in kinds if kind not in known_types()]
    if unknown:
        raise FhirProblem("no-such-type", type=unknown[0])
    return await search_types(house, asked, kinds)


async def search_types(
    house: House, asked: Asked, kinds: Sequence[str], owner: tuple[str, str] | None = None
) -> Response:
    """Search types one after the other, each in its own order, until the page is full."""
    own = [pair for pair in asked.pairs if pair[0] not in ("_type", "_cursor")]
    name = f"*{'/'.join(asked.path)}?{urlencode([p for p in asked.pairs if p[0] != '_cursor'])}"
    begun = asked.value("_cursor")
    at, inner = cursor.unseal(begun, name, house.secret) if begun else ("", "")
    whole = Found()
    query = Query("Resource")
    for kind in (kind for kind in kinds if kind >= at):
        query = read_query(kind, own, strict=asked.strict)
        room = query.count - len(whole.hits)
        if room <= 0:
            whole.next = cursor.seal([kind, ""], name, house.secret)
            break
        following = await _one_of_types(house, asked, replace(query, count=room, cursor=inner), owner, whole)
        inner = ""
        if following is not None:
            whole.next = cursor.seal([kind, following], name, house.secret)
            break
    await house.seen(asked.call, _seen(query, whole))
    shown = Query("Resource", pairs=tuple(p for p in asked.pairs if p[0] != "_cursor"), ignored=query.ignored)
    return respond(asked, searchset(asked, shown, whole))


async def _one_of_types(
    house: House, asked: Asked, query: Query, owner: tuple[str, str] | None, whole: Found
) -> str | None:
    """Add what one of several types gives; returns the cursor of its next page, if it has one."""
    clauses = [compartment(*owner, query.type)] if owner else []
    context = context_of(house, asked.call, asked.base)
    found = await house.run(asked.call, engine.run(context, with_clauses(query, clauses)))
    whole.hits += found.hits
    whole.included += found.included
    whole.cut = whole.cut or found.cut
    whole.paused = whole.paused or found.paused
    if found.total is not None:
        whole.total = (whole.total or 0) + found.total
    return found.next


def hits_bundle(asked: Asked, hits: Sequence[Hit], following: str | None = None) -> bytes:
    """Write a search set of hits that no query found, with a link to the next page where there is one."""
    mine = [pair for pair in asked.pairs if pair[0] != "_cursor"]
    links = [("self", _link(asked, mine))]
    if following is not None:
        links.append(("next", _link(asked, [*mine, ("_cursor", following)])))
    return bundle("searchset", search_entries(hits, asked.base, shape_of(asked)), links=links)
