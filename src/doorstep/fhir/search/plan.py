"""One page of a search as one statement: ids first, in the order asked for, then their bodies.

PostgreSQL's planner has no idea how rare a hashed token is, so the way in is chosen here: the narrow table of a hot
code, the patient, a fence around a rare token, a walk along a narrow table, or the index of the order itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from doorstep.fhir.search.bounds import Bounds
from doorstep.fhir.search.conditions import (
    Condition,
    Either,
    Ids,
    MainDate,
    Many,
    Patients,
    Prefix,
    Sql,
    Tokens,
    Updated,
)
from doorstep.fhir.search.ordering import ordering
from doorstep.fhir.search.orders import ByColumn, ByKeys, ByTime, Mark, Ordering, Walk
from doorstep.fhir.search.query import Query

HOT: Final = frozenset({"Observation", "Condition", "MedicationRequest"})
LONG: Final = timedelta(days=32)
"""Spans longer than this stand in an index of their own."""
_IS_LONG: Final = "(r.at_end IS NULL OR r.at_end - r.at > interval '32 days')"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and its parameters; rows are id, version, updated, body, patient, then the keys of the order."""

    sql: str
    params: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is needed to write any page of a search."""

    type: str
    conditions: tuple[Condition, ...]
    bounds: Bounds
    order: Ordering
    fence: Condition | None = None

    @property
    def exact(self) -> bool:
        """Whether the statements let through only what fits."""
        return all(condition.exact for condition in self.conditions)

    def first(self, kind: Any) -> Any:
        """Return the first condition of a kind, None where there is none."""
        return next((each for each in self.conditions if isinstance(each, kind)), None)

    @property
    def bound(self) -> bool:
        """Whether patients or ids keep the rows few, so that tokens are only looked at."""
        return self.first(Ids) is not None or self.first(Patients) is not None


def make_plan(bounds: Bounds, query: Query, conditions: Sequence[Condition], common: Callable[[int], bool]) -> Plan:
    """Choose the order and the way in, within the bounds; `common` says of a token's hash that many have it."""
    plan = Plan(query.type, tuple(conditions), bounds, ByColumn("id"))
    rare = None
    if not plan.bound:
        rare = next((c for c in conditions if _rare(query.type, c, common)), None)
    return Plan(
        query.type,
        tuple(conditions),
        bounds,
        ordering(
            query, plan.first(Prefix), selective=plan.bound or rare is not None, changed=plan.first(Updated) is not None
        ),
        rare,
    )


def _rare(type_name: str, condition: Condition, common: Callable[[int], bool]) -> bool:
    """Say whether few rows fit a condition that an index of its own finds."""
    if isinstance(condition, Either):
        return all(_rare(type_name, each, common) for each in condition.conditions)
    if isinstance(condition, Tokens):
        return not (condition.negated or _narrow(type_name, condition) or any(map(common, condition.hashes)))
    return isinstance(condition, Patients)


def _narrow(type_name: str, tokens: Tokens) -> bool:
    return tokens.hot and type_name in HOT and len(tokens.hashes) == 1


def page(plan: Plan, mark: Mark | None, limit: int) -> Statement:
    """Write the page that comes after the mark, of at most `limit` rows."""
    out = Sql()
    writers: dict[type[Any], Callable[[Plan, Mark | None, int, Sql], tuple[str, str, str]]] = {
        ByTime: _by_time,
        ByColumn: _by_column,
        Walk: _walked,
        ByKeys: _by_keys,
    }
    inner, keys, order = writers[type(plan.order)](plan, mark, limit, out)
    sql = (
        f"SELECT p.id, b.version, b.updated, b.body, b.patient, {keys} FROM ({inner}) p"
        f" JOIN {_table(plan)} b ON b.id = p.id ORDER BY {order}"
    )
    return Statement(sql, tuple(out.params))


def count(plan: Plan) -> Statement:
    """Write how many rows fit; only for a plan that is exact."""
    out = Sql()
    # nothing is met on the way: what fits is better gathered first
    where = _where(plan, out, [each.of if isinstance(each, Many) else each for each in plan.conditions])
    return Statement(f"SELECT count(*) FROM {_source(plan, out)} WHERE {where}", tuple(out.params))


def _table(plan: Plan) -> str:
    return f"fhir_{plan.type.lower()}"


def _source(plan: Plan, out: Sql) -> str:
    """Return where rows come from: the table, or what carries the rare token, read before anything is sorted."""
    if plan.fence is None:
        return f"{_table(plan)} r"
    columns = "r.id, r.at, r.at_end, r.patient, r.tok, r.updated, r.source, r.deleted, r.sensitive"
    if plan.exact is False or any(not isinstance(c, Tokens | MainDate | Prefix) for c in plan.conditions):
        columns += ", r.body"
    return f"(SELECT {columns} FROM {_table(plan)} r WHERE {plan.fence.sql(out, loose=False)} OFFSET 0) r"


def _where(plan: Plan, out: Sql, conditions: Sequence[Condition], *more: str) -> str:
    tests = [each.sql(out, loose=_loose(plan, each)) for each in conditions if each is not plan.fence]
    return " AND ".join(["NOT r.deleted", *plan.bounds.sql(plan.type, out), *tests, *more])


def _loose(plan: Plan, condition: Condition) -> bool:
    """Say whether rows are found by other means: a token that is no fence is common, or that of a narrow table."""
    if plan.bound or plan.fence is not None:
        return True
    return isinstance(condition, Tokens) and not condition.negated and not _narrow(plan.type, condition)


def _by_column(plan: Plan, mark: Mark | None, limit: int, out: Sql) -> tuple[str, str, str]:
    order = plan.order
    assert isinstance(order, ByColumn)
    after = [order.after(mark, out)] if mark else []
    source = _source(plan, out)
    where = _where(plan, out, plan.conditions, *after)
    sql = f"SELECT r.id, {order.key} AS k FROM {source} WHERE {where} ORDER BY {order.text} LIMIT {limit}"
    return sql, "p.k", _of_page(order.merged)


def _of_page(order: str) -> str:
    return ", ".join(f"p.{part}" for part in order.split(", "))


def _by_keys(plan: Plan, mark: Mark | None, limit: int, out: Sql) -> tuple[str, str, str]:
    order = plan.order
    assert isinstance(order, ByKeys)
    keys = ", ".join(f"{key.write(out)} AS k{n}" for n, key in enumerate(order.keys))
    source = _source(plan, out)
    rows = f"SELECT r.id, {keys} FROM {source} WHERE {_where(plan, out, plan.conditions)}"
    after = f" WHERE {order.after(mark, out)}" if mark else ""
    sql = f"SELECT * FROM ({rows}) q{after} ORDER BY {order.text} LIMIT {limit}"
    return sql, ", ".join(f"p.k{n}" for n in range(len(order.keys))), _of_page(order.text)


def _walked(plan: Plan, mark: Mark | None, limit: int, out: Sql) -> tuple[str, str, str]:
    order = plan.order
    assert isinstance(order, Walk)
    prefix = plan.first(Prefix) if not order.whole else None
    others = [each for each in plan.conditions if each is not prefix]
    if mark is not None and mark[0] is None:
        return _walk_rest(plan, order, mark, limit, out), "p.k", _of_page(order.merged)
    parts = [_walk_part(plan, order, key, prefix, others, mark, limit, out) for key in order.keys]
    sql = parts[0] if len(parts) == 1 else _merged(parts, order.merged, limit)
    if order.whole:
        # what has no value is looked for only where those that have one do not fill the page
        rest = _walk_rest(plan, order, None, limit, out, f"(SELECT count(*) FROM w) < {limit}")
        whole = _merged(["SELECT id, k FROM w", rest], order.merged, limit)
        sql = f"WITH w AS MATERIALIZED ({sql}) {whole}"
    return sql, "p.k", _of_page(order.merged)


def _walk_part(
    plan: Plan, order: Walk, key: int, prefix: Prefix | None, others: Sequence[Condition], mark: Mark | None,
    limit: int, out: Sql,
) -> str:  # fmt: skip
    tests = [f"v.param = {out.arg(key, 'int8')}", f"v.{order.column} IS NOT NULL"]
    same = f"w.param = ANY({out.arg(list(order.keys), 'int8[]')})"
    if prefix is not None:
        test = prefix.test(out)
        tests.append(test)
        same = f"{same} AND {test.replace('v.', 'w.')}"
    tests.append(order.first(same))
    if mark is not None:
        tests.append(order.after(mark, out))
    source = f"{order.table} v {_each(plan, 'v', _where(plan, out, others))}"
    own = " AND ".join(tests)
    return f"(SELECT r.id, v.{order.column} AS k FROM {source} WHERE {own} ORDER BY {order.text} LIMIT {limit})"


def _each(plan: Plan, alias: str, where: str) -> str:
    """Join a narrow table's rows with those of the whole one, one by one: LIMIT keeps the planner from any other way,
    for which it would read all and sort."""
    return f"CROSS JOIN LATERAL (SELECT r.id FROM {_table(plan)} r WHERE r.id = {alias}.id AND {where} LIMIT 1) r"


def _walk_rest(plan: Plan, order: Walk, mark: Mark | None, limit: int, out: Sql, *more: str) -> str:
    none = f"NOT EXISTS (SELECT FROM {order.table} v WHERE v.id = r.id AND v.param = {out.arg(order.keys[0], 'int8')}"
    tests = [f"{none} AND v.{order.column} IS NOT NULL OFFSET 0)"]
    if mark is not None:
        tests.append(order.after_empty(mark, out))
    where = _where(plan, out, plan.conditions, *tests, *more)
    way = " DESC" if order.descending else ""
    return (
        f"(SELECT r.id, NULL::{order.kind} AS k FROM {_table(plan)} r WHERE {where} ORDER BY r.id{way} LIMIT {limit})"
    )


def _merged(parts: Sequence[str], order: str, limit: int) -> str:
    return f"SELECT id, k FROM ({' UNION ALL '.join(parts)}) u ORDER BY {order} LIMIT {limit}"


def _by_time(plan: Plan, mark: Mark | None, limit: int, out: Sql) -> tuple[str, str, str]:
    order = plan.order
    assert isinstance(order, ByTime)
    dates = [each for each in plan.conditions if isinstance(each, MainDate)]
    hot = None
    if plan.fence is None:  # what it fences stands in the whole table alone
        hot = next((c for c in plan.conditions if isinstance(c, Tokens) and _narrow(plan.type, c)), None)
    if dates and not plan.bound and plan.fence is None:
        parts = _bounded(plan, order, dates, hot, mark, limit, out)
    else:
        parts = [_undated(plan, order, hot, mark, limit, out)]
        if mark is None or mark[0] is not None:
            parts.insert(0, _dated(plan, order, plan.conditions, hot, mark, limit, out))
    sql = parts[0] if len(parts) == 1 else _merged(parts, order.merged, limit)
    return sql, "p.k", _of_page(order.merged)


def _entry(plan: Plan, hot: Tokens | None, out: Sql) -> tuple[str, list[str], str, bool]:
    """Return the source, its own tests, the alias of the time, and whether its index has empty times last."""
    if hot is None or plan.first(Ids) is not None:
        return _source(plan, out), [], "r", plan.first(Patients) is None
    name = f"{_table(plan)}_code"
    tests = [f"c.code = {out.arg(hot.hashes[0], 'int8')}", *plan.bounds.sql(plan.type, out, "c")]
    patients = plan.first(Patients)
    if patients is not None:
        tests.append(patients.sql(out, loose=True).replace("r.", "c."))
    return f"{name} c", tests, "c", False


def _dated(
    plan: Plan, order: ByTime, conditions: Sequence[Condition], hot: Tokens | None, mark: Mark | None, limit: int,
    out: Sql, *more: str,
) -> str:  # fmt: skip
    source, tests, alias, nulls_last = _entry(plan, hot, out)
    tests.append("r.at IS NOT NULL")
    if mark is not None:
        tests.append(order.after(mark, out))
    by = order.dated(nulls_last=nulls_last)
    rest = [each for each in conditions if alias == "r" or (each is not hot and not isinstance(each, Patients))]
    where = _where(plan, out, rest)
    own = " AND ".join([*tests, *more])
    return _timed(plan, source, alias, f"{alias}.at", own, where, by, limit)


def _timed(plan: Plan, source: str, alias: str, key: str, own: str, where: str, by: str, limit: int) -> str:
    if alias == "r":
        return f"(SELECT r.id, {key} AS k FROM {source} WHERE {own} AND {where} ORDER BY {by} LIMIT {limit})"
    source, own, by = f"{source} {_each(plan, alias, where)}", _of_code(own), _of_code(by)
    return f"(SELECT r.id, {key} AS k FROM {source} WHERE {own} ORDER BY {by} LIMIT {limit})"


def _of_code(sql: str) -> str:
    """Let a condition on time, patient and id speak of the narrow table instead of the whole one."""
    return sql.replace("r.at_end", "\0").replace("r.at", "c.at").replace("r.id", "c.id").replace("\0", "r.at_end")


def _undated(plan: Plan, order: ByTime, hot: Tokens | None, mark: Mark | None, limit: int, out: Sql) -> str:
    source, tests, alias, nulls_last = _entry(plan, hot, out)
    tests.append("r.at IS NULL")
    if mark is not None and mark[0] is None:
        tests.append(order.after_undated(mark, out))
    by = order.dated(nulls_last=nulls_last)
    rest = [each for each in plan.conditions if alias == "r" or (each is not hot and not isinstance(each, Patients))]
    where = _where(plan, out, rest)
    own = " AND ".join(tests)
    return _timed(plan, source, alias, "NULL::timestamptz", own, where, by, limit)


@dataclass(frozen=True, slots=True)
class _Columns:
    """A main date, of rows whose columns hold it."""

    date: MainDate
    exact: bool = True

    def sql(self, out: Sql, *, loose: bool) -> str:
        return self.date.columns(out)


def _bounded(
    plan: Plan, order: ByTime, dates: Sequence[MainDate], hot: Tokens | None, mark: Mark | None, limit: int, out: Sql
) -> list[str]:
    """The parts of a search by time over all patients: rows within the bounds, long ones before them, others."""
    others = [each for each in plan.conditions if not isinstance(each, MainDate)]
    columns = [*others, *(_Columns(each) for each in dates)]
    floors = [each.floor for each in dates if each.floor is not None]
    ceilings = [each.ceiling for each in dates if each.ceiling is not None]
    bounds = [f"r.at < {out.arg(min(ceilings), 'timestamptz')}"] if ceilings else []
    parts = []
    if mark is None or mark[0] is not None:
        if floors:
            start = max(floors) - LONG
            long = [*bounds, f"r.at <= {out.arg(start, 'timestamptz')}", _IS_LONG]
            parts.append(_dated(plan, order, columns, None, mark, limit, out, *long))
            bounds = [*bounds, f"r.at > {out.arg(start, 'timestamptz')}"]
        parts.insert(0, _dated(plan, order, columns, hot, mark, limit, out, *bounds))
    parts.append(_aside(plan, order, others, dates, mark, limit, out))
    return parts


def _aside(
    plan: Plan, order: ByTime, others: Sequence[Condition], dates: Sequence[MainDate], mark: Mark | None, limit: int,
    out: Sql,
) -> str:  # fmt: skip
    """Rows whose columns hold another date than the one that is searched by: few, found by the narrow table."""
    tests = [each.aside_first(out) for each in dates]
    if mark is not None:
        tests.append(_after_any(order, mark, out))
    where = _where(plan, out, others, *tests)
    by = "r.at DESC NULLS LAST, r.id" if order.descending else "r.at NULLS LAST, r.id DESC"
    return f"(SELECT r.id, r.at AS k FROM {_table(plan)} r WHERE {where} ORDER BY {by} LIMIT {limit})"


def _after_any(order: ByTime, mark: Mark, out: Sql) -> str:
    if mark[0] is None:
        return f"r.at IS NULL AND {order.after_undated(mark, out)}"
    return f"(r.at IS NULL OR ({order.after(mark, out)}))"
