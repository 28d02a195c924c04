"""What a running search is made of: the steps it takes, who asks, what was found, and rows looked through by id.

A search is a generator that asks for rows, or for work that may wait, and goes on. What drives it answers each
`Statement` with its rows and each callable with its result; the house does so on asyncpg for the door, and on psycopg
for what is asked within a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

import orjson

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search import match
from doorstep.fhir.search.bounds import Bounds
from doorstep.fhir.search.conditions import Condition, Ids, Listed, Many, Prefix, Sql
from doorstep.fhir.search.leaves import Setting
from doorstep.fhir.search.orders import ByColumn, Mark, Walk
from doorstep.fhir.search.plan import Plan, Statement, make_plan, page
from doorstep.fhir.search.query import Leaf, Query

T = TypeVar("T")
NAMED: Final = 2_000
"""How many resources that fit a condition on values are named one by one."""
Step = Statement | Callable[[], Any]
Steps = Generator[Step, Any, T]

SCANNED: Final = 5_000
"""How many rows a request looks at before it gives the page that it has, with a link to go on."""
SORTED: Final = 5_000
"""How many rows are sorted in memory, by what the index cannot sort."""


class Hit(NamedTuple):
    """A resource that was found; `mode` is match, include or outcome."""

    type: str
    id: str
    version: int
    updated: datetime
    body: str
    patient: str | None
    mode: str = "match"


@dataclass(frozen=True, slots=True)
class Context:
    """Who searches within which bounds, what values are read by, which tokens are common, what seals cursors."""

    bounds: Bounds
    setting: Setting
    common: Callable[[str, int], bool]
    secret: bytes


@dataclass(slots=True)
class Found:
    """What a search found: the page, what it includes, the cursor of the next, and the total where it was asked for.

    `cut`: more would have to be included than is. `paused`: the page is not full, since enough rows were looked at.
    """

    hits: list[Hit] = field(default_factory=list)
    included: list[Hit] = field(default_factory=list)
    next: str | None = None
    total: int | None = None
    cut: bool = False
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Resolved:
    """The conditions of a query, and the leaves that must be checked on bodies."""

    conditions: tuple[Condition, ...]
    checks: tuple[Leaf, ...]


def plan_of(context: Context, query: Query, resolved: Resolved) -> Plan:
    """Return the plan of a query whose clauses are resolved."""

    def common(key: int) -> bool:
        return context.common(query.type, key)

    return make_plan(context.bounds, query, resolved.conditions, common)


def named(context: Context, query: Query, resolved: Resolved) -> Steps[Resolved]:
    """Name the resources that fit a condition on values one by one where they are few.

    Else the order that is asked for would be walked, past all that does not fit: the planner cannot know how few do.
    Where many fit it is soon seen that they do, and a walk soon meets them.
    """
    plan = plan_of(context, query, resolved)
    if plan.bound or plan.fence is not None:
        return resolved
    walked = plan.first(Prefix) if isinstance(plan.order, Walk) and not plan.order.whole else None
    kept: list[Condition] = []
    for place, condition in enumerate(resolved.conditions):
        if not isinstance(condition, Listed | Prefix) or condition is walked or condition.scattered:
            kept.append(condition)
            continue
        out = Sql()
        rows = yield Statement(condition.glance(out, NAMED + 1), tuple(out.params))
        if len(rows) <= NAMED:
            ids = Ids(tuple(dict.fromkeys(row[0] for row in rows)))
            return Resolved((ids, *kept, *resolved.conditions[place + condition.exact :]), resolved.checks)
        kept.append(Many(condition))
    return Resolved(tuple(kept), resolved.checks)


def fits(body: str, checks: Sequence[Leaf], context: Context) -> bool:
    """Say whether a body fits all leaves that the index alone cannot decide."""
    if not checks:
        return True
    resource = orjson.loads(body)
    return all(match.fits(leaf, resource, context.setting) for leaf in checks)


def matching(context: Context, type_name: str, resolved: Resolved, limit: int) -> Steps[list[tuple[Any, ...]]]:
    """Return at most `limit` + 1 rows (id, version, updated, body, patient) that fit, by id."""
    resolved = yield from named(context, Query(type_name), resolved)
    fence = plan_of(context, Query(type_name), resolved).fence
    plan = Plan(type_name, resolved.conditions, context.bounds, ByColumn("id"), fence)
    kept: list[tuple[Any, ...]] = []
    mark: Mark | None = None
    size = limit + 1 if not resolved.checks else max(200, min(limit + 1, 1_000))
    scanned = 0
    while True:
        rows = yield page(plan, mark, size)
        kept += [row for row in rows if fits(row[3], resolved.checks, context)]
        scanned += len(rows)
        if len(rows) < size or len(kept) > limit:
            return kept[: limit + 1]
        if scanned > 4 * SCANNED:
            raise FhirProblem("too-costly-search", limit=4 * SCANNED)
        mark = [rows[-1][0]]
