"""Reads as answers: a resource, one of its versions, histories."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from starlette.responses import Response

from doorstep.fhir.dates import interval
from doorstep.fhir.door import versions
from doorstep.fhir.door.answers import bundle, history_entry, one, respond
from doorstep.fhir.door.asked import Asked
from doorstep.fhir.door.house import House, Seen, demand_found
from doorstep.fhir.door.versions import Slice, Version
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import is_id
from doorstep.fhir.search import cursor
from doorstep.fhir.tables import known_types


async def read(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """GET [type]/[id]."""
    what = f"{kind}/{ident}"
    if not is_id(ident):
        raise FhirProblem("not-found", what=what)
    found = await house.run(asked.call, versions.read(kind, ident, house.bounds(asked.call)))
    await house.seen(asked.call, _seen("read", kind, ident, found))
    return one(asked, found, what)


async def current(house: House, asked: Asked, kind: str, ident: str) -> Version:
    """Return the version that holds now of what must be there; FhirProblem where it is not, or is deleted."""
    what = f"{kind}/{ident}"
    if not is_id(ident):
        raise FhirProblem("not-found", what=what)
    found = await house.run(asked.call, versions.read(kind, ident, house.bounds(asked.call)))
    version = demand_found(found, what)
    if version.deleted:
        raise FhirProblem("gone", what=what)
    return version


async def vread(house: House, asked: Asked, kind: str, ident: str, version: str) -> Response:
    """GET [type]/[id]/_history/[vid]."""
    what = f"{kind}/{ident}/_history/{version}"
    number = int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else 0
    if not is_id(ident) or not number:
        raise FhirProblem("not-found", what=what)
    steps = versions.read_version(kind, ident, number, house.bounds(asked.call))
    found = await house.run(asked.call, steps)
    await house.seen(asked.call, _seen("vread", kind, ident, found))
    return one(asked, found, what)


def _seen(what: str, kind: str, ident: str, found: Version | None) -> Seen:
    patient = found.patient if found is not None else None
    return Seen(what, kind, ident, (patient,) if patient else (), 1 if found is not None else 0)


async def history(house: House, asked: Asked, kind: str | None, ident: str | None) -> Response:
    """GET [type]/[id]/_history, [type]/_history, _history: newest first, page by page."""
    name = f"{'/'.join(asked.path)}?{urlencode([p for p in asked.pairs if p[0] != '_cursor'])}"
    part = _slice(house, asked, name)
    found = await _versions(house, asked, kind, ident, part)
    patients = tuple(dict.fromkeys(v.patient for v in found if v.patient))
    await house.seen(asked.call, Seen("history", kind or "", ident or "", patients, len(found)))
    shown = found[: part.count]
    pairs = [p for p in asked.pairs if p[0] != "_cursor"]
    links = [("self", _link(asked, pairs))]
    if len(found) > part.count:
        last = shown[-1]
        mark = cursor.seal([last.updated, last.id, last.version], name, house.secret)
        links.append(("next", _link(asked, [*pairs, ("_cursor", mark)])))
    whole = ident is not None and len(found) <= part.count and part.mark is None
    total = len(shown) if whole else None
    return respond(asked, bundle("history", (history_entry(v, asked.base) for v in shown), links=links, total=total))


async def _versions(house: House, asked: Asked, kind: str | None, ident: str | None, part: Slice) -> list[Version]:
    bounds = house.bounds(asked.call)
    if kind is None or ident is None:
        kinds = [kind] if kind is not None else _types(asked)
        return await house.run(asked.call, versions.history_of_many(kinds, part, bounds))
    found = []
    if is_id(ident):
        found = await house.run(asked.call, versions.history_of_one(kind, ident, part, bounds))
    if not found and part == Slice(count=part.count):
        raise FhirProblem("not-found", what=f"{kind}/{ident}")
    return found


def _link(asked: Asked, pairs: list[tuple[str, str]]) -> str:
    query = urlencode(pairs)
    return asked.base + "/".join(asked.path) + (f"?{query}" if query else "")


def _types(asked: Asked) -> list[str]:
    said = asked.value("_type")
    kinds = sorted(set(said.split(","))) if said else sorted(known_types())
    for kind in kinds:
        if kind not in known_types():
            raise FhirProblem("no-such-type", type=kind)
    return kinds


def _slice(house: House, asked: Asked, name: str) -> Slice:
    count = asked.value("_count") or "50"
    if not (count.isascii() and count.isdecimal() and len(count) < 6):
        raise FhirProblem("bad-search-value", "_count", value=count, kind="number")
    sealed = asked.value("_cursor")
    return Slice(
        since=_moment(house, asked, "_since"),
        at=_interval(house, asked, "_at"),
        mark=cursor.unseal(sealed, name, house.secret) if sealed else None,
        count=max(1, min(int(count), 1000)),
    )


def _interval(house: House, asked: Asked, name: str) -> tuple[datetime, datetime] | None:
    value = asked.value(name)
    if not value:
        return None
    found = interval(value.replace(" ", "+"), house.zone)
    if found is None:
        raise FhirProblem("bad-search-value", name, value=value, kind="instant")
    return found


def _moment(house: House, asked: Asked, name: str) -> datetime | None:
    found = _interval(house, asked, name)
    return found[0] if found is not None else None
