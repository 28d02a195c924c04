"""Whole records as answers: `$everything` of a patient, an encounter, a group, and `$lastn`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.responses import Response

from doorstep.fhir.dates import interval
from doorstep.fhir.door import records
from doorstep.fhir.door.answers import respond
from doorstep.fhir.door.asked import Asked
from doorstep.fhir.door.house import House, Seen
from doorstep.fhir.door.reading import current
from doorstep.fhir.door.records import Wish
from doorstep.fhir.door.searching import context_of, hits_bundle
from doorstep.fhir.parameters_resource import Inputs
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search import cursor
from doorstep.fhir.search.query import Query, read_query
from doorstep.fhir.search.resolve import resolve
from doorstep.fhir.search.walk import Hit
from doorstep.fhir.tables import known_types


async def patient_everything(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Patient/[id]/$everything: the patient and all that is about them, with what it refers to."""
    await current(house, asked, kind, ident)
    return await _record(house, asked, ident, records.patient_record)


async def encounter_everything(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Encounter/[id]/$everything."""
    await current(house, asked, kind, ident)
    return await _record(house, asked, ident, records.encounter_record)


async def _record(house: House, asked: Asked, ident: str, steps: Any) -> Response:
    wish, name = _wish(house, asked, await asked.inputs())
    bounds = house.bounds(asked.call)
    hits: list[Hit] = await house.run(asked.call, steps(ident, wish, bounds))
    shown = hits[: wish.count]
    following = None
    if len(hits) > wish.count:
        following = cursor.seal([shown[-1].type, shown[-1].id], name, house.secret)
    if not wish.types:
        subjects = steps is records.encounter_record  # an encounter is not understood without its patient
        shown = [*shown, *await house.run(asked.call, records.supporting(shown, bounds, subjects=subjects))]
    patients = tuple(dict.fromkeys(hit.patient for hit in shown if hit.patient))
    await house.seen(asked.call, Seen("everything", asked.path[0], ident, patients, len(shown)))
    return respond(asked, hits_bundle(asked, shown, following))


def _wish(house: House, asked: Asked, inputs: Inputs) -> tuple[Wish, str]:
    name = f"{'/'.join(asked.path)}?{urlencode([p for p in asked.pairs if p[0] != '_cursor'])}"
    types = frozenset(t for said in inputs.all("_type", "code") for t in said.split(",") if t)
    for kind in types:
        if kind not in known_types():
            raise FhirProblem("no-such-type", type=kind)
    count = inputs.maybe("_count", "integer")
    sealed = asked.value("_cursor")
    wish = Wish(
        types=types,
        start=_bound(house, inputs, "start", 0),
        end=_bound(house, inputs, "end", 1),
        since=_bound(house, inputs, "_since", 0),
        mark=cursor.unseal(sealed, name, house.secret) if sealed else None,
        count=max(1, min(count, records.MOST)) if count is not None else records.MOST,
    )
    return wish, name


def _bound(house: House, inputs: Inputs, name: str, side: int) -> datetime | None:
    value = inputs.maybe(name, "instant" if name == "_since" else "date")
    found = interval(value, house.zone) if value is not None else None
    return found[side] if found is not None else None


async def group_everything(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Group/[id]/$everything: the group, and the records of its members one after the other."""
    group = await current(house, asked, kind, ident)
    wish, name = _wish(house, asked, await asked.inputs())
    bounds = house.bounds(asked.call)
    members = _members(orjson.loads(group.text))
    at, inner = (wish.mark[0], wish.mark[1]) if wish.mark is not None else (0, None)
    hits = [Hit(kind, group.id, group.version, group.updated, group.text, None)] if wish.mark is None else []
    following: list[Any] | None = None
    for place in range(at, len(members)):
        room = wish.count - len(hits)
        if room <= 0:
            following = [place, None]
            break
        part = replace(wish, mark=inner, count=room)
        found: list[Hit] = await house.run(asked.call, records.patient_record(members[place], part, bounds))
        hits += found[:room]
        inner = None
        if len(found) > room:
            following = [place, [hits[-1].type, hits[-1].id]]
            break
    shown = [*hits, *await house.run(asked.call, records.supporting(hits, bounds))]
    await house.seen(asked.call, Seen("everything", kind, ident, tuple(members), len(shown)))
    return respond(asked, hits_bundle(asked, shown, cursor.seal(following, name, house.secret) if following else None))


def _members(group: Mapping[str, Any]) -> list[str]:
    entities = [
        each.get("entity", {}).get("reference", "") for each in group.get("member", ()) if not each.get("inactive")
    ]
    return [each.partition("/")[2].partition("/")[0] for each in entities if each.startswith("Patient/")]


async def lastn(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Observation/$lastn: the newest observations of each code of a patient."""
    pairs = asked.pairs
    if asked.request.method == "POST":
        pairs = [(each.name, str(each.value)) for each in (await asked.inputs()).given]
    most, query = _last_wish(pairs)
    context = context_of(house, asked.call, asked.base)
    resolved = await house.run(asked.call, resolve(context, "Observation", query.where))
    if resolved.checks:
        leaf = resolved.checks[0]
        raise FhirProblem("bad-modifier", leaf.place, modifier=leaf.modifier, name="$lastn")
    steps = records.last_of_each_code(resolved.conditions, context.bounds, most, records.MOST)
    hits = await house.run(asked.call, steps)
    patients = tuple(dict.fromkeys(hit.patient for hit in hits if hit.patient))
    await house.seen(asked.call, Seen("lastn", "Observation", urlencode(query.pairs)[:500], patients, len(hits)))
    return respond(asked, hits_bundle(asked, hits))


def _last_wish(pairs: Sequence[tuple[str, str]]) -> tuple[int, Query]:
    """How many of each code, and of which observations; they must be a patient's (R4: "patient or subject")."""
    most = next((value for name, value in pairs if name == "max"), "1")
    if not (most.isascii() and most.isdecimal() and 0 < len(most) < 4 and int(most)):
        raise FhirProblem("bad-search-value", "max", value=most, kind="positiveInt")
    query = read_query("Observation", [p for p in pairs if p[0] != "max"], strict=True)
    if not any(name.partition(":")[0] in ("patient", "subject") for name, _ in query.pairs):
        raise FhirProblem("parameter-missing", "Parameters", name="patient")
    return int(most), query
