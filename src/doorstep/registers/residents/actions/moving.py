"""Records go from one resident to another with all that they said, in few statements however many they are.

Nothing is written about a person but where it lies: what a record said stays as it was said, and the golden identity
is made again from the records, so that a move and its way back leave all as before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final
from uuid import UUID

from django.db import connection

from doorstep.kernel import clock
from doorstep.registers.residents.actions.rows import change
from doorstep.registers.residents.reads.known import IDS, SAID
from doorstep.registers.residents.rules import persons
from doorstep.registers.residents.rules.facts import Kind
from doorstep.registers.residents.rules.persons import Person
from doorstep.registers.residents.rules.sayings import decoded

FACTS: Final = ("residentidentifier", "residentname", "residentphone", "residentaddress", "residentguardian")
"""The tables whose rows follow their record."""
_LOCK: Final = "SELECT id FROM residents_resident WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
_RECORDS: Final = """
UPDATE residents_residentrecord r SET resident_id = m.after, version = r.version + 1
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS m(record, before, after) WHERE r.id = m.record
"""
_ROWS: Final = """
UPDATE residents_{table} t SET resident_id = m.after
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS m(record, before, after)
WHERE t.resident_id = m.before AND t.record_id = m.record
"""
_TOLD: Final = """
INSERT INTO residents_recordmove (record_id, before_id, after_id, how, actor, at)
SELECT m.*, %s, %s, %s FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS m(record, before, after)
"""
_GONE: Final = """
DELETE FROM residents_residentpresence p WHERE p.resident_id = ANY(%s) AND NOT EXISTS (
  SELECT 1 FROM residents_residentrecord r
  WHERE r.resident_id = p.resident_id AND r.organisation_id = p.organisation_id)
"""
_COME: Final = """
INSERT INTO residents_residentpresence (resident_id, organisation_id)
SELECT DISTINCT resident_id, organisation_id FROM residents_residentrecord WHERE resident_id = ANY(%s)
ON CONFLICT DO NOTHING
"""


def hold(residents: Iterable[UUID]) -> None:
    """Lock residents, always in one order, so that no record comes to them and no other merge takes them."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [sorted(set(residents))])
        cursor.fetchall()


def move(moves: Mapping[UUID, tuple[UUID, UUID]], how: str, actor: str) -> None:
    """Move records (id to the resident before and after) with what they said; the residents must be held."""
    if not moves:
        return
    columns = [list(moves), [before for before, _ in moves.values()], [after for _, after in moves.values()]]
    with connection.cursor() as cursor:
        cursor.execute(_RECORDS, columns)
        for table in FACTS:
            cursor.execute(_ROWS.format(table=table), columns)
        cursor.execute(_TOLD, [how, actor, clock.now(), *columns])
    refresh({*columns[1], *columns[2]})


def refresh(residents: Collection[UUID]) -> None:
    """Make presence and golden identity anew from the records that residents have; one without any stays as told."""
    wanted = sorted(residents)
    with connection.cursor() as cursor:
        cursor.execute(_GONE, [wanted])
        cursor.execute(_COME, [wanted])
        for resident, person in _golden(wanted).items():
            change(cursor, resident, person)


def _golden(residents: list[UUID]) -> dict[UUID, Person]:
    said: dict[UUID, list[Person]] = {}
    with connection.cursor() as cursor:
        cursor.execute(SAID, [residents])
        for resident, _, words in cursor.fetchall():
            said.setdefault(resident, []).append(decoded(words).person)
        cursor.execute(IDS, [residents, Kind.RESIDENT_ID.value])
        numbers = dict(cursor.fetchall())
    return {resident: persons.fold(told, numbers.get(resident, "")) for resident, told in said.items()}
