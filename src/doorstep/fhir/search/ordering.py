"""The order of a query: as asked for; else by the main date, by the text that fits, or by id."""

from __future__ import annotations

from typing import Final

from doorstep.fhir.hashes import param_key
from doorstep.fhir.parameters import Parameter, main_date
from doorstep.fhir.search.conditions import Prefix, Sql
from doorstep.fhir.search.orders import ByColumn, ByKeys, ByTime, Ordering, SortKey, Walk
from doorstep.fhir.search.query import Order, Query

_TABLES: Final = {
    "string": ("fhir_string", "value", "text"),
    "uri": ("fhir_string", "value", "text"),
    "date": ("fhir_date", "lo", "timestamptz"),
    "number": ("fhir_number", "lo", "float8"),
    "quantity": ("fhir_number", "lo", "float8"),
}


def ordering(query: Query, prefix: Prefix | None, *, selective: bool, changed: bool) -> Ordering:
    """Return the order of a query, and by which way it is read; `selective`: few rows are left to be sorted;
    `changed`: it asks when resources changed, and so has the oldest change first, unless another order is asked for.

    Which order it is follows from the query alone: whether few rows are left may change from page to page.
    """
    if not query.order and changed:
        return ByColumn("updated")
    if not query.order:
        return _unasked(query.type, prefix, selective=selective)
    first = query.order[0]
    if len(query.order) == 1:
        found = _single(query.type, first)
        if found is not None:
            return found
        if first.param.type in _TABLES and not selective:
            table, column, kind = _TABLES[first.param.type]
            return Walk(table, column, kind, (param_key(query.type, first.param.code),), first.descending)
    if not sorted_in_sql(query):
        return ByColumn("id")
    return ByKeys(tuple(_sort_key(query.type, each) for each in query.order))


def _unasked(type_name: str, prefix: Prefix | None, *, selective: bool) -> Ordering:
    if main_date(type_name) is not None:
        return ByTime()
    if prefix is None:
        return ByColumn("id")
    if selective:
        return ByKeys((_matched(prefix),))
    return Walk("fhir_string", "value", "text", prefix.keys, whole=False)


def _matched(prefix: Prefix) -> SortKey:
    """The first string that fits, as an expression: what a walk goes by, so that pages agree whichever way is taken."""

    def write(out: Sql) -> str:
        keys, test = out.arg(list(prefix.keys), "int8[]"), prefix.test(out)
        return f"(SELECT min(v.value) FROM fhir_string v WHERE v.id = r.id AND v.param = ANY({keys}) AND {test})"

    return SortKey(write, "text", False)


def _in_sql(type_name: str, param: Parameter) -> bool:
    return param.type in _TABLES or param.code in ("_id", "_lastUpdated", main_date(type_name))


def sorted_in_sql(query: Query) -> bool:
    """Say whether the index holds all that a query sorts by; of tokens and references it holds hashes alone."""
    return all(_in_sql(query.type, each.param) for each in query.order)


def _single(type_name: str, order: Order) -> Ordering | None:
    code = order.param.code
    if code == main_date(type_name):
        return ByTime(order.descending)
    if code == "_id":
        return ByColumn("id", order.descending)
    return ByColumn("updated", order.descending) if code == "_lastUpdated" else None


def _sort_key(type_name: str, order: Order) -> SortKey:
    code, down = order.param.code, order.descending
    if code == "_id":
        return SortKey(lambda _: "r.id", "text", down)
    if code == "_lastUpdated":
        return SortKey(lambda _: "r.updated", "timestamptz", down)
    if code == main_date(type_name):
        return SortKey(lambda _: "r.at", "timestamptz", down)
    expression = _narrow_key(type_name, order.param, down)
    return SortKey(lambda _: expression, _TABLES[order.param.type][2], down)


def _narrow_key(type_name: str, param: Parameter, descending: bool) -> str:
    table, column, _ = _TABLES[param.type]
    pick = "max" if descending else "min"
    return (
        f"(SELECT {pick}(v.{column}) FROM {table} v WHERE v.id = r.id AND v.param = {param_key(type_name, param.code)})"
    )
