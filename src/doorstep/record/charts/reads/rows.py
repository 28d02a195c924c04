"""Rows of the ledger as items, and the pieces of SQL by which few of many are read.

Every piece reads a bounded number of index entries, however long a record is. Records are few a resident, so each is
looked up by itself (LATERAL): a condition on several patients at once would lose the order of the index. All ask for
``Chart.asked``: whose patients, and what of the sensitive is the reader's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from django.db import connection
from psycopg import sql

from doorstep.kernel import ledger
from doorstep.record.charts import fhir
from doorstep.record.charts.shapes import Concept, Item, Key

COLUMNS: Final = sql.SQL("id, patient, source, updated, at, body")
# What tells of a sensitive kind is the reader's where their own institution sent it, or where its kinds are opened.
GUARD: Final = sql.SQL("(sensitive = 0 OR source = %(own)s::uuid OR sensitive & ~%(kinds)s::integer = 0)")
Row = tuple[Any, ...]


def run(query: sql.SQL | sql.Composed, params: Mapping[str, Any]) -> list[Row]:
    """The rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(query.as_string(cursor.cursor), params)
        found: list[Row] = cursor.fetchall()
        return found


def item(row: Sequence[Any]) -> Item:
    """The item of a row (type, id, patient, source, updated, at, body)."""
    kind, key, patient, source, updated, at, body = row
    resource = fhir.parsed(body)
    read = fhir.reading(kind, resource, key=key) if resource else fhir.unreadable(kind, key)
    return Item(read, source, updated, at, patient)


def named(items: Iterable[Item]) -> list[Item]:
    """The items, those that only refer to a Medication with its name; one query where there are such."""
    given = list(items)
    wanted = {i.reading.pointer[1] for i in given if i.reading.pointer and i.reading.pointer[0] == "Medication"}
    if not wanted:
        return given
    query = sql.SQL("SELECT id, body FROM fhir_medication WHERE id = ANY(%(ids)s) AND NOT deleted LIMIT 500")
    found = run(query, {"ids": sorted(wanted)})
    called = {
        ("Medication", key): fhir.reading("Medication", fhir.parsed(body), key=key).concept for key, body in found
    }
    return [_called(one, called) for one in given]


def _called(one: Item, called: Mapping[Key, Concept]) -> Item:
    about = called.get(one.reading.pointer) if one.reading.pointer else None
    return replace(one, reading=replace(one.reading, title=about.text, concept=about)) if about else one


def union(parts: Iterable[sql.Composable]) -> sql.Composed:
    """One query of several."""
    return sql.SQL("\nUNION ALL\n").join([sql.SQL("({})").format(part) for part in parts])


def bodies(kind: str, picked: sql.Composable) -> sql.Composed:
    """The whole rows of a type whose ids the query ``picked`` (one column, id) gives."""
    return sql.SQL("SELECT {kind}::text AS type, r.* FROM (SELECT DISTINCT id FROM ({picked}) ids) k {whole}").format(
        kind=sql.Literal(kind), picked=picked, whole=whole(kind)
    )


def whole(kind: str) -> sql.Composed:
    """The join of ``k.id`` with the rows of a type, each by its key: LIMIT keeps the planner from reading the table."""
    return sql.SQL(
        "CROSS JOIN LATERAL (SELECT {columns} FROM {table} WHERE id = k.id AND NOT deleted AND {guard} LIMIT 1) r"
    ).format(columns=COLUMNS, table=ledger.table(kind), guard=GUARD)


def newest(kind: str, limit: int) -> sql.Composed:
    """The ids of the newest resources of a type of each patient, and of as many that have no date."""
    return sql.SQL(
        "SELECT n.id FROM unnest(%(patients)s::text[]) p CROSS JOIN LATERAL ("
        "(SELECT id FROM {table} WHERE patient = p AND at IS NOT NULL AND {guard} ORDER BY at DESC, id LIMIT {limit})"
        " UNION ALL (SELECT id FROM {table} WHERE patient = p AND at IS NULL AND {guard} ORDER BY id LIMIT {limit})) n"
    ).format(table=ledger.table(kind), limit=sql.Literal(limit), guard=GUARD)


def walk(kind: str, most: int) -> sql.Composed:
    """The CTE ``walk(patient, code, n)``: the distinct codes of each patient, found by leaping along the index."""
    return sql.SQL(
        "walk(patient, code, n) AS ("
        "SELECT p, (SELECT c.code FROM {narrow} c WHERE c.patient = p ORDER BY c.code LIMIT 1), 1"
        " FROM unnest(%(patients)s::text[]) p"
        " UNION ALL SELECT w.patient, (SELECT c.code FROM {narrow} c WHERE c.patient = w.patient AND c.code > w.code"
        " ORDER BY c.code LIMIT 1), w.n + 1 FROM walk w WHERE w.code IS NOT NULL AND w.n < {most})"
    ).format(narrow=narrow(kind), most=sql.Literal(most))


def narrow(kind: str) -> sql.Identifier:
    """The narrow table of a type that has one."""
    return sql.Identifier(f"fhir_{kind.lower()}_code")


def by_code(kind: str, each: int, most: int) -> sql.Composed:
    """The ids of the newest ``each`` and the oldest of every code of every patient, and of the newest of any code."""
    return sql.SQL(
        "WITH RECURSIVE {walk} SELECT x.id FROM walk w CROSS JOIN LATERAL ("
        "(SELECT id FROM {narrow} WHERE patient = w.patient AND code = w.code AND at IS NOT NULL AND {guard}"
        " ORDER BY at DESC, id LIMIT {each})"
        " UNION ALL (SELECT id FROM {narrow} WHERE patient = w.patient AND code = w.code AND at IS NOT NULL AND {guard}"
        " ORDER BY at, id DESC LIMIT 1)) x WHERE w.code IS NOT NULL UNION ALL ({newest})"
    ).format(walk=walk(kind, most), narrow=narrow(kind), each=sql.Literal(each), newest=newest(kind, 30), guard=GUARD)
