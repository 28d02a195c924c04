"""The rows that a batch adds and changes, and their way into the tables: COPY, in one order of tables and keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection

from doorstep.kernel.prepared import ask
from doorstep.linkage import names
from doorstep.registers.residents.rules.facts import read_date
from doorstep.registers.residents.rules.persons import Person

Row = tuple[Any, ...]
COLUMNS = {
    "resident": "id version created_at name pinyin sex birth_date birth_precision deceased deceased_on ethnic",
    "residentrecord": (
        "id version created_at organisation_id resident_id patient_id digest how bits against first_seen last_seen"
    ),
    "residentpresence": "resident_id organisation_id",
    "residentidentifier": "resident_id record_id kind system value organisation_id trusted",
    "residentname": "resident_id record_id organisation_id use text family given hanzi full short",
    "residentphone": "resident_id record_id use value",
    "residentaddress": "resident_id record_id use text division",
    "residentguardian": "resident_id record_id guardian_id name phone relation start end",
    "residentfacts": "record_id said facts keys",
    "residentkey": "key record_id",
}
_KEYS = "INSERT INTO residents_residentkey (key, record_id) SELECT * FROM unnest(%s::bigint[], %s::uuid[])"
MANY_KEYS = 400
"""Keys of some dozens of records: up to here one INSERT of arrays costs less than COPY."""
FEW = 20
"""Rows of a table from which on COPY costs less than so many INSERTs."""
# Facts that a new version of a record replaces; numbers only grow, for others may rest on them.
REPLACED = ("residentname", "residentphone", "residentaddress", "residentguardian")
ARRIVE = """
INSERT INTO residents_residentpresence (resident_id, organisation_id)
SELECT * FROM unnest(%s::uuid[], %s::uuid[]) ON CONFLICT DO NOTHING
"""
CHANGE = """
UPDATE residents_resident SET version = version + 1, name = %s, pinyin = %s, sex = %s, birth_date = %s,
birth_precision = %s, deceased = %s, deceased_on = %s, ethnic = %s WHERE id = %s
AND (name, pinyin, sex, birth_date, birth_precision, deceased, deceased_on, ethnic) IS DISTINCT FROM
  (%s, %s, %s, %s::date, %s, %s, %s::date, %s)
"""
SAID_AGAIN = """
UPDATE residents_residentrecord SET version = version + 1, digest = %s, last_seen = %s WHERE id = %s
"""
_CLEAR_KEYS = """
DELETE FROM residents_residentkey k USING residents_residentfacts f
WHERE f.record_id = ANY(%s) AND k.key = ANY(f.keys) AND k.record_id = f.record_id
"""
_CLEAR_FACTS = "DELETE FROM residents_residentfacts WHERE record_id = ANY(%s)"
SEEN = "UPDATE residents_residentrecord SET last_seen = %s WHERE id = ANY(%s)"


@dataclass(slots=True)
class Rows:
    """What a batch writes; ``new`` by table, the rest are changes of rows that exist."""

    at: datetime
    new: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in COLUMNS})
    arrivals: set[tuple[UUID, UUID]] = field(default_factory=set)
    changed: dict[UUID, Person] = field(default_factory=dict)
    said_again: dict[UUID, tuple[UUID, bytes]] = field(default_factory=dict)
    seen: list[UUID] = field(default_factory=list)


def golden(person: Person) -> Row:
    """The columns of a golden identity, ``name`` to ``ethnic``."""
    keys = names.keys(person.name)[0].full if person.name else ""
    born = read_date(person.birth)
    died = read_date(person.deceased)
    return (
        person.name,
        keys[:200],
        person.sex,
        born[0] if born else None,
        born[1] if born else "day",
        bool(person.deceased),
        died[0] if died else None,
        person.ethnic,
    )


def write(rows: Rows) -> None:
    """Write a batch. A number or record that another transaction took first raises ``django.db.IntegrityError``."""
    with connection.cursor() as cursor, connection.wrap_database_errors:
        _add(cursor, rows, ("resident", "residentrecord"))
        _clear(cursor, rows)
        _add(cursor, rows, tuple(COLUMNS)[2:])
        _change(cursor, rows)


def _add(cursor: Any, rows: Rows, tables: Iterable[str]) -> None:
    """COPY where there are many rows, one round trip of INSERTs where there are few."""
    few: list[tuple[str, Sequence[Any]]] = []
    for table in tables:
        if table == "residentkey" and 0 < len(rows.new[table]) <= MANY_KEYS:
            few.append((_KEYS, [list(column) for column in zip(*rows.new[table], strict=True)]))
        elif len(rows.new[table]) > FEW:
            columns = ", ".join(f'"{c}"' for c in COLUMNS[table].split())
            with cursor.copy(f"COPY residents_{table} ({columns}) FROM STDIN") as copy:
                for row in rows.new[table]:
                    copy.write_row(row)
        else:
            few += [(_insert(table), row) for row in rows.new[table]]
    ask(*few)


@cache
def _insert(table: str) -> str:
    columns = COLUMNS[table].split()
    listed = ", ".join(f'"{c}"' for c in columns)
    return f"INSERT INTO residents_{table} ({listed}) VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608  our own names


def forget_form(cursor: Any, records: Sequence[UUID]) -> None:
    """Take away the form of records for comparison, and their keys, so that they can be given anew."""
    cursor.execute(_CLEAR_KEYS, [list(records)])
    cursor.execute(_CLEAR_FACTS, [list(records)])


def _clear(cursor: Any, rows: Rows) -> None:
    if not rows.said_again:
        return
    records, residents = list(rows.said_again), [r for r, _ in rows.said_again.values()]
    forget_form(cursor, records)
    for table in REPLACED:
        cursor.execute(
            f"DELETE FROM residents_{table} WHERE resident_id = ANY(%s) AND record_id = ANY(%s)",  # noqa: S608  # our own names
            [residents, records],
        )


def _change(cursor: Any, rows: Rows) -> None:
    if rows.arrivals:
        pairs = sorted(rows.arrivals)
        cursor.execute(ARRIVE, [[p[0] for p in pairs], [p[1] for p in pairs]])
    for record in sorted(rows.said_again):
        cursor.execute(SAID_AGAIN, [rows.said_again[record][1], rows.at, record])
    for resident in sorted(rows.changed):
        change(cursor, resident, rows.changed[resident])
    if rows.seen:
        cursor.execute(SEEN, [rows.at, sorted(rows.seen)])


def change(cursor: Any, resident: UUID, person: Person) -> None:
    """Write another golden identity; one that is the same stays untouched."""
    values = golden(person)
    cursor.execute(CHANGE, [*values, resident, *values])


def sort(rows: Rows) -> None:
    """Bring unique keys into one order, so that two batches at once cannot wait for each other in a ring."""
    columns = COLUMNS["residentrecord"].split()
    at = columns.index("patient_id")
    rows.new["residentrecord"].sort(key=lambda r: r[at] or "")
    rows.new["residentidentifier"].sort(key=_number_order)


def _number_order(row: Sequence[Any]) -> tuple[str, str]:
    return row[4], row[3]
