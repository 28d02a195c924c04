"""Whole records and the newest of each code, as steps: `$everything` and `$lastn`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from doorstep.fhir.parameters import compartments, parameters
from doorstep.fhir.references import references
from doorstep.fhir.search.bounds import Bounds
from doorstep.fhir.search.conditions import Condition, Sql, either
from doorstep.fhir.search.leaves import refers
from doorstep.fhir.search.plan import Statement
from doorstep.fhir.search.walk import Hit, Steps
from doorstep.fhir.tables import known_types, table

MOST: Final = 10_000
"""How many resources of a record come in one answer; more come page by page."""
_RELATIVE: Final = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")


@dataclass(frozen=True, slots=True)
class Wish:
    """Which part of a record: types (none: all), clinical dates from and to, changed since, after which mark."""

    types: frozenset[str] = frozenset()
    start: datetime | None = None
    end: datetime | None = None
    since: datetime | None = None
    mark: Sequence[Any] | None = None
    count: int = MOST


def patient_record(ident: str, wish: Wish, bounds: Bounds) -> Steps[list[Hit]]:
    """Return a patient's own resource and all that is about them, by type and id; at most `count` + 1."""
    kinds = sorted(k for k in known_types() if k == "Patient" or table(k).patient is not None)
    out = Sql()
    parts = [
        _part(kind, f"r.patient = {out.arg(ident, 'text')}", wish, bounds, out)
        for kind in kinds
        if not wish.types or kind in wish.types
    ]
    return (yield from _gathered(parts, wish, out))


def encounter_record(ident: str, wish: Wish, bounds: Bounds) -> Steps[list[Hit]]:
    """Return an encounter and all that refers to it by its compartment; at most `count` + 1."""
    members = compartments()["Encounter"]
    out = Sql()
    parts = [_part("Encounter", f"r.id = {out.arg(ident, 'text')}", wish, bounds, out)]
    for kind in sorted(members):
        params = [parameters(kind)[code] for code in members[kind] if code in parameters(kind)]
        if params and kind != "Encounter" and (not wish.types or kind in wish.types):
            linked: Condition = either([refers(kind, param, [f"Encounter/{ident}"]) for param in params])
            parts.append(_part(kind, linked.sql(out, loose=False), wish, bounds, out))
    return (yield from _gathered(parts, wish, out))


def _part(kind: str, test: str, wish: Wish, bounds: Bounds, out: Sql) -> str:
    tests = ["NOT r.deleted", test, *bounds.sql(kind, out)]
    if wish.since is not None:
        tests.append(f"r.updated >= {out.arg(wish.since, 'timestamptz')}")
    if wish.start is not None:
        tests.append(f"(r.at IS NULL OR r.at_end IS NULL OR r.at_end > {out.arg(wish.start, 'timestamptz')})")
    if wish.end is not None:
        tests.append(f"(r.at IS NULL OR r.at < {out.arg(wish.end, 'timestamptz')})")
    if wish.mark is not None:
        if kind < wish.mark[0]:
            tests.append("FALSE")
        elif kind == wish.mark[0]:
            tests.append(f"r.id > {out.arg(wish.mark[1], 'text')}")
    where = " AND ".join(tests)
    return (
        f"(SELECT '{kind}'::text AS kind, r.id, r.version, r.updated, r.body, r.patient"
        f" FROM fhir_{kind.lower()} r WHERE {where})"
    )


def _gathered(parts: Sequence[str], wish: Wish, out: Sql) -> Steps[list[Hit]]:
    sql = f"SELECT * FROM ({' UNION ALL '.join(parts)}) u ORDER BY kind, id LIMIT {wish.count + 1}"
    rows = yield Statement(sql, tuple(out.params))
    return [Hit(*row) for row in rows]


def supporting(hits: Sequence[Hit], bounds: Bounds, *, subjects: bool = False) -> Steps[list[Hit]]:
    """Return what the resources of a record refer to and is not about a person: who, where, which medicine.

    With `subjects` the patients too whom the resources are about.
    """
    there = {(hit.type, hit.id) for hit in hits}
    wanted: dict[str, dict[str, None]] = {}
    for kind, ident in _outside(hits, there, subjects):
        wanted.setdefault(kind, {})[ident] = None
    found: list[Hit] = []
    for kind, ids in sorted(wanted.items()):
        out = Sql()
        tests = [f"r.id = ANY({out.arg(list(ids)[:MOST], 'text[]')})", "NOT r.deleted", *bounds.sql(kind, out)]
        rows = yield Statement(
            f"SELECT '{kind}'::text, r.id, r.version, r.updated, r.body, r.patient FROM fhir_{kind.lower()} r"
            f" WHERE {' AND '.join(tests)}",
            tuple(out.params),
        )
        found += [Hit(*row)._replace(mode="include") for row in rows]
    return found


def _outside(hits: Iterable[Hit], there: set[tuple[str, str]], subjects: bool) -> Iterable[tuple[str, str]]:
    for hit in hits:
        for reference in references(hit.body.encode()):
            match = _RELATIVE.match(reference)
            if match is None or match[1] not in known_types() or (match[1], match[2]) in there:
                continue
            person = match[1] == "Patient" or table(match[1]).patient is not None
            if not person or (subjects and match[1] == "Patient" and match[2] == hit.patient):
                yield match[1], match[2]


def last_of_each_code(conditions: Sequence[Condition], bounds: Bounds, most: int, limit: int) -> Steps[list[Hit]]:
    """Return the newest `most` Observations of each code among those that fit (R4, observation-operation-lastn)."""
    out = Sql()
    where = " AND ".join(
        ["NOT r.deleted", *bounds.sql("Observation", out), *(each.sql(out, loose=True) for each in conditions)]
    )
    ranked = (
        "SELECT c.id, row_number() OVER (PARTITION BY c.code ORDER BY c.at DESC NULLS LAST, c.id) AS n"
        f" FROM fhir_observation_code c JOIN fhir_observation r ON r.id = c.id AND r.patient = c.patient WHERE {where}"
    )
    sql = (
        "SELECT 'Observation'::text, b.id, b.version, b.updated, b.body, b.patient FROM fhir_observation b"
        f" WHERE b.id IN (SELECT id FROM ({ranked}) q WHERE n <= {most})"
        f" ORDER BY b.at DESC NULLS LAST, b.id LIMIT {limit}"
    )
    rows = yield Statement(sql, tuple(out.params))
    return [Hit(*row) for row in rows]
