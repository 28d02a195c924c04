"""What the tables of the index hold of resources, compared with what they should, and rewritten where it differs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Cursor, sql

from doorstep.fhir.indexing import Index
from doorstep.fhir.tables import known_types
from doorstep.kernel import ledger, ledger_index

Raw = Cursor[Any]
# the columns beside the id, with the rows that a resource's index has for them
SHARED: dict[str, tuple[str, Callable[[Index], Sequence[tuple[Any, ...]]]]] = {
    "fhir_string": ("param, value, raw", lambda index: index.strings),
    "fhir_date": ("param, lo, hi", lambda index: index.dates),
    "fhir_number": ("param, lo, hi", lambda index: index.numbers),
}
CODES = "code, patient, at, source, sensitive"


class Row(NamedTuple):
    """A row of the ledger, with the columns of its index."""

    id: str
    source: UUID
    deleted: bool
    patient: str | None
    at: datetime | None
    at_end: datetime | None
    tokens: list[int]
    sensitive: int
    body: str


Wanted = Sequence[tuple[Row, Index]]


@dataclass(slots=True)
class Narrow:
    """The rows of the narrow tables that one resource has: how often each, by table, and where they lie."""

    values: dict[str, Counter[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(Counter))
    places: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def locked(cursor: Raw, kind: str, after: str, last: str) -> list[Row]:
    """The rows from after one id to another as they stand now, locked as a writer locks them: by id."""
    query = sql.SQL(
        "SELECT id, source, deleted, patient, at, at_end, tok, sensitive, body FROM {} WHERE id > %s AND id <= %s"
        " ORDER BY id FOR UPDATE"
    )
    return [Row(*row) for row in cursor.execute(query.format(ledger.table(kind)), [after, last]).fetchall()]


def rewrite(cursor: Raw, kind: str, wanted: Wanted) -> int:
    """Let the (locked) rows be indexed so; returns how many were indexed otherwise."""
    stands = _narrow(cursor, kind, wanted)
    columns = [(row, index) for row, index in wanted if _differs(row, index)]
    narrow = [(row, index) for row, index in wanted if stands[row.id].values != _should(kind, row, index)]
    _update(cursor, kind, columns)
    _remove(cursor, [stands[row.id] for row, _ in narrow])
    ledger_index.add(cursor, [(kind, row.id, row.source, index) for row, index in narrow])
    return len({row.id for row, _ in (*columns, *narrow)})


def _differs(row: Row, index: Index) -> bool:
    """Whether the columns say something else; in which order tokens stand says nothing."""
    stands = (row.patient, row.at, row.at_end, row.sensitive)
    if stands != (index.patient, index.at, index.at_end, index.sensitive):
        return True
    return row.tokens != index.tokens and sorted(row.tokens) != sorted(index.tokens)


def _should(kind: str, row: Row, index: Index) -> dict[str, Counter[tuple[Any, ...]]]:
    found = {table: Counter(values(index)) for table, (_, values) in SHARED.items()}
    if kind in ledger_index.HOT:
        found[_code_table(kind)] = Counter(
            [(code, index.patient, index.at, row.source, index.sensitive) for code in index.codes]
        )
    return {table: counted for table, counted in found.items() if counted}


def _narrow(cursor: Raw, kind: str, wanted: Wanted) -> dict[str, Narrow]:
    """What the narrow tables hold of the rows; nobody changes it while the rows are locked."""
    found = {row.id: Narrow() for row, _ in wanted}
    ids, keys = list(found), frozenset(ledger_index.keys_of(kind))
    for table, (columns, _) in SHARED.items():
        query = sql.SQL("SELECT id, ctid::text, {} FROM {} WHERE id = ANY(%s)")
        rows = cursor.execute(query.format(sql.SQL(columns), sql.Identifier(table)), [ids]).fetchall()
        # resources of other types may have the same ids
        _gather(found, table, [row for row in rows if row[2] in keys])
    if kind in ledger_index.HOT:
        _gather(found, _code_table(kind), _codes(cursor, kind, wanted))
    return found


def _codes(cursor: Raw, kind: str, wanted: Wanted) -> list[tuple[Any, ...]]:
    """The rows of hot codes, sought by patient: of one patient once, however many of the rows are about them."""
    ids = [row.id for row, _ in wanted]
    patients = {whose for row, index in wanted for whose in (row.patient, index.patient) if whose is not None}
    table, columns = sql.Identifier(_code_table(kind)), sql.SQL(CODES)
    # the id as an expression, lest the index be searched for each pair of patient and id
    query = sql.SQL("SELECT id, ctid::text, {} FROM {} WHERE patient = ANY(%s) AND id || '' = ANY(%s)")
    found = cursor.execute(query.format(columns, table), [sorted(patients), ids]).fetchall()
    query = sql.SQL("SELECT id, ctid::text, {} FROM {} WHERE patient IS NULL AND id = ANY(%s)")
    return [*found, *cursor.execute(query.format(columns, table), [ids]).fetchall()]


def _code_table(kind: str) -> str:
    return f"fhir_{kind.lower()}_code"


def _gather(found: dict[str, Narrow], table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    for key, place, *values in rows:
        found[key].values[table][tuple(values)] += 1
        found[key].places[table].append(place)


def _update(cursor: Raw, kind: str, rows: Wanted) -> None:
    query = sql.SQL("UPDATE {} SET patient = %s, at = %s, at_end = %s, tok = %s, sensitive = %s WHERE id = %s")
    cursor.executemany(
        query.format(ledger.table(kind)),
        [(i.patient, i.at, i.at_end, i.tokens, i.sensitive, row.id) for row, i in rows],
    )


def _remove(cursor: Raw, narrow: Sequence[Narrow]) -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for one in narrow:
        for table, there in one.places.items():
            places[table] += there
    for table, there in sorted(places.items()):
        query = sql.SQL("DELETE FROM {} WHERE ctid = ANY(%s::tid[])").format(sql.Identifier(table))
        cursor.execute(query, [there])


def sweep(cursor: Raw) -> int:
    """Remove the values under keys that no type has; returns how many. The keys are found by leaps over the index."""
    keys = {key for kind in known_types() for key in ledger_index.keys_of(kind)}
    removed = 0
    for table in SHARED:
        name = sql.Identifier(table)
        query = sql.SQL(
            "WITH RECURSIVE one AS ((SELECT param FROM {0} ORDER BY param LIMIT 1) UNION ALL"
            " SELECT (SELECT t.param FROM {0} t WHERE t.param > one.param ORDER BY t.param LIMIT 1) FROM one"
            " WHERE one.param IS NOT NULL) SELECT param FROM one WHERE param IS NOT NULL"
        )
        strange = [row[0] for row in cursor.execute(query.format(name)).fetchall() if row[0] not in keys]
        if strange:
            removed += cursor.execute(sql.SQL("DELETE FROM {} WHERE param = ANY(%s)").format(name), [strange]).rowcount
    return removed
