"""Frozen records that enter and leave the room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from doorstep.registers.residents.rules.facts import Finding, Identifier


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
    GB/T 2261.1; ``birth_date`` FHIR text; ``deceased`` the day as FHIR text, ``yes`` or empty; ``ethnic`` GB/T 3304."""

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whose record it is; None with the problem that keeps it out. ``warnings`` do not."""

    patient_id: str
    resident: UUID | None
    created: bool = False
    problem: Finding | None = None
    warnings: tuple[Finding, ...] = ()


class Candidates(Protocol):
    """The seam of the probabilistic index (issue 4): asked once a batch, with the records that no trusted number
    places; answers the residents that are certain for some of them, and files doubtful pairs for review itself.

    ``actions.intake.take_in`` calls it between the deterministic rules and the making of new residents.
    """

    def __call__(self, unplaced: Sequence[Incoming]) -> Mapping[str, UUID]: ...


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
