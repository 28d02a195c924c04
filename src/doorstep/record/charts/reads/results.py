"""Results: the newest of every code, and all values of one code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from psycopg import sql

from doorstep.fhir.indexing import token_hash
from doorstep.kernel.act import ask
from doorstep.kernel.call import Call
from doorstep.kernel.paging import BadCursor, Page, cut
from doorstep.record.charts.access import Permission
from doorstep.record.charts.reads import gather, rows
from doorstep.record.charts.reads.head import Chart, head_of, not_found, open_chart
from doorstep.record.charts.shapes import Item, Results, Series

KIND: Final = "Observation"
CODES: Final = 600
# Observations without a code are found by their words among the newest of each record.
WORDED: Final = 40
LISTED: Final = 120
DRAWN: Final = 120

_LATEST: Final = """
WITH RECURSIVE {walk},
newest AS (
  SELECT w.code, x.at, x.id FROM walk w CROSS JOIN LATERAL (
    SELECT at, id FROM {narrow} WHERE patient = w.patient AND code = w.code AND at IS NOT NULL AND {guard}
    ORDER BY at DESC, id LIMIT 1) x
  WHERE w.code IS NOT NULL),
one AS (SELECT DISTINCT ON (code) code, at, id FROM newest ORDER BY code, at DESC, id),
top AS (
  SELECT code FROM (SELECT DISTINCT ON (id) code, at, id FROM one ORDER BY id, code) once
  ORDER BY at DESC, id LIMIT %(codes)s),
chosen AS (
  SELECT t.code, x.id FROM top t CROSS JOIN LATERAL (
    SELECT y.at, y.id FROM unnest(%(patients)s::text[]) p CROSS JOIN LATERAL (
      SELECT at, id FROM {narrow} WHERE patient = p AND code = t.code AND at IS NOT NULL AND {guard}
      ORDER BY at DESC, id LIMIT %(each)s) y
    ORDER BY y.at DESC, y.id LIMIT %(each)s) x
  UNION ALL SELECT NULL, w.id FROM ({worded}) w)
SELECT k.code, {kind}::text, r.* FROM chosen k {whole}
"""


def groups(chart: Chart, *, codes: int, each: int) -> list[list[Item]]:
    """The newest ``each`` Observations of the ``codes`` codes that were measured last; one query."""
    query = sql.SQL(_LATEST).format(
        walk=rows.walk(KIND, CODES),
        narrow=rows.narrow(KIND),
        worded=rows.newest(KIND, WORDED),
        kind=sql.Literal(KIND),
        whole=rows.whole(KIND),
        guard=rows.GUARD,
    )
    found: dict[int | None, list[Item]] = {}
    for row in rows.run(query, chart.asked | {"codes": codes, "each": each}):
        found.setdefault(row[0], []).append(rows.item(row[1:]))
    worded = [item for item in found.pop(None, []) if not _codes(item)]
    return [*map(_alike, found.values()), *gather.grouped(worded, gather.name_of).values()]


def _alike(items: Sequence[Item]) -> list[Item]:
    """Those that carry the newest one's main code with its system: a bare code may mean another thing elsewhere."""
    key = gather.name_of(max(items, key=gather.moment))
    return [item for item in items if gather.name_of(item) == key or key in _codes(item)]


def _codes(item: Item) -> frozenset[str]:
    return frozenset(f"{c.system}|{c.code}" for c in item.reading.concept.codings if c.code)


@ask(Permission.READ, audits="charts.read_results")
def latest(call: Call, *, resident: UUID) -> Results:
    """The newest value of every code (at most 120, newest first)."""
    chart = open_chart(call, resident)
    found = gather.results(groups(chart, codes=LISTED + 1, each=6), call.at)
    return Results(head_of(chart), found[:LISTED], more=len(found) > LISTED)


@ask(Permission.READ, audits="charts.read_series")
def series(call: Call, *, resident: UUID, key: str, page: Page) -> Series:
    """All values of a code (``system|code``) or of words (``text:…``), newest first; the newest 120 as curves.

    ``Refused`` (not_found) where the chart has none.
    """
    chart = open_chart(call, resident)
    if key.startswith("text:"):
        fetched = rows.run(rows.bodies(KIND, rows.newest(KIND, 300)), chart.asked)
        listed = sorted(
            (i for i in map(rows.item, fetched) if gather.name_of(i) == key), key=gather.moment, reverse=True
        )
        drawn, after = listed, Page((), page.limit)
        listed = listed[: page.limit]
    else:
        drawn = _coded(chart, key, (), DRAWN)
        listed = _coded(chart, key, page.after, page.limit + 1) if page.after else drawn[: page.limit + 1]
        after = page
    if not drawn:
        raise not_found(KIND)
    last = listed[page.limit - 1] if len(listed) > page.limit else None
    place = (last.at.isoformat(), last.reading.id) if last is not None and last.at is not None else None
    return Series(head_of(chart), drawn[0].reading.title, gather.curves(drawn, DRAWN), cut(listed, after, place))


def _coded(chart: Chart, key: str, after: tuple[str, ...], limit: int) -> list[Item]:
    """Observations of a code, newest first, after a (time, id)."""
    system, _bar, code = key.rpartition("|")
    narrow = rows.narrow(KIND)
    parts = ["AND at IS NOT NULL"] if not after else ["AND at = %(at)s AND id > %(id)s", "AND at < %(at)s"]
    picked = rows.union(
        sql.SQL(
            "SELECT n.id, n.at FROM unnest(%(patients)s::text[]) p CROSS JOIN LATERAL (SELECT id, at FROM {narrow}"
            " WHERE patient = p AND code = %(code)s AND {guard} {part} ORDER BY at DESC, id LIMIT %(limit)s) n"
        ).format(narrow=narrow, part=sql.SQL(part), guard=rows.GUARD)
        for part in parts
    )
    query = sql.SQL(
        "SELECT {kind}::text, r.* FROM (SELECT id, at FROM ({picked}) every ORDER BY at DESC, id LIMIT %(limit)s) k"
        " {whole} ORDER BY k.at DESC, k.id"
    ).format(kind=sql.Literal(KIND), picked=picked, whole=rows.whole(KIND))
    values = chart.asked | {"code": token_hash("code", system, code), "limit": limit}
    if after:
        values |= {"at": instant(after[0]), "id": after[1]}
    return [rows.item(row) for row in rows.run(query, values)]


def instant(text: str) -> datetime:
    """The aware moment in a cursor, in UTC; ``BadCursor`` where it is none, or none that the database could hold."""
    try:
        found = datetime.fromisoformat(text)
        moment = found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadCursor(text[:40]) from None
    if found.tzinfo is None:
        raise BadCursor(text[:40])
    return moment
