"""Writing down what a placed record says: its link, its facts, its form for comparison, and its part in the golden
identity."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from doorstep.events.residents import ResidentsLinked, ResidentsRegistered
from doorstep.kernel.ids import new_id
from doorstep.kernel.outbox import emit
from doorstep.linkage import names
from doorstep.registers.residents.actions.rows import Rows, golden
from doorstep.registers.residents.reads.known import Held, Link
from doorstep.registers.residents.reads.near import Nearby, packed
from doorstep.registers.residents.rules import matching, persons
from doorstep.registers.residents.rules.facts import Identifier, Kind
from doorstep.registers.residents.rules.placing import Place, Question
from doorstep.registers.residents.rules.sayings import Saying
from doorstep.registers.residents.shapes import Incoming


class Kept(NamedTuple):
    """A record with its place: its number in the batch, its resident, whether new, the numbers that hold, its earlier
    version, its digest, what it says, and by what it was placed."""

    number: int
    record: Incoming
    resident: UUID
    created: bool
    trusted: tuple[Identifier, ...]
    link: Link | None
    mark: bytes
    said: Saying
    place: Place


@dataclass(slots=True)
class Work:
    """A batch under way: what is held and near, what will be written, and what the house will be told."""

    state: Held
    near: Nearby
    rows: Rows
    today: date
    created: dict[UUID, list[UUID]] = field(default_factory=dict)
    linked: dict[UUID, list[tuple[UUID, str]]] = field(default_factory=dict)
    questions: list[tuple[UUID, Question]] = field(default_factory=list)
    regroup: list[UUID] = field(default_factory=list)
    parted: dict[UUID, UUID] = field(default_factory=dict)


def keep(kept: Kept, work: Work) -> None:
    """Write down a placed record."""
    record, resident, rows, at = kept.record, kept.resident, work.rows, work.rows.at
    key = kept.link.record if kept.link else new_id()
    _person(kept, key, work)
    if kept.link:
        rows.said_again[key] = (resident, kept.mark)
    else:
        how = kept.place.how, kept.place.bits, kept.place.against
        row = (key, 1, at, record.source, resident, record.patient_id or None, kept.mark, *how, at, at)
        rows.new["residentrecord"].append(row)
    if kept.created:
        rows.new["residentpresence"].append((resident, record.source))
        work.created.setdefault(record.source, []).append(resident)
    elif kept.link is None:
        rows.arrivals.add((resident, record.source))
        work.linked.setdefault(record.source, []).append((resident, record.patient_id))
    _numbers(kept, key, work)
    _names(kept, key, work)
    _rest(kept, key, work)
    _compared(kept, key, work)


def _person(kept: Kept, key: UUID, work: Work) -> None:
    record, state = kept.record, work.state
    number = next((i.value for i in kept.trusted if i.kind is Kind.RESIDENT_ID), "")
    known = state.index.people.get(kept.resident)
    if known is None:
        known = state.index.people[kept.resident] = matching.Known(kept.resident, [])
        state.said[kept.resident] = {}
    known.number = known.number or number
    known.add(kept.said, (n.text for n in record.names))
    state.said[kept.resident][key] = kept.said
    told = persons.fold((each.person for each in state.said[kept.resident].values()), known.number)
    if kept.created:
        work.rows.new["resident"].append((kept.resident, 1, work.rows.at, *golden(told)))
    elif told != state.persons[kept.resident]:
        work.rows.changed[kept.resident] = told
    state.persons[kept.resident] = told


def _numbers(kept: Kept, key: UUID, work: Work) -> None:
    trusted, source = set(kept.trusted), kept.record.source
    for identifier in kept.record.identifiers:
        kind, system, value = identifier.kind, identifier.system, identifier.value
        known = work.state.numbers.setdefault((kept.resident, system, value), set())
        if key in known:
            continue
        holds = identifier in trusted and not known  # who said it first holds it; the others' word is kept beside it
        known.add(key)
        owner = source if kind is Kind.HOSPITAL else None
        if holds:
            work.state.index.claims[system, value, owner] = kept.resident
            work.state.index.holders[system, value, owner] = key
        work.rows.new["residentidentifier"].append((kept.resident, key, kind.value, system, value, owner, holds))


def _names(kept: Kept, key: UUID, work: Work) -> None:
    """A record without a name is found by the name that the resident has elsewhere."""
    said = [n for n in kept.record.names if n.text]
    golden_name = work.state.persons[kept.resident].name
    if not said and golden_name:
        for found in names.keys(golden_name):
            row = (kept.resident, key, kept.record.source, "", golden_name, "", "", *_cut(found))
            work.rows.new["residentname"].append(row)
    for name in said:
        for turn, found in enumerate(names.keys(name.text, name.family, name.given)):
            use = "reading" if turn else name.use
            row = (kept.resident, key, kept.record.source, use, name.text, name.family, name.given, *_cut(found))
            work.rows.new["residentname"].append(row)


def _cut(found: names.Keys) -> tuple[str, str, str]:
    """The keys of a name as long as their columns: a name of 200 characters has pinyin of a thousand."""
    return found.hanzi[:200], found.full[:400], found.short[:400]


def _rest(kept: Kept, key: UUID, work: Work) -> None:
    record, resident, new = kept.record, kept.resident, work.rows.new
    new["residentphone"] += [(resident, key, p.use, p.value) for p in dict.fromkeys(record.phones)]
    new["residentaddress"] += [(resident, key, a.use, a.text, a.division) for a in record.addresses]
    for guardian in record.guardians:
        row = (resident, key, None, guardian.name, guardian.phone, guardian.relation, None, None)
        new["residentguardian"].append(row)


def _compared(kept: Kept, key: UUID, work: Work) -> None:
    facts, keys = work.near.facts[kept.number], work.near.keys[kept.number]
    work.rows.new["residentfacts"].append((key, kept.said.encoded(), packed(facts), list(keys)))
    work.rows.new["residentkey"] += [(each, key) for each in keys]
    work.near.add(kept.number, key, kept.resident)
    work.questions += [(key, question) for question in kept.place.questions]
    if kept.place.parts:
        work.parted[key] = kept.resident
    if kept.place.regroup:
        work.regroup.append(key)


def tell(work: Work) -> None:
    """Publish one event a source for the new residents and one for the linked records."""
    for organisation, residents in work.created.items():
        emit(ResidentsRegistered(organisation, tuple(residents)))
    for organisation, pairs in work.linked.items():
        emit(ResidentsLinked(organisation, tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)))
