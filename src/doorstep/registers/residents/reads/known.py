"""What is already held about the people of a batch: a handful of queries however large it is.

These reads serve matching, which must see the whole district to find that two records are one person; what they
answer never reaches a person's screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db import connection

from doorstep.registers.residents.rules import matching
from doorstep.registers.residents.rules.facts import Kind, is_trusted
from doorstep.registers.residents.rules.persons import Person
from doorstep.registers.residents.shapes import Incoming

SIZES = {"year": 4, "month": 7, "day": 10}
RECORDS = """
SELECT patient_id, id, resident_id, digest, last_seen FROM residents_residentrecord WHERE patient_id = ANY(%s)
"""
LOCK = "SELECT id FROM residents_residentrecord WHERE id = ANY(%s) ORDER BY patient_id FOR UPDATE"
CLAIMS = """
SELECT system, value, organisation_id, resident_id FROM residents_residentidentifier
WHERE trusted AND value = ANY(%s)
"""
PEOPLE = """
SELECT id, name, sex, birth_date, birth_precision, deceased, deceased_on, ethnic, said_by
FROM residents_resident WHERE id = ANY(%s)
"""
NAMES = "SELECT DISTINCT resident_id, text FROM residents_residentname WHERE resident_id = ANY(%s)"
NUMBERS = """
SELECT resident_id, kind, system, value, trusted FROM residents_residentidentifier WHERE resident_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Link:
    """An earlier version of a record: its id, its resident, what it said (digest), and the day it was last seen."""

    record: UUID
    resident: UUID
    digest: bytes
    seen: date


@dataclass(slots=True)
class Held:
    """What the database holds about a batch, kept up to date while the batch is worked through."""

    links: dict[str, Link] = field(default_factory=dict)
    index: matching.Index = field(default_factory=matching.Index)
    persons: dict[UUID, Person] = field(default_factory=dict)
    tellers: dict[UUID, UUID | None] = field(default_factory=dict)
    numbers: set[tuple[UUID, str, str]] = field(default_factory=set)


def birth_text(day: date | None, precision: str) -> str:
    """A birth date as far as it is known: YYYY, YYYY-MM or YYYY-MM-DD."""
    return day.isoformat()[: SIZES[precision]] if day else ""


def earlier(incoming: Sequence[Incoming]) -> Held:
    """The earlier versions of the records of a batch."""
    state = Held()
    with connection.cursor() as cursor:
        cursor.execute(RECORDS, [[i.patient_id for i in incoming if i.patient_id]])
        for patient_id, record, resident, digest, seen in cursor.fetchall():
            state.links[patient_id] = Link(record, resident, bytes(digest), seen.date())
    return state


def add_claims(state: Held, incoming: Sequence[Incoming]) -> None:
    """Add whatever matching these records needs: who holds their numbers, and who they were so far."""
    values = sorted({n.value for i in incoming for n in i.identifiers if is_trusted(n)})
    with connection.cursor() as cursor:
        cursor.execute(CLAIMS, [values])
        for system, value, organisation, resident in cursor.fetchall():
            state.index.claims[system, value, organisation] = resident
    known = [k.resident for i in incoming if (k := state.links.get(i.patient_id))]
    add_people(state, {*known, *state.index.claims.values()})


def add_people(state: Held, residents: Iterable[UUID]) -> None:
    """Add residents that are not held yet, with their names and numbers."""
    wanted = [r for r in residents if r not in state.index.people]
    if not wanted:
        return
    people = state.index.people
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, [wanted])
        for key, name, sex, born, precision, deceased, died, ethnic, said_by in cursor.fetchall():
            birth = birth_text(born, precision)
            death = died.isoformat() if died else "yes" if deceased else ""
            state.persons[key] = Person(name, sex, birth, death, ethnic)
            state.tellers[key] = said_by
            people[key] = matching.Known(key, [name] if name else [], sex, birth)
        cursor.execute(NAMES, [wanted])
        for key, text in cursor.fetchall():
            people[key].names.append(text)
        cursor.execute(NUMBERS, [wanted])
        for key, kind, system, value, trusted in cursor.fetchall():
            state.numbers.add((key, system, value))
            if trusted and kind == Kind.RESIDENT_ID.value:
                people[key].number = value


def lock(records: Sequence[UUID]) -> None:
    """Lock records that are about to change, always in the same order, so that two ingests never wait in a ring."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [list(records)])
        cursor.fetchall()
