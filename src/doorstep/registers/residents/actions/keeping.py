"""What a placed record makes of the tables: its link, its facts, and its part in the golden identity."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from doorstep.events.residents import ResidentsLinked, ResidentsRegistered
from doorstep.kernel.ids import new_id
from doorstep.kernel.outbox import emit
from doorstep.linkage import names, numbers
from doorstep.registers.residents.actions.rows import Rows, golden
from doorstep.registers.residents.reads.known import Held, Link
from doorstep.registers.residents.rules import matching, persons
from doorstep.registers.residents.rules.facts import Identifier, Kind
from doorstep.registers.residents.rules.persons import Person
from doorstep.registers.residents.shapes import Incoming


class Kept(NamedTuple):
    """A record with its place: the resident, whether new, the numbers that hold, its earlier version, its digest."""

    record: Incoming
    resident: UUID
    created: bool
    trusted: tuple[Identifier, ...]
    link: Link | None
    mark: bytes


@dataclass(slots=True)
class Work:
    """A batch under way: what is held, what will be written, and what the house will be told."""

    state: Held
    rows: Rows
    today: date
    placed: dict[str, UUID]
    created: dict[UUID, list[UUID]] = field(default_factory=dict)
    linked: dict[UUID, list[tuple[UUID, str]]] = field(default_factory=dict)


def keep(kept: Kept, work: Work) -> None:
    """Write down a placed record."""
    record, resident, rows, at = kept.record, kept.resident, work.rows, work.rows.at
    key = kept.link.record if kept.link else new_id()
    _person(kept, key, work)
    if kept.link:
        rows.said_again[key] = (resident, kept.mark)
    else:
        patient_id = record.patient_id or None
        rows.new["residentrecord"].append((key, 1, at, record.source, resident, patient_id, kept.mark, at, at))
    if kept.created:
        rows.new["residentpresence"].append((resident, record.source))
        work.created.setdefault(record.source, []).append(resident)
    elif kept.link is None:
        rows.arrivals.add((resident, record.source))
        work.linked.setdefault(record.source, []).append((resident, record.patient_id))
    _numbers(kept, key, work)
    _names(kept, key, work)
    _rest(kept, key, work)


def _person(kept: Kept, key: UUID, work: Work) -> None:
    record, state = kept.record, work.state
    number = next((i.value for i in kept.trusted if i.kind is Kind.RESIDENT_ID), "")
    facts = numbers.read_id(number) if number else ""
    name = persons.best_name([(n.text, n.use) for n in record.names])
    said = Person(name, record.sex, record.birth_date[:10], record.deceased[:10], record.ethnic)
    said = persons.by_number(said, None if isinstance(facts, str) else facts)
    if kept.created:
        state.persons[kept.resident], state.tellers[kept.resident] = said, key
        state.index.people[kept.resident] = matching.Known(kept.resident, [], said.sex, said.birth, number)
        work.rows.new["resident"].append((kept.resident, 1, work.rows.at, *golden(said), key))
    else:
        current, known = state.persons[kept.resident], state.index.people[kept.resident]
        own = state.tellers[kept.resident] == key
        fixed = numbers.read_id(known.number or number)
        settled = persons.settle(current, said, own=own)
        settled = persons.by_number(settled, None if isinstance(fixed, str) else fixed)
        known.sex, known.birth, known.number = settled.sex, settled.birth, known.number or number
        if settled != current:
            state.persons[kept.resident] = work.rows.changed[kept.resident] = settled
    state.index.people[kept.resident].names += [n.text for n in record.names]


def _numbers(kept: Kept, key: UUID, work: Work) -> None:
    trusted, source = set(kept.trusted), kept.record.source
    for identifier in kept.record.identifiers:
        kind, system, value = identifier.kind, identifier.system, identifier.value
        mark = (kept.resident, system, value)
        if mark in work.state.numbers:
            continue
        work.state.numbers.add(mark)
        holds = identifier in trusted
        owner = source if kind is Kind.HOSPITAL else None
        if holds:
            work.state.index.claims[system, value, owner] = kept.resident
        work.rows.new["residentidentifier"].append((kept.resident, key, kind.value, system, value, owner, holds))


def _names(kept: Kept, key: UUID, work: Work) -> None:
    """A record without a name is found by the name that the resident has elsewhere."""
    said = [n for n in kept.record.names if n.text]
    golden_name = work.state.persons[kept.resident].name
    if not said and golden_name:
        for found in names.keys(golden_name):
            row = (kept.resident, key, kept.record.source, "", golden_name, "", "", *found)
            work.rows.new["residentname"].append(row)
    for name in said:
        for turn, found in enumerate(names.keys(name.text, name.family, name.given)):
            use = "reading" if turn else name.use
            row = (kept.resident, key, kept.record.source, use, name.text, name.family, name.given, *found)
            work.rows.new["residentname"].append(row)


def _rest(kept: Kept, key: UUID, work: Work) -> None:
    record, resident, new = kept.record, kept.resident, work.rows.new
    new["residentphone"] += [(resident, key, p.use, p.value) for p in dict.fromkeys(record.phones)]
    new["residentaddress"] += [(resident, key, a.use, a.text, a.division) for a in record.addresses]
    for guardian in record.guardians:
        row = (resident, key, None, guardian.name, guardian.phone, guardian.relation, None, None)
        new["residentguardian"].append(row)


def tell(work: Work) -> None:
    """Publish one event a source for the new residents and one for the linked records."""
    for organisation, residents in work.created.items():
        emit(ResidentsRegistered(organisation, tuple(residents)))
    for organisation, pairs in work.linked.items():
        emit(ResidentsLinked(organisation, tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)))
