"""The FHIR ledger: what is known now, a table a resource type; every version before, kept for ever, to the byte.

Bodies are stored text; nothing is parsed again to be read. A version moves to ``fhir_past`` (compressed, append-only)
in the statement that replaces it, so a first version costs one row and not two.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

import zstandard
from django.db import IntegrityError, connection
from psycopg import Cursor, sql

from doorstep.fhir.indexing import Index
from doorstep.fhir.tables import known_types
from doorstep.kernel import ledger_index, ledger_marks

SHARED = frozenset(
    ("Endpoint", "HealthcareService", "Location", "Medication", "Organization", "Practitioner", "PractitionerRole")
)
QUEUE = 0x6C656467  # the first key of the advisory locks of this file
AT_ONCE = 100  # searches of one statement
COLUMNS = "id, version, updated, source, message, patient, at, at_end, deleted, digest, tok, sensitive, body"
KINDS = (
    "text", "int4", "timestamptz", "uuid", "int8", "text", "timestamptz", "timestamptz", "bool", "bytea", "int8[]",
    "int4", "text",
)  # fmt: skip


class Claimed(Exception):
    """Some ids belong to another source; ``keys`` are their (type, id). Nothing was written."""

    def __init__(self, keys: frozenset[tuple[str, str]]) -> None:
        super().__init__(f"{len(keys)} ids belong to another source")
        self.keys = keys


@dataclass(frozen=True, slots=True)
class Fresh:
    """A version to be written: ``body`` is minified JSON that carries its id; ``message`` is where it came from."""

    type: str
    id: str
    body: bytes
    source: UUID
    message: int | None
    index: Index
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one ``Fresh``: its version now, and whether it was ``created``, ``updated`` or ``unchanged``."""

    version: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A version as it stands in the ledger; ``sensitive`` is its mark."""

    type: str
    id: str
    version: int
    updated: datetime
    source: UUID
    message: int | None
    deleted: bool
    body: bytes
    patient: str | None = None
    sensitive: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What stands under an id; ``whole`` is its row as it goes to ``fhir_past``, of one that ``hold`` has locked."""

    version: int
    digest: bytes
    source: UUID
    deleted: bool
    published: bool
    whole: tuple[Any, ...] | None = None

    def is_closed_to(self, row: Fresh) -> bool:
        """Whether another source's, or published by a room: what came in with a message does not change that."""
        return self.source != row.source or (self.published and row.message is not None)


Held = Mapping[str, Mapping[str, Known]]
"""By type and id: what ``hold`` has found."""


def digest(body: bytes, *, deleted: bool = False) -> bytes:
    """The fingerprint (BLAKE2b, 16 bytes) by which a version is known to be the same."""
    return hashlib.blake2b(body, digest_size=16, person=b"gone" if deleted else b"").digest()


@cache
def table(kind: str) -> sql.Identifier:
    """The table of a resource type; raises ``KeyError`` for a name that is no R4 type."""
    if kind not in known_types():
        raise KeyError(kind)
    return sql.Identifier(f"fhir_{kind.lower()}")


def hold(kind: str, ids: Sequence[str]) -> Mapping[str, Known]:
    """Rows of a type for a ``write`` in the same transaction, those that are there: locked, in the order of their ids.

    What many records share is only read: ``write`` locks it as a queue, and rows taken before that would cross it.
    """
    with connection.cursor() as cursor, connection.wrap_database_errors:
        return (_known if kind in SHARED else _hold)(cast("Cursor[Any]", cursor.cursor), kind, ids)


def _hold(cursor: Cursor[Any], kind: str, ids: Sequence[str]) -> dict[str, Known]:
    query = (
        "SELECT id, version, updated, source, message, deleted, digest, sensitive, body, patient FROM {}"
        " WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
    )
    rows = cursor.execute(sql.SQL(query).format(table(kind)), [list(ids)]).fetchall()
    return {r[0]: Known(r[1], bytes(r[6]), r[3], r[5], r[4] is None, r) for r in rows}


def write(rows: Sequence[Fresh], at: datetime, held: Held | None = None) -> list[Written]:
    """Write versions in the caller's transaction, in order; the same body again changes nothing. What is ``held`` is
    not looked up again: its types must hold all of their ids.

    Raises ``Claimed`` before any write where an id belongs to another source, and ``django.db.IntegrityError`` where
    another transaction made the same id meanwhile: the caller rolls back and tries again.
    """
    result: list[Written | None] = [None] * len(rows)
    todo = list(enumerate(rows))
    with connection.cursor() as cursor, connection.wrap_database_errors:
        while todo:
            first: dict[tuple[str, str], tuple[int, Fresh]] = {}
            later = []
            for place, row in todo:
                if first.setdefault((row.type, row.id), (place, row))[0] != place:
                    later.append((place, row))
            _write_distinct(cast("Cursor[Any]", cursor.cursor), list(first.values()), at, result, held or {})
            todo, held = later, None
    return cast("list[Written]", result)


def _marked(cursor: Cursor[Any], rows: list[tuple[int, Fresh]]) -> list[tuple[int, Fresh]]:
    """The same rows, each with the mark that it inherits from what it refers to."""
    marked = ledger_marks.inherited(cursor, [(row.type, row.id, row.index) for _, row in rows if not row.deleted])
    return [(place, replace(row, index=marked.get((row.type, row.id), row.index))) for place, row in rows]


def _write_distinct(
    cursor: Cursor[Any], rows: list[tuple[int, Fresh]], at: datetime, result: list[Written | None], held: Held
) -> None:
    by_type: dict[str, list[tuple[int, Fresh]]] = defaultdict(list)
    for place, row in _marked(cursor, rows):
        by_type[row.type].append((place, row))
    known = {
        kind: held[kind] if kind in held else _known(cursor, kind, [r.id for _, r in group])
        for kind, group in by_type.items()
    }
    _queue(cursor, by_type, known)
    taken = {(r.type, r.id) for _, r in rows if (k := known[r.type].get(r.id)) is not None and k.is_closed_to(r)}
    if taken:
        raise Claimed(frozenset(taken))
    indexed: list[ledger_index.Entry] = []
    raised: list[ledger_marks.Marked] = []
    # types and ids in one order everywhere, so that two writers wait for each other instead of deadlocking
    for kind in sorted(by_type):
        fresh, changed = _sorted_out(by_type[kind], known[kind], result)
        _insert(cursor, kind, fresh, at)
        raised += _update(cursor, kind, changed, at, known[kind])
        written = [*(row for row, _ in fresh), *(row for row, _, _ in changed)]
        indexed += [(kind, row.id, row.source, row.index) for row in written if not row.deleted]
    ledger_index.add(cursor, indexed)
    ledger_marks.spread(cursor, raised)


def _sorted_out(
    rows: list[tuple[int, Fresh]], known: Mapping[str, Known], result: list[Written | None]
) -> tuple[list[tuple[Fresh, bytes]], list[tuple[Fresh, bytes, int]]]:
    """What is new (with its digest), and what has changed (with its version too), by id."""
    fresh, changed = [], []
    for place, row in sorted(rows, key=lambda pair: pair[1].id):
        mark, before = digest(row.body, deleted=row.deleted), known.get(row.id)
        if before is None:
            fresh.append((row, mark))
            result[place] = Written(1, "created")
        elif before.digest == mark:
            result[place] = Written(before.version, "unchanged")
        else:
            changed.append((row, mark, before.version + 1))
            result[place] = Written(before.version + 1, "updated")
    return fresh, changed


def _queue(
    cursor: Cursor[Any], by_type: dict[str, list[tuple[int, Fresh]]], known: dict[str, Mapping[str, Known]]
) -> None:
    """Let the writers of new things that many records share (an institution, a doctor) pass one by one, and see what
    the one before has written: else whole batches clash, and are done twice."""
    for kind in sorted(SHARED & by_type.keys()):
        ids = [r.id for _, r in by_type[kind]]
        if any((k := known[kind].get(r.id)) is None or k.digest != digest(r.body) for _, r in by_type[kind]):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [QUEUE, kind])
            known[kind] = _known(cursor, kind, ids)


def _known(cursor: Cursor[Any], kind: str, ids: Sequence[str]) -> dict[str, Known]:
    query = sql.SQL("SELECT id, version, digest, source, deleted, message IS NULL FROM {} WHERE id = ANY(%s)")
    rows = cursor.execute(query.format(table(kind)), [list(ids)]).fetchall()
    return {r[0]: Known(r[1], bytes(r[2]), r[3], r[4], r[5]) for r in rows}


def _insert(cursor: Cursor[Any], kind: str, rows: Iterable[tuple[Fresh, bytes]], at: datetime) -> None:
    rows = list(rows)
    if not rows:
        return
    copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(table(kind), sql.SQL(COLUMNS))
    with cursor.copy(copy) as out:
        out.set_types(KINDS)
        for row, mark in rows:
            i = row.index
            out.write_row(
                (row.id, 1, at, row.source, row.message, i.patient, i.at, i.at_end, row.deleted, mark, i.tokens,
                 i.sensitive, row.body.decode())
            )  # fmt: skip


def _before(cursor: Cursor[Any], kind: str, ids: list[str], known: Mapping[str, Known]) -> list[tuple[Any, ...]]:
    """The rows that later versions replace, locked: as they were held, else looked up."""
    if any(known[each].whole is None for each in ids):
        known = _hold(cursor, kind, ids)
    return [known[each].whole or () for each in ids if each in known]


def _update(
    cursor: Cursor[Any], kind: str, rows: list[tuple[Fresh, bytes, int]], at: datetime, known: Mapping[str, Known]
) -> list[ledger_marks.Marked]:
    """Write later versions; returns those that are marked as they were not before."""
    if not rows:
        return []
    before = _before(cursor, kind, [row.id for row, _, _ in rows], known)
    if [old[1] for old in before] != [version - 1 for _, _, version in rows]:
        raise IntegrityError(f"{kind}: another transaction wrote a version meanwhile")
    press = zstandard.ZstdCompressor(level=3)
    with cursor.copy(
        "COPY fhir_past (type, id, version, updated, source, message, deleted, digest, sensitive, body)"
        " FROM STDIN (FORMAT binary)"
    ) as out:
        out.set_types(("text", "text", "int4", "timestamptz", "uuid", "int8", "bool", "bytea", "int4", "bytea"))
        for old in before:
            out.write_row((kind, *old[:8], press.compress(old[8].encode())))
    cursor.executemany(
        sql.SQL(
            "UPDATE {} SET version = %s, updated = %s, message = %s, patient = %s, at = %s, at_end = %s, deleted = %s,"
            " digest = %s, tok = %s, sensitive = %s, body = %s WHERE id = %s"
        ).format(table(kind)),
        [
            (version, at, row.message, row.index.patient, row.index.at, row.index.at_end, row.deleted, mark,
             row.index.tokens, row.index.sensitive, row.body.decode(), row.id)
            for row, mark, version in rows
        ],
    )  # fmt: skip
    ledger_index.remove(cursor, kind, [old[0] for old in before], [old[9] for old in before])
    return [
        (kind, row.id, row.index.sensitive)
        for (row, _, _), old in zip(rows, before, strict=True)
        if row.index.sensitive & ~max(old[7], 0)
    ]


def read(kind: str, key: str) -> Stored | None:
    """The version that holds now (deleted ones too), or None."""
    query = sql.SQL("SELECT version, updated, source, message, deleted, body, patient, sensitive FROM {} WHERE id = %s")
    with connection.cursor() as cursor, connection.wrap_database_errors:
        row = cast("Cursor[Any]", cursor.cursor).execute(query.format(table(kind)), [key]).fetchone()
    return None if row is None else _stored(kind, key, row[:5], row[5].encode(), *row[6:])


def _stored(kind: str, key: str, row: Sequence[Any], body: bytes, patient: str | None, sensitive: int = 0) -> Stored:
    version, updated, source, message, deleted = row
    return Stored(kind, key, version, updated, source, message, deleted, body, patient, sensitive)


def past(kind: str, key: str) -> list[Stored]:
    """The versions before the one that holds now, newest first (at most 1,000)."""
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.execute(
            "SELECT version, updated, source, message, deleted, body FROM fhir_past WHERE type = %s AND id = %s"
            " ORDER BY version DESC LIMIT 1000",
            [kind, key],
        )
        rows = cursor.fetchall()
    press = zstandard.ZstdDecompressor()
    return [_stored(kind, key, r[:5], press.decompress(bytes(r[5])), None) for r in rows]


def exist(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    """Those of the (type, id) that are there and not deleted, with the source that each belongs to."""
    by_type: dict[str, set[str]] = defaultdict(set)
    for kind, key in keys:
        by_type[kind].add(key)
    found: dict[tuple[str, str], UUID] = {}
    with connection.cursor() as cursor, connection.wrap_database_errors:
        raw = cast("Cursor[Any]", cursor.cursor)
        for kind, ids in by_type.items():
            query = sql.SQL("SELECT id, source FROM {} WHERE id = ANY(%s) AND NOT deleted").format(table(kind))
            found |= {(kind, r[0]): r[1] for r in raw.execute(query, [sorted(ids)]).fetchall()}
    return found


def matching(kind: str, searches: Sequence[Sequence[int]], limit: int) -> list[list[tuple[str, UUID]]]:
    """For each search the (id, source) of at most ``limit`` resources that carry all of its hashed tokens, by id.

    A statement holds many searches, each with its tokens written out: so PostgreSQL plans it by how common they are.
    """
    one = sql.SQL("(SELECT {}, id, source FROM {} WHERE tok @> {}::bigint[] AND NOT deleted ORDER BY id LIMIT {})")
    found: list[list[tuple[str, UUID]]] = [[] for _ in searches]
    with connection.cursor() as cursor, connection.wrap_database_errors:
        raw = cast("Cursor[Any]", cursor.cursor)
        for first in range(0, len(searches), AT_ONCE):
            asked = [
                one.format(sql.Literal(at), table(kind), sql.Literal(list(searches[at])), sql.Literal(limit))
                for at in range(first, min(first + AT_ONCE, len(searches)))
            ]
            for at, key, source in raw.execute(sql.SQL(" UNION ALL ").join(asked)).fetchall():
                found[at].append((key, source))
    return found
