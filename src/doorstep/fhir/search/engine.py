"""Runs a search of one type: its clauses resolved, one page read, what it includes, its total where asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search import cursor
from doorstep.fhir.search.includes import include
from doorstep.fhir.search.ordering import sorted_in_sql
from doorstep.fhir.search.orders import ByColumn, ByKeys, Mark
from doorstep.fhir.search.plan import Plan, Statement, count, page
from doorstep.fhir.search.query import Leaf, Query
from doorstep.fhir.search.resolve import resolve
from doorstep.fhir.search.sorting import SortKey, sort_key
from doorstep.fhir.search.walk import (
    SCANNED,
    SORTED,
    Context,
    Found,
    Hit,
    Resolved,
    Steps,
    fits,
    matching,
    named,
    plan_of,
)


def run(context: Context, query: Query) -> Steps[Found]:
    """Search within the context's bounds; FhirProblem for values that cannot be read, and what would cost too much."""
    resolved = yield from resolve(context, query.type, query.where)
    resolved = yield from named(context, query, resolved)
    plan = plan_of(context, query, resolved)
    found = Found()
    if query.summary == "count" or query.total != "none":
        found.total = yield from _total(query, plan, resolved.checks, context)
    if query.summary == "count":
        return found
    mark = cursor.unseal(query.cursor, canonical(query), context.secret) if query.cursor else None
    pages = _page if sorted_in_sql(query) else _sorted_page
    found.hits, after = yield from pages(query, plan, resolved.checks, mark, context)
    if after is not None:
        found.next = cursor.seal(after, canonical(query), context.secret)
        found.paused = len(found.hits) < query.count
    if query.includes and found.hits:
        found.included, found.cut = yield from include(query, found.hits, context)
    return found


def canonical(query: Query) -> str:
    """Return the text by which a query is known."""
    return f"{query.type}?{urlencode(query.pairs)}"


def _total(query: Query, plan: Plan, checks: Sequence[Leaf], context: Context) -> Steps[int | None]:
    if query.total == "estimate" and query.summary != "count":
        statement = count(plan)
        rows = yield Statement(f"EXPLAIN (FORMAT JSON) {statement.sql.replace('count(*)', '1', 1)}", statement.params)
        told = rows[0][0]
        explained = orjson.loads(told) if isinstance(told, str | bytes) else told
        return int(explained[0]["Plan"]["Plan Rows"])
    if not checks:
        rows = yield count(plan)
        return int(rows[0][0])
    scan = Plan(plan.type, plan.conditions, plan.bounds, ByColumn("id"), plan.fence)
    total, mark, scanned = 0, None, 0
    while scanned < 4 * SCANNED:
        rows = yield page(scan, mark, 1_000)
        total += sum(1 for row in rows if fits(row[3], checks, context))
        if len(rows) < 1_000:
            return total
        scanned += len(rows)
        mark = [rows[-1][0]]
    return None


def _page(
    query: Query, plan: Plan, checks: Sequence[Leaf], mark: Mark | None, context: Context
) -> Steps[tuple[list[Hit], Mark | None]]:
    limit = query.count + 1 if not checks else max(2 * query.count, 100)
    hits: list[Hit] = []
    last: Sequence[Any] = ()
    scanned = 0
    while True:
        rows = yield page(plan, mark, limit)
        for row in rows:
            if checks and not fits(row[3], checks, context):
                continue
            if len(hits) == query.count:
                return hits, _mark(plan, last) if last else None
            hits.append(Hit(query.type, *row[:5]))
            last = row
        if len(rows) < limit:
            return hits, None
        scanned += len(rows)
        mark = _mark(plan, rows[-1])
        if scanned >= SCANNED:
            return hits, mark


def _mark(plan: Plan, row: Sequence[Any]) -> Mark:
    if isinstance(plan.order, ByColumn) and plan.order.column == "id":
        return [row[0]]
    keys = row[5 : 5 + len(plan.order.keys)] if isinstance(plan.order, ByKeys) else row[5:6]
    return [*keys, row[0]]


def _sorted_page(
    query: Query, plan: Plan, checks: Sequence[Leaf], mark: Mark | None, context: Context
) -> Steps[tuple[list[Hit], Mark | None]]:
    rows = yield from matching(context, query.type, Resolved(plan.conditions, tuple(checks)), SORTED)
    if len(rows) > SORTED:
        raise FhirProblem("too-costly-search", "_sort", limit=SORTED)
    by_id = {row[0]: row for row in rows}
    keyed = sorted(sort_key(query, row, context.setting.zone) for row in rows)
    after = sort_key_of_mark(mark, query) if mark is not None else None
    left = [key for key in keyed if after is None or key > after]
    taken = left[: query.count]
    hits = [Hit(query.type, *by_id[key.id][:5]) for key in taken]
    return hits, [*taken[-1].values, taken[-1].id] if len(left) > query.count else None


def sort_key_of_mark(mark: Mark, query: Query) -> Any:
    """Return the key at which the last page ended."""
    return SortKey(tuple(mark[:-1]), mark[-1], tuple(o.descending for o in query.order))
