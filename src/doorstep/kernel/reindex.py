"""The ledger's index made anew: what came in before a change of the extractors is found as what comes in now.

Each batch is a transaction of its own: its rows are locked in the order in which writers lock them, and where it has
come is written with what it did. So it may run while others write, be killed, and go on where it was. Versions, times
and bodies never change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

import orjson
from django.db import connection, transaction
from psycopg import Cursor, errors, sql

from doorstep.fhir.indexing import Index
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.tables import known_types
from doorstep.kernel import ledger, ledger_marks, reindex_rows
from doorstep.kernel.fhir_index import index_of
from doorstep.kernel.reindex_rows import Row

INDEX_VERSION: Final = 4
"""Raised with every change of what ``index_of`` makes of a resource: the stored index is then an older one."""

BATCH: Final = 1000  # rows that are looked at in one transaction, and about how many bytes of them
BATCH_BYTES: Final = 32 << 20
KEPT_FAULTS: Final = 1000
PATIENCE: Final = "500ms"  # less than PostgreSQL's deadlock_timeout: whoever must give way, it is never a writer
LOCK: Final = 0x72656978
NOTHING: Final = Index(None, None, None, [], [], [], [])
Raw = Cursor[Any]


class AtWork(Exception):
    """Another reindex runs on this database."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A resource that can no longer be indexed, and was left as it was."""

    type: str
    id: str
    code: str
    path: str


@dataclass(slots=True)
class Progress:
    """How far a type is: rows seen and rewritten (also before an interruption), the faults in them, rows just seen."""

    type: str
    seen: int = 0
    changed: int = 0
    failed: int = 0
    faults: list[Fault] = field(default_factory=list)
    last: str = ""
    done: bool = False
    step: int = 0


def old_types() -> list[str]:
    """The types whose stored index is older than the program; what holds nothing is as new as the program.

    Call it where the tables are up to date; it notes what it finds empty.
    """
    with _cursor() as cursor:
        found = cursor.execute("SELECT type FROM fhir_index WHERE version < %s ORDER BY type", [INDEX_VERSION])
        behind = [row[0] for row in found.fetchall()]
        empty = [kind for kind in behind if _is_empty(cursor, kind)]
        if empty:
            cursor.execute(
                "UPDATE fhir_index SET version = %s, making = NULL, last = '' WHERE type = ANY(%s)",
                [INDEX_VERSION, empty],
            )
    return [kind for kind in behind if kind not in empty]


def _is_empty(cursor: Raw, kind: str) -> bool:
    query = sql.SQL("SELECT NOT EXISTS (SELECT FROM {})").format(ledger.table(kind))
    return bool(cursor.execute(query).fetchall()[0][0])


def count(kinds: Iterable[str]) -> dict[str, int]:
    """How many rows each type has that are still to be looked at."""
    with _cursor() as cursor:
        left = {}
        for kind in kinds:
            query = sql.SQL("SELECT count(*) FROM {} WHERE id > %s").format(ledger.table(kind))
            left[kind] = int(cursor.execute(query, [_begun(cursor, kind).last]).fetchall()[0][0])
    return left


@contextmanager
def alone(seconds: float = 10) -> Iterator[None]:
    """Hold the right to reindex; raises ``AtWork`` where another has it and keeps it so long."""
    until = time.monotonic() + seconds
    while not _try("SELECT pg_try_advisory_lock(%s)"):
        if time.monotonic() >= until:
            raise AtWork
        time.sleep(0.2)
    try:
        yield
    finally:
        _try("SELECT pg_advisory_unlock(%s)")


def _try(query: str) -> bool:
    with _cursor() as cursor:
        return bool(cursor.execute(query, [LOCK]).fetchall()[0][0])


def run(kinds: Sequence[str] | None = None, *, batch: int = BATCH) -> Iterator[Progress]:
    """Bring the index of types (None: of those that are old) to the program's; gives the progress after each batch.

    Run it inside ``alone``. What was begun and interrupted goes on where it was.
    """
    for kind in old_types() if kinds is None else sorted(set(kinds)):
        if kind not in known_types():
            raise KeyError(kind)
        progress = Progress(kind)
        while not progress.done:
            progress = _patiently(lambda kind=kind: step(kind, batch))  # type: ignore[misc]  # bound at once
            yield progress
    _patiently(_sweep)


def _patiently(work: Callable[[], Progress]) -> Progress:
    """Do a step again until nobody's locks stand in its way."""
    wait = 0.05
    while True:
        try:
            with transaction.atomic(), _cursor() as cursor:
                cursor.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(PATIENCE))
                return work()
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            time.sleep(wait)
            wait = min(2 * wait, 2.0)


def step(kind: str, batch: int = BATCH) -> Progress:
    """Look at the next rows of a type in the caller's transaction, rewrite what differs, note how far it is."""
    with _cursor() as cursor:
        progress = _begun(cursor, kind)
        last = _last(cursor, kind, progress.last, batch)
        if last is not None:
            rows = reindex_rows.locked(cursor, kind, progress.last, last)
            wanted, faults = _wanted(kind, rows)
            marked = ledger_marks.inherited(cursor, [(kind, row.id, index) for row, index in wanted])
            wanted = [(row, marked.get((kind, row.id), index)) for row, index in wanted]
            progress.step = len(rows)
            progress.seen += progress.step
            progress.changed += reindex_rows.rewrite(cursor, kind, wanted)
            raised = [(kind, row.id, i.sensitive) for row, i in wanted if i.sensitive & ~max(row.sensitive, 0)]
            ledger_marks.spread(cursor, raised)
            progress.failed += len(faults)
            progress.faults = [*progress.faults, *faults][:KEPT_FAULTS]
            progress.last = last
        progress.done = last is None
        _note(cursor, progress)
    return progress


def _begun(cursor: Raw, kind: str) -> Progress:
    query = "SELECT making, last, seen, changed, failed, faults::text FROM fhir_index WHERE type = %s"
    rows = cursor.execute(query, [kind]).fetchall()
    if not rows or rows[0][0] != INDEX_VERSION:
        return Progress(kind)
    _, last, seen, changed, failed, faults = rows[0]
    return Progress(kind, seen, changed, failed, [Fault(kind, *each) for each in orjson.loads(faults)], last)


def _note(cursor: Raw, now: Progress) -> None:
    faults = orjson.dumps([[each.id, each.code, each.path] for each in now.faults]).decode()
    cursor.execute(
        "INSERT INTO fhir_index AS old (type, version, making, last, seen, changed, failed, faults)"
        " VALUES (%(type)s, CASE WHEN %(done)s THEN %(new)s ELSE 0 END, CASE WHEN %(done)s THEN NULL ELSE %(new)s END,"
        " CASE WHEN %(done)s THEN '' ELSE %(last)s END, %(seen)s, %(changed)s, %(failed)s, %(faults)s)"
        " ON CONFLICT (type) DO UPDATE SET version = CASE WHEN %(done)s THEN %(new)s ELSE old.version END,"
        " making = excluded.making, last = excluded.last, seen = excluded.seen, changed = excluded.changed,"
        " failed = excluded.failed, faults = excluded.faults",
        {
            "type": now.type, "done": now.done, "new": INDEX_VERSION, "last": now.last, "seen": now.seen,
            "changed": now.changed, "failed": now.failed, "faults": faults,
        },
    )  # fmt: skip


def _last(cursor: Raw, kind: str, after: str, batch: int) -> str | None:
    """The id at which the next batch ends, by rows and by bytes; None where nothing is left."""
    query = sql.SQL("SELECT id, octet_length(body) FROM {} WHERE id > %s ORDER BY id LIMIT %s")
    last, size = None, 0
    for key, length in cursor.execute(query.format(ledger.table(kind)), [after, batch]).fetchall():
        size += length
        if last is not None and size > BATCH_BYTES:
            break
        last = key
    return last


def _wanted(kind: str, rows: Sequence[Row]) -> tuple[list[tuple[Row, Index]], list[Fault]]:
    wanted, faults = [], []
    for row in rows:
        try:
            wanted.append((row, NOTHING if row.deleted else index_of(kind, orjson.loads(row.body))))
        except FhirProblem as found:
            faults.append(Fault(kind, row.id, found.code, found.expression or ""))
    return wanted, faults


def _sweep() -> Progress:
    """Remove what was indexed under search parameters that no type has any more: no writer would know of it."""
    with _cursor() as cursor:
        removed = reindex_rows.sweep(cursor)
    return Progress("", changed=removed, done=True)


@contextmanager
def _cursor() -> Iterator[Raw]:
    # psycopg's own errors are wanted here, to tell one from another
    with connection.cursor() as cursor:
        yield cast("Raw", cursor.cursor)
