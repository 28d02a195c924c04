"""Frozen records that enter and leave the room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from doorstep.kernel.paging import Paged
from doorstep.registers.residents.rules.facts import Finding, Identifier
from doorstep.registers.residents.rules.reviewing import Marked, Step


class Name(NamedTuple):
    """A name as a source said it; ``use`` is FHIR's (official, usual, old, maiden …)."""

    text: str
    family: str = ""
    given: str = ""
    use: str = ""


class Phone(NamedTuple):
    """A telephone number in its one form (digits)."""

    value: str
    use: str = ""


class Address(NamedTuple):
    """An address: its words and its division code (GB/T 2260 and below: 2, 4, 6, 9 or 12 digits; empty if unknown)."""

    text: str
    division: str = ""
    use: str = ""


class Guardian(NamedTuple):
    """Who answers for a person: name, telephone, relation to the person (GB/T 4761 or the source's code)."""

    name: str
    phone: str = ""
    relation: str = ""


class Incoming(NamedTuple):
    """One patient record of a source, tidied. ``patient_id`` is the FHIR id (empty: registered by hand); ``sex`` is
    GB/T 2261.1; ``birth_date`` FHIR text; ``deceased`` the day as FHIR text, ``yes`` or empty; ``ethnic`` GB/T 3304;
    ``rank`` a twin's place (1, 2, …), 0 for others."""

    patient_id: str
    source: UUID
    identifiers: tuple[Identifier, ...] = ()
    names: tuple[Name, ...] = ()
    sex: str = "0"
    birth_date: str = ""
    phones: tuple[Phone, ...] = ()
    addresses: tuple[Address, ...] = ()
    deceased: str = ""
    ethnic: str = ""
    guardians: tuple[Guardian, ...] = ()
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whose record it is; None with the problem that keeps it out. ``warnings`` do not."""

    patient_id: str
    resident: UUID | None
    created: bool = False
    problem: Finding | None = None
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Dwells:
    """Where a resident lives, as far as it is known: household, words of addresses, division codes."""

    resident: UUID
    name: str
    household: UUID | None
    addresses: frozenset[str]
    divisions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Header:
    """The head of every page about a resident; ``number`` is masked, ``age`` in years, ``birth`` as far as known."""

    id: UUID
    name: str
    sex: str
    birth: str
    age: int | None
    number: str
    deceased: bool
    ethnic: str
    version: int


@dataclass(frozen=True, slots=True)
class Line:
    """A resident in a list: ``found_by`` is the name or number that the search matched, numbers masked."""

    id: UUID
    name: str
    sex: str
    birth: str
    age: int | None
    number: str
    phone: str
    deceased: bool
    organisations: tuple[str, ...]
    found_by: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One source record of a resident; ``patient_id`` is the FHIR id, empty where registered by hand."""

    patient_id: str
    organisation: UUID
    first_seen: datetime
    last_seen: datetime
    organisation_name: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a resident, as the page shows it."""

    kind: str
    system: str
    value: str
    trusted: bool
    organisation_name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a household with the relation to its head (GB/T 4761)."""

    id: int
    resident: UUID
    name: str
    relation: str
    is_head: bool


@dataclass(frozen=True, slots=True)
class Home:
    """A household with those who live in it today."""

    id: UUID
    version: int
    address: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Ward:
    """A guardian of a resident, within a time."""

    id: int
    name: str
    phone: str
    relation: str
    start: date | None
    end: date | None
    resident: UUID | None


@dataclass(frozen=True, slots=True)
class Identity:
    """All that the house knows of who a resident is."""

    header: Header
    numbers: tuple[Number, ...]
    names: tuple[Name, ...]
    phones: tuple[Phone, ...]
    addresses: tuple[Address, ...]
    guardians: tuple[Ward, ...]
    sources: tuple[Source, ...]
    home: Home | None


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration by hand did: the resident, and whether the person was new to the district."""

    resident: UUID
    created: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a number; ``resident`` is None outside the caller's scope, and the name is masked then."""

    resident: UUID | None
    name: str


@dataclass(frozen=True, slots=True)
class Match:
    """A record that may be a person described: its FHIR id, whose it is, a score from 0 to 1 and FHIR's grade."""

    patient_id: str
    resident: UUID
    score: float
    grade: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """A resident who holds a number: the FHIR id of a record that tells it, and what of a description is another's
    (``name``, ``sex``, ``birth_date``), or empty."""

    patient_id: str
    resident: UUID
    against: str


@dataclass(frozen=True, slots=True)
class Beside:
    """One of the two records of a doubtful pair, as it says who it is; ``resident`` is whose it is today."""

    record: UUID
    resident: UUID
    name: str
    sex: str
    birth: str
    organisation_name: str
    patient_id: str
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A doubtful pair in the queue: why it waits, and how many answers it has of those it needs."""

    id: UUID
    left: Beside
    right: Beside
    reason: str
    detail: str
    bits: float
    state: str
    needed: int
    answered: int
    mine: bool
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of the queue, and how many pairs there are in each state: counted up to a bound, one more means above."""

    paged: Paged[Waiting]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Compared:
    """A line of the table of two records: what each says, marked where they differ, and how that compares (``verdict``
    is empty for what is not compared)."""

    key: str
    left: tuple[Marked, ...]
    right: tuple[Marked, ...]
    verdict: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A reviewer's answer in the history of a pair; ``mine`` is the caller's own."""

    id: int
    name: str
    answer: str
    note: str
    at: datetime
    withdrawn_at: datetime | None
    mine: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """A merge of the two residents in the history of a pair, by whom and how; undone where it was."""

    name: str
    how: str
    note: str
    at: datetime
    undone_at: datetime | None
    undone_by: str


@dataclass(frozen=True, slots=True)
class Weight:
    """What the rule of today makes of a pair: the bars of the waterfall, their sum, and the two thresholds."""

    steps: tuple[Step, ...]
    bits: float
    review: float
    link: float


@dataclass(frozen=True, slots=True)
class Pair:
    """All that a reviewer sees of a doubtful pair; ``hidden`` answers of others are shown once the caller answered.
    ``weight`` is None where a record must first be brought into today's form."""

    waiting: Waiting
    version: int
    lines: tuple[Compared, ...]
    weight: Weight | None
    answers: tuple[Told, ...]
    merges: tuple[Joined, ...]
    hidden: int
    more: int
    older: UUID | None
    newer: UUID | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What an answer did: the judgement, and the state in which the pair is now."""

    judgement: int
    state: str


@dataclass(frozen=True, slots=True)
class Charge:
    """That a resident answers for another: with the relation and the time that was registered."""

    ward: UUID
    name: str
    birth: date | None
    deceased: bool
    relation: str
    start: date | None
    end: date | None
