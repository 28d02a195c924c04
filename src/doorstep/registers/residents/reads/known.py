"""What is already held about the people of a batch: a handful of queries however large it is.

These reads serve matching, which must see the whole district to find that two records are one person; what they
answer never reaches a person's screen. Each is bounded for one resident too: a source may send a record a thousand
times under as many ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db import IntegrityError, connection

from doorstep.kernel.prepared import ask
from doorstep.registers.residents.rules import matching
from doorstep.registers.residents.rules.facts import Kind, is_trusted
from doorstep.registers.residents.rules.persons import Person
from doorstep.registers.residents.rules.sayings import Saying, decoded
from doorstep.registers.residents.shapes import Incoming

SIZES = {"year": 4, "month": 7, "day": 10}
MOST = 100
"""Records of a resident, and names, that are looked at: the first."""
RECORDS = """
SELECT patient_id, id, resident_id, digest, last_seen FROM residents_residentrecord WHERE patient_id = ANY(%s)
"""
LOCK = "SELECT id FROM residents_residentrecord WHERE id = ANY(%s) ORDER BY patient_id FOR UPDATE"
CLAIMS = """
SELECT system, value, organisation_id, resident_id, record_id FROM residents_residentidentifier
WHERE trusted AND value = ANY(%s)
"""
PEOPLE = """
SELECT id, name, sex, birth_date, birth_precision, deceased, deceased_on, ethnic
FROM residents_resident WHERE id = ANY(%s)
"""
SAID = f"""
SELECT w.id, r.id, f.said FROM unnest(%s::uuid[]) AS w(id)
CROSS JOIN LATERAL (SELECT id FROM residents_residentrecord WHERE resident_id = w.id ORDER BY id LIMIT {MOST}) r
JOIN residents_residentfacts f ON f.record_id = r.id ORDER BY r.id
"""  # noqa: S608  a number of our own
NAMES = f"""
SELECT DISTINCT w.id, n.text FROM unnest(%s::uuid[]) AS w(id)
CROSS JOIN LATERAL (SELECT text FROM residents_residentname WHERE resident_id = w.id LIMIT {MOST}) n
"""  # noqa: S608  a number of our own
NUMBERS = """
SELECT resident_id, system, value, record_id FROM residents_residentidentifier
WHERE value = ANY(%s) AND resident_id = ANY(%s)
"""
IDS = """
SELECT resident_id, value FROM residents_residentidentifier WHERE resident_id = ANY(%s) AND kind = %s AND trusted
"""
STANDING = """
SELECT id FROM residents_resident WHERE id = ANY(%s) AND merged_into_id IS NULL ORDER BY id FOR KEY SHARE
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
    """What the database holds about a batch, kept up to date while the batch is worked through.

    ``said`` is what each record of a resident says, in the order of arrival; ``numbers`` tells which records said a
    number of a resident's.
    """

    links: dict[str, Link] = field(default_factory=dict)
    index: matching.Index = field(default_factory=matching.Index)
    persons: dict[UUID, Person] = field(default_factory=dict)
    said: dict[UUID, dict[UUID, Saying]] = field(default_factory=dict)
    numbers: dict[tuple[UUID, str, str], set[UUID | None]] = field(default_factory=dict)


def birth_text(day: date | None, precision: str) -> str:
    """A birth date as far as it is known: YYYY, YYYY-MM or YYYY-MM-DD."""
    return day.isoformat()[: SIZES[precision]] if day else ""


def earlier(incoming: Sequence[Incoming]) -> Held:
    """The earlier versions of the records of a batch."""
    state = Held()
    (rows,) = ask((RECORDS, [[i.patient_id for i in incoming if i.patient_id]]))
    for patient_id, record, resident, digest, seen in rows:
        state.links[patient_id] = Link(record, resident, bytes(digest), seen.date())
    return state


def add_claims(state: Held, incoming: Sequence[Incoming]) -> None:
    """Add who holds the numbers of these records, and to whom their earlier versions belong."""
    values = sorted({n.value for i in incoming for n in i.identifiers if is_trusted(n)})
    (rows,) = ask((CLAIMS, [values]))
    for system, value, organisation, resident, record in rows:
        state.index.claims[system, value, organisation] = resident
        if record is not None:
            state.index.holders[system, value, organisation] = record


def add_people(state: Held, residents: Iterable[UUID], incoming: Sequence[Incoming]) -> None:
    """Add residents that are not held yet: what their records say, and which of the batch's numbers they have."""
    wanted = sorted(set(residents) - state.index.people.keys())
    if not wanted:
        return
    people = state.index.people
    values = sorted({n.value for i in incoming for n in i.identifiers})
    of_all, said, called, held, ids = ask(
        (PEOPLE, [wanted]), (SAID, [wanted]), (NAMES, [wanted]), (NUMBERS, [values, wanted]),
        (IDS, [wanted, Kind.RESIDENT_ID.value]),
    )  # fmt: skip
    for key, name, sex, born, precision, deceased, died, ethnic in of_all:
        death = died.isoformat() if died else "yes" if deceased else ""
        state.persons[key] = Person(name, sex, birth_text(born, precision), death, ethnic)
        people[key] = matching.Known(key, [name] if name else [])
        state.said[key] = {}
    for key, record, words in said:
        state.said[key][record] = decoded(words)
        people[key].add(state.said[key][record])
    for key, text in called:
        people[key].names.append(text)
    for key, system, value, record in held:
        state.numbers.setdefault((key, system, value), set()).add(record)
    for key, value in ids:
        people[key].number = value


def lock(records: Sequence[UUID]) -> None:
    """Lock records that are about to change, always in the same order, so that two ingests never wait in a ring."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [list(records)])
        cursor.fetchall()


def demand_standing(residents: Iterable[UUID]) -> None:
    """Hold residents so that no merge takes them before this transaction ends; raises ``IntegrityError`` where one
    was merged into another since it was read: the batch is to be run again."""
    wanted = sorted(set(residents))
    if not wanted:
        return
    (rows,) = ask((STANDING, [wanted]))
    if len(rows) < len(wanted):
        raise IntegrityError("a resident was merged into another meanwhile")
