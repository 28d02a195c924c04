"""The timeline: all resources of a resident, newest first, what has no date last; one query a page.

A page ends where a day ends, unless one day is longer than a page: so that what belongs together stands together.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from doorstep.record.charts.reads.head import ALLERGIES, open_chart
from doorstep.record.charts.reads.results import instant
from doorstep.record.charts.shapes import Item, Narrowing, Timeline

ROWS: Final = 80
HEAD: Final = "head"

_NEWEST: Final = (
    "WITH light AS MATERIALIZED (SELECT * FROM ({parts}) every ORDER BY at DESC NULLS LAST, id, type LIMIT %(limit)s) "
)
_PART: Final = (
    "SELECT {kind}::text AS type, n.id, n.at FROM unnest(%(mine)s::text[]) p CROSS JOIN LATERAL"
    " (SELECT id, at FROM {table} WHERE patient = p AND {where} ORDER BY at DESC, id LIMIT %(limit)s) n"
)
_BODY: Final = (
    "SELECT NULL::text, {kind}::text, r.id, r.patient, r.source, r.updated, r.at, r.body"
    " FROM light l JOIN {table} r ON r.id = l.id AND NOT r.deleted WHERE l.type = {kind}"
)


@ask(Permission.READ, audits="charts.read_timeline")
def timeline(call: Call, *, resident: UUID, narrowing: Narrowing, page: Page) -> Timeline:
    """A page of the timeline; ``page.after`` is (time or "", id, type) of the last row seen."""
    chart = open_chart(call, resident)
    types = rules.types_of(narrowing.kind)
    values = _values(chart.patients, chart.of(narrowing.institution), narrowing, page)
    found = rows.run(_query(types, narrowing, page), values)
    allergies = [rows.item(row[1:]) for row in found if row[0] == HEAD]
    listed = sorted((rows.item(row[1:]) for row in found if row[0] != HEAD), key=_id)
    listed.sort(key=gather.indexed, reverse=True)
    kept = whole_days(listed, ROWS)
    after = cursor(*_place(kept[-1])) if len(kept) < len(listed) else None
    return Timeline(chart.head(allergies), Paged(gather.days(rows.named(kept)), after))


def whole_days(items: list[Item], most: int) -> list[Item]:
    """The first ``most`` of the items (newest first), without the day that they would break off; all where they fit."""
    if len(items) <= most:
        return items
    kept, over = items[:most], _day(items[most])
    whole = [item for item in kept if _day(item) != over]
    return whole or kept


def _day(item: Item) -> object:
    return item.at.astimezone(CHINA).date() if item.at is not None else None


def _id(item: Item) -> tuple[str, str]:
    return item.reading.id, item.reading.type


def _place(item: Item) -> tuple[str, str, str]:
    return item.at.isoformat() if item.at is not None else "", item.reading.id, item.reading.type


def _values(patients: list[str], mine: list[str], narrowing: Narrowing, page: Page) -> dict[str, Any]:
    values: dict[str, Any] = {"patients": patients, "mine": mine, "limit": ROWS + 1}
    values |= {"since": narrowing.since, "until": narrowing.until}
    if page.after:
        values |= {"at": instant(page.after[0]) if page.after[0] else None, "id": page.after[1]}
    return values


def _query(types: tuple[str, ...], narrowing: Narrowing, page: Page) -> sql.Composed:
    parts = [
        sql.SQL(_PART).format(kind=sql.Literal(kind), table=ledger.table(kind), where=sql.SQL(where))
        for kind in types
        for where in _bounds(kind, narrowing, page)
    ]
    bodies = [sql.SQL(_BODY).format(kind=sql.Literal(kind), table=ledger.table(kind)) for kind in types]
    head = rows.bodies(ALLERGIES, rows.newest(ALLERGIES, 60))
    bodies.append(sql.SQL("SELECT {mark}::text, h.* FROM ({head}) h").format(mark=sql.Literal(HEAD), head=head))
    return sql.SQL(_NEWEST).format(parts=rows.union(parts)) + rows.union(bodies)


def _bounds(kind: str, narrowing: Narrowing, page: Page) -> Iterator[str]:
    """The ranges of the index of one type that this page may lie in; each is read in order and to its limit."""
    period = " AND at >= %(since)s" if narrowing.since else ""
    period += " AND at < %(until)s" if narrowing.until else ""
    # of equal times the ids decide, of equal ids the types
    over = ">=" if page.after and kind > page.after[2] else ">"
    if not page.after:
        yield f"at IS NOT NULL{period}"
    elif page.after[0]:
        yield f"at = %(at)s AND id {over} %(id)s{period}"
        yield f"at < %(at)s{period}"
    if not period:
        yield "at IS NULL" + (f" AND id {over} %(id)s" if page.after and not page.after[0] else "")
