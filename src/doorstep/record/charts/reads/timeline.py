"""The timeline: all resources of a resident, newest first, what has no date last.

A page ends where a day ends, unless one day is longer than a page: so that what belongs together stands together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import sql

from doorstep.kernel import ledger
from doorstep.kernel.act import ask
from doorstep.kernel.call import Call
from doorstep.kernel.clock import CHINA
from doorstep.kernel.paging import Page, Paged, cursor
from doorstep.record.charts import rules
from doorstep.record.charts.access import Permission
from doorstep.record.charts.reads import gather, rows
from doorstep.record.charts.reads.head import ALLERGIES, Chart, open_chart
from doorstep.record.charts.reads.results import instant
from doorstep.record.charts.shapes import Item, Narrowing, Timeline

ROWS: Final = 80
HEAD: Final = "head"
Place = tuple[datetime | None, str, str]

_LIGHT: Final = "SELECT at, id, type FROM ({parts}) every ORDER BY at DESC NULLS LAST, id, type LIMIT %(limit)s"
_PART: Final = (
    "SELECT {kind}::text AS type, n.id, n.at FROM unnest(%(mine)s::text[]) p CROSS JOIN LATERAL"
    " (SELECT id, at FROM {table} WHERE patient = p AND {where} AND {guard} ORDER BY at DESC, id LIMIT %(limit)s) n"
)
_BODY: Final = (
    "SELECT NULL::text AS mark, {kind}::text, id, patient, source, updated, at, body FROM {table}"
    " WHERE id = ANY(%({ids})s::text[]) AND NOT deleted AND {guard}"
)


@ask(Permission.READ, audits="charts.read_timeline")
def timeline(call: Call, *, resident: UUID, narrowing: Narrowing, page: Page) -> Timeline:
    """A page of the timeline; ``page.after`` is (time or "", id, type) of the last row seen."""
    chart = open_chart(call, resident)
    mine, types = chart.of(narrowing.institution), rules.types_of(narrowing.kind)
    places = _places(types, chart.asked | {"mine": mine}, narrowing, page) if mine and types else []
    kept = whole_days(places, ROWS)
    allergies, items = _items(chart, kept)
    after = cursor(*_written(kept[-1])) if len(kept) < len(places) else None
    return Timeline(chart.head(allergies), Paged(gather.days(rows.named(items)), after))


def _items(chart: Chart, places: Sequence[Place]) -> tuple[list[Item], list[Item]]:
    """The allergies of the head, and the resources at the places in their order; one query."""
    by_type: dict[str, list[str]] = {}
    for _at, key, kind in places:
        by_type.setdefault(kind, []).append(key)
    parts = [
        sql.SQL(_BODY).format(kind=sql.Literal(kind), table=ledger.table(kind), ids=sql.SQL(f"k{n}"), guard=rows.GUARD)
        for n, kind in enumerate(by_type)
    ]
    head = rows.bodies(ALLERGIES, rows.newest(ALLERGIES, 60))
    parts.append(sql.SQL("SELECT {mark}::text, h.* FROM ({head}) h").format(mark=sql.Literal(HEAD), head=head))
    values = chart.asked | {f"k{n}": keys for n, keys in enumerate(by_type.values())}
    found = rows.run(rows.union(parts), values)
    items = {(row[2], row[1]): rows.item(row[1:]) for row in found if row[0] != HEAD}
    allergies = [rows.item(row[1:]) for row in found if row[0] == HEAD]
    return allergies, [items[key, kind] for _at, key, kind in places if (key, kind) in items]


def whole_days(places: Sequence[Place], most: int) -> Sequence[Place]:
    """The first ``most`` of the places (newest first), without the day that they would break off."""
    if len(places) <= most:
        return places
    kept, over = places[:most], _day(places[most])
    return [place for place in kept if _day(place) != over] or kept


def _day(place: Place) -> object:
    return place[0].astimezone(CHINA).date() if place[0] is not None else None


def _written(place: Place) -> tuple[str, str, str]:
    return place[0].isoformat() if place[0] is not None else "", place[1], place[2]


def _places(types: tuple[str, ...], asked: dict[str, Any], narrowing: Narrowing, page: Page) -> list[Place]:
    """Where the next rows stand, one more than a page holds; what has no date is looked up when the dates run out."""
    values = asked | {"limit": ROWS + 1, "since": narrowing.since, "until": narrowing.until}
    dated = not page.after or bool(page.after[0])
    if page.after:
        values |= {"at": instant(page.after[0]) if dated else None, "id": page.after[1]}
    found = rows.run(_light(types, lambda kind: _dated(kind, narrowing, page)), values) if dated else []
    if len(found) <= ROWS and narrowing.since is None and narrowing.until is None:
        after = () if dated else page.after
        found += rows.run(_light(types, lambda kind: _undated(kind, after)), values | {"limit": ROWS + 1 - len(found)})
    return [(at, key, kind) for at, key, kind in found]


def _light(types: tuple[str, ...], bounds: Callable[[str], Iterable[str]]) -> sql.Composed:
    parts = [
        sql.SQL(_PART).format(kind=sql.Literal(kind), table=ledger.table(kind), where=sql.SQL(where), guard=rows.GUARD)
        for kind in types
        for where in bounds(kind)
    ]
    return sql.SQL(_LIGHT).format(parts=rows.union(parts))


def _dated(kind: str, narrowing: Narrowing, page: Page) -> Iterator[str]:
    """The ranges of the index of one type that this page may lie in; each is read in order and to its limit."""
    period = " AND at >= %(since)s" if narrowing.since else ""
    period += " AND at < %(until)s" if narrowing.until else ""
    if not page.after:
        yield f"at IS NOT NULL{period}"
        return
    yield f"at = %(at)s AND id {_over(kind, page.after)} %(id)s{period}"
    yield f"at < %(at)s{period}"


def _undated(kind: str, after: tuple[str, ...]) -> Iterator[str]:
    yield "at IS NULL" + (f" AND id {_over(kind, after)} %(id)s" if after else "")


def _over(kind: str, after: tuple[str, ...]) -> str:
    """Of equal times the ids decide, of equal ids the types."""
    return ">=" if kind > after[2] else ">"
