"""What an export reads: the ledger as it stood at its transactionTime, window by window of ids, within its bounds.

A row that was written later is looked up in the past, so an export holds one moment, however long it takes and
whoever writes meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, cast

import orjson
import zstandard
from django.db import connection
from psycopg import Connection, Cursor, sql
from psycopg.pq import Format

from doorstep.fhir import tables
from doorstep.fhir.indexing import index
from doorstep.kernel import clock, ledger
from doorstep.kernel.call import Scope
from doorstep.kernel.fhir_search import OPEN_TYPES, search_ids
from doorstep.record.exchange import rules
from doorstep.record.exchange.models import Export

"""(scope, type, query, ids) → those of the ids that a search of the type would find; raises FhirProblem where the
query is wrong, also when asked of no ids."""

END = """
SELECT max(id), count(*), coalesce(sum(octet_length(body)), 0)
FROM (SELECT id, body FROM {} WHERE id > %s ORDER BY id LIMIT %s) w
"""
ROWS = """
SELECT t.id, t.version, t.updated, t.deleted, CASE WHEN t.updated <= %(at)s AND NOT t.deleted
  THEN convert_to(t.body, 'UTF8') END
FROM {table} t WHERE t.id > %(last)s AND t.id <= %(end)s AND {bounds}
AND (t.updated > %(at)s AND t.version > 1 OR t.updated <= %(at)s AND {since} AND {concern}) ORDER BY t.id
"""
BEFORE = """
SELECT DISTINCT ON (id) id, version, updated, deleted, body FROM fhir_past
WHERE type = %(kind)s AND id = ANY(%(ids)s) AND updated <= %(at)s AND {living} AND {guard} ORDER BY id, version DESC
"""
VISIBLE = """
EXISTS (SELECT FROM fhir_patient p WHERE p.id = t.patient AND (p.updated > %(at)s OR NOT p.deleted) AND {bounds})
"""


class Version(NamedTuple):
    """A version as it stood at the export's time; a deleted one has no body."""

    id: str
    version: int
    updated: datetime
    deleted: bool
    body: bytes


@dataclass(frozen=True, slots=True)
class Window:
    """The versions to write, by id; the last id that was looked at (None where the type is done), and how many."""

    versions: list[Version]
    last: str | None
    read: int


def filtered(scope: Scope, kind: str, query: str, ids: Sequence[str]) -> list[str]:
    """Those of the ids that a search of the type finds (``_typeFilter``); ``FhirProblem`` for what cannot be asked."""
    everything = scope.everywhere or kind in OPEN_TYPES
    sources = None if everything else sorted(scope.organisations)
    return search_ids(kind, query, sources, len(ids), among=ids, sensitive=is_own(scope))


@cache
def concerns_patients(kind: str) -> bool:
    """Whether resources of the type are, or are about, a patient."""
    return kind == "Patient" or tables.table(kind).patient is not None


def cursor() -> Cursor[Any]:
    """A cursor of the driver in the transaction that Django has opened, binary: half the cost of Django's own."""
    connection.ensure_connection()
    made: Cursor[Any] = Cursor(cast("Connection[Any]", connection.connection))
    made.format = Format.BINARY
    return made


def scope_of(row: Export) -> Scope:
    """The bounds that the export was begun with."""
    return Scope(frozenset(row.organisations), row.everywhere)


def is_own(scope: Scope) -> bool:
    """Whether all that is exported was sent by the one institution that asked; else nothing sensitive is exported."""
    return not scope.everywhere and len(scope.organisations) == 1


def window(row: Export, kind: str, last: str) -> Window:
    """The next rows of a type after an id, as they stood at the export's time."""
    asked = {"last": last, "at": row.at, "since": row.since, "members": row.members,
             "organisations": row.organisations}  # fmt: skip
    with cursor() as at:
        end, read, more = _end(at, kind, last)
        if end is None:
            return Window([], None, 0)
        rows = at.execute(_query(row, kind), {**asked, "end": end}).fetchall()
        now = [Version(r[0], r[1], r[2], r[3], r[4] or b"") for r in rows]
        versions = _wanted(at, row, kind, now)
    return Window(versions, end if more else None, read)


def _end(at: Cursor[Any], kind: str, last: str) -> tuple[str | None, int, bool]:
    """The last id of the window that begins after an id, how many rows lie in it, and whether more may follow."""
    limit, query = rules.WINDOW, sql.SQL(END).format(ledger.table(kind))
    while True:
        end, read, size = at.execute(query, [last, limit]).fetchone() or (None, 0, 0)
        if size <= rules.WINDOW_BYTES or limit == 1:
            return end, read, read == limit
        limit = max(1, limit // 2)


def _wanted(at: Cursor[Any], row: Export, kind: str, now: list[Version]) -> list[Version]:
    """What is exported of the rows: each as it stood then, where it was there, concerns the export and is sought."""
    late = [v.id for v in now if v.updated > row.at]
    before = _before(at, row, kind, late) if late else {}
    versions = sorted([*(v for v in now if v.updated <= row.at), *before.values()]) if late else now
    found = _sought(row, kind, versions)
    past = before.keys() | {v.id for v in found if v.deleted}
    if past and row.level != "system" and concerns_patients(kind):
        return _without_strangers(at, row, kind, found, past)
    return found


def _query(row: Export, kind: str) -> sql.Composed:
    sent = [] if row.everywhere else ["{0}.source = ANY(%(organisations)s)"]
    within = sql.SQL(" AND ".join([*sent, *([] if is_own(scope_of(row)) else ["{0}.sensitive = 0"])]))
    own = sql.SQL("TRUE") if kind in OPEN_TYPES else within.format(sql.SQL("t"))
    concern: sql.Composable = sql.SQL("TRUE")
    if row.level != "system" and concerns_patients(kind):
        if row.members is not None:
            concern = sql.SQL("t.id = ANY(%(members)s)" if kind == "Patient" else "t.patient = ANY(%(members)s)")
        elif kind != "Patient":
            concern = sql.SQL(VISIBLE).format(bounds=within.format(sql.SQL("p")))
    # the deleted are about nobody any more: whom they were about is told by their past
    since = sql.SQL("NOT t.deleted" if row.since is None else "t.updated > %(since)s")
    either = sql.SQL("(t.deleted OR {})").format(concern)
    return sql.SQL(ROWS).format(table=ledger.table(kind), bounds=own, since=since, concern=either)


def _before(at: Cursor[Any], row: Export, kind: str, ids: list[str], *, living: bool = False) -> dict[str, Version]:
    guard = "TRUE" if is_own(scope_of(row)) or kind in OPEN_TYPES else "sensitive = 0"
    query = sql.SQL(BEFORE).format(living=sql.SQL("NOT deleted" if living else "TRUE"), guard=sql.SQL(guard))
    press = zstandard.ZstdDecompressor()
    rows = at.execute(query, {"kind": kind, "ids": ids, "at": row.at}).fetchall()
    return {r[0]: Version(r[0], r[1], r[2], r[3], press.decompress(r[4])) for r in rows}


def _sought(row: Export, kind: str, versions: list[Version]) -> list[Version]:
    """Without what was not changed since, what was deleted unless changes are asked for, what no filter finds."""
    since, queries = row.since, row.filters.get(kind)
    found = [v for v in versions if (not v.deleted if since is None else v.updated > since)]
    if not queries or not found:
        return found
    passed = set[str]()
    ids = [v.id for v in found if not v.deleted]
    for query in queries:
        passed.update(filtered(scope_of(row), kind, query, ids))
    return [v for v in found if v.deleted or v.id in passed]


def _without_strangers(
    at: Cursor[Any], row: Export, kind: str, versions: list[Version], past: set[str]
) -> list[Version]:
    """Without those of the ``past`` that were about nobody, or about none of the group, by what they said then."""
    gone = [v.id for v in versions if v.deleted]
    said = _before(at, row, kind, gone, living=True) if gone else {}
    return [v for v in versions if v.id not in past or _concerns(row, kind, said.get(v.id) if v.deleted else v)]


def _concerns(row: Export, kind: str, version: Version | None) -> bool:
    if version is None:
        return False
    whose = index(kind, orjson.loads(version.body), clock.CHINA).patient
    return whose is not None and (row.members is None or whose in row.members)
