"""Versions of resources, as steps over the ledger: one, all of one, all of a type, all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import zstandard

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search.bounds import Bounds
from doorstep.fhir.search.conditions import Sql
from doorstep.fhir.search.plan import Statement
from doorstep.fhir.search.walk import Steps
from doorstep.fhir.tables import known_types

_FIELDS: Final = "r.id, r.version, r.updated, r.deleted, r.body, NULL::bytea AS packed, r.patient"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a resource; a deleted one has no body worth showing."""

    type: str
    id: str
    version: int
    updated: datetime
    deleted: bool
    text: str
    patient: str | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a history: since when, as it stood when, after which mark, how many."""

    since: datetime | None = None
    at: tuple[datetime, datetime] | None = None
    mark: Sequence[Any] | None = None
    count: int = 50


def read(kind: str, ident: str, bounds: Bounds) -> Steps[Version | None]:
    """Return the version that holds now, also where it says that the resource is deleted."""
    out = Sql()
    where = " AND ".join([f"r.id = {out.arg(ident, 'text')}", *bounds.sql(kind, out)])
    sql = f"SELECT {_FIELDS} FROM fhir_{kind.lower()} r WHERE {where}"
    rows = yield Statement(sql, tuple(out.params))
    return _version(kind, rows[0]) if rows else None


def read_version(kind: str, ident: str, number: int, bounds: Bounds) -> Steps[Version | None]:
    """Return one version."""
    now = yield from read(kind, ident, bounds)
    if now is None or now.version == number:
        return now
    _demand_past(kind, bounds)
    out = Sql()
    tests = [f"p.type = {out.arg(kind, 'text')}", f"p.id = {out.arg(ident, 'text')}"]
    tests += [f"p.version = {out.arg(number, 'int4')}", *_guard([kind], bounds, out)]
    rows = yield Statement(
        "SELECT p.id, p.version, p.updated, p.deleted, NULL::text, p.body, NULL::text FROM fhir_past p"
        f" WHERE {' AND '.join(tests)}",
        tuple(out.params),
    )
    return _version(kind, rows[0]) if rows else None


def history_of_one(kind: str, ident: str, part: Slice, bounds: Bounds) -> Steps[list[Version]]:
    """Return the versions of a resource, newest first; none where it never was. At most `count` + 1."""
    now = yield from read(kind, ident, bounds)
    if now is None:
        return []
    _demand_past(kind, bounds)
    out = Sql()
    tests = [f"p.type = {out.arg(kind, 'text')}", f"p.id = {out.arg(ident, 'text')}", *_window("p", part, out)]
    tests += [*_standing(kind, part, out), *_guard([kind], bounds, out)]
    if part.mark is not None:
        tests.append(f"p.version < {out.arg(part.mark[2], 'int4')}")
    sql = (
        "SELECT p.id, p.version, p.updated, p.deleted, NULL::text, p.body, NULL::text FROM fhir_past p"
        f" WHERE {' AND '.join(tests)} ORDER BY p.version DESC LIMIT {part.count + 1}"
    )
    rows = yield Statement(sql, tuple(out.params))
    first = [now] if part.mark is None and _within(now, part) else []
    return [*first, *(_version(kind, row) for row in rows)][: part.count + 1]


def _demand_past(kind: str, bounds: Bounds) -> None:
    if not bounds.knows_past(kind):
        raise FhirProblem("scope-history", type=kind)


def _within(version: Version, part: Slice) -> bool:
    if part.since is not None and version.updated < part.since:
        return False
    return part.at is None or version.updated < part.at[1]


def history_of_many(kinds: Sequence[str], part: Slice, bounds: Bounds) -> Steps[list[Version]]:
    """Return versions of all resources of some types, newest first; at most `count` + 1."""
    kinds = [kind for kind in kinds if bounds.ways is None or bounds.ways_to(kind)]
    for kind in kinds:
        _demand_past(kind, bounds)
    if not kinds:
        return []
    out = Sql()
    parts = [_current(kind, part, bounds, out) for kind in kinds]
    # what stood at a time must be asked type by type: the version after a past one may be the one that holds now
    parts += [_past([kind], part, bounds, out) for kind in kinds] if part.at else [_past(kinds, part, bounds, out)]
    sql = (
        f"SELECT * FROM ({' UNION ALL '.join(parts)}) u(kind, id, version, updated, deleted, body, packed, patient)"
        f" ORDER BY updated DESC, id DESC, version DESC LIMIT {part.count + 1}"
    )
    rows = yield Statement(sql, tuple(out.params))
    return [_version(row[0], row[1:]) for row in rows]


def _current(kind: str, part: Slice, bounds: Bounds, out: Sql) -> str:
    tests = [*bounds.sql(kind, out), *_window("r", part, out), *_after("r", part, out)] or ["TRUE"]
    return (
        f"(SELECT '{kind}'::text, {_FIELDS} FROM fhir_{kind.lower()} r WHERE {' AND '.join(tests)}"
        f" ORDER BY r.updated DESC, r.id DESC LIMIT {part.count + 1})"
    )


def _past(kinds: Sequence[str], part: Slice, bounds: Bounds, out: Sql) -> str:
    tests = [*_window("p", part, out), *_after("p", part, out)]
    if len(kinds) < len(known_types()):
        tests.append(f"p.type = ANY({out.arg(list(kinds), 'text[]')})")
    if part.at is not None:
        tests += _standing(kinds[0], part, out)
    if bounds.sources is not None:
        sources, shared = out.arg(list(bounds.sources), "uuid[]"), out.arg(sorted(bounds.open), "text[]")
        tests.append(f"(p.source = ANY({sources}) OR p.type = ANY({shared}))")
    tests += _guard(kinds, bounds, out)
    return (
        "(SELECT p.type, p.id, p.version, p.updated, p.deleted, NULL::text, p.body, NULL::text FROM fhir_past p"
        f" WHERE {' AND '.join(tests or ['TRUE'])}"
        f" ORDER BY p.updated DESC, p.id DESC, p.version DESC LIMIT {part.count + 1})"
    )


def _guard(kinds: Sequence[str], bounds: Bounds, out: Sql) -> list[str]:
    """Keep back past versions that are sensitive; of the open types nothing is."""
    kept = bounds.guard(out, "p")
    if not kept or bounds.open.isdisjoint(kinds):
        return kept
    return [f"({kept[0]} OR p.type = ANY({out.arg(sorted(bounds.open), 'text[]')}))"]


def _window(alias: str, part: Slice, out: Sql) -> list[str]:
    tests = []
    if part.since is not None:
        tests.append(f"{alias}.updated >= {out.arg(part.since, 'timestamptz')}")
    if part.at is not None:
        tests.append(f"{alias}.updated < {out.arg(part.at[1], 'timestamptz')}")
    return tests


def _standing(kind: str, part: Slice, out: Sql) -> list[str]:
    """Keep past versions of a type that were not yet replaced when the time that `_at` gives began."""
    if part.at is None:
        return []
    begin = out.arg(part.at[0], "timestamptz")
    return [
        f"NOT EXISTS (SELECT 1 FROM {table} n WHERE {own}n.id = p.id AND n.version = p.version + 1"
        f" AND n.updated <= {begin})"
        for table, own in (("fhir_past", "n.type = p.type AND "), (f"fhir_{kind.lower()}", ""))
    ]


def _after(alias: str, part: Slice, out: Sql) -> list[str]:
    if part.mark is None:
        return []
    updated, ident, version = part.mark
    mark = f"({out.arg(updated, 'timestamptz')}, {out.arg(ident, 'text')}, {out.arg(version, 'int4')})"
    return [f"({alias}.updated, {alias}.id, {alias}.version) < {mark}"]


def with_meta(kinds: Sequence[str], bounds: Bounds) -> Steps[list[str]]:
    """Return the texts of at most 10,000 resources of some types that have a meta of their own."""
    out = Sql()
    parts = []
    for kind in kinds:
        where = " AND ".join(["NOT r.deleted", "position('\"meta\":' in r.body) > 0", *bounds.sql(kind, out)])
        parts.append(f"(SELECT r.body FROM fhir_{kind.lower()} r WHERE {where} LIMIT 10000)")
    rows = yield Statement(f"SELECT body FROM ({' UNION ALL '.join(parts)}) u LIMIT 10000", tuple(out.params))
    return [row[0] for row in rows]


def _version(kind: str, row: Sequence[Any]) -> Version:
    ident, version, updated, deleted, text, packed, patient = row
    if text is None:
        text = zstandard.ZstdDecompressor().decompress(bytes(packed)).decode()
    return Version(kind, ident, version, updated, deleted, text, patient)
