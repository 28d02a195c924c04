"""What enters the room. Natural keys of a load: area code and day, credit code, consortium's key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from doorstep.registers.organisations import rules


@dataclass(frozen=True, slots=True)
class AreaIn:
    """A division; ``code`` in 12 digits."""

    code: str
    name: str
    full_name: str = ""
    parent: str = ""
    urban: bool = False
    population: int | None = None
    longitude: Decimal | None = None
    latitude: Decimal | None = None
    since: date = date(1949, 10, 1)
    until: date | None = None


@dataclass(frozen=True, slots=True)
class DepartmentIn:
    """A department; without a day it is there since the institution opened."""

    code: str
    name: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is written down about an institution; ``grade`` is a code of ``rules.GRADES`` or empty."""

    name: str
    type_code: str
    tier: str
    area: str
    uscc: str = ""
    short_name: str = ""
    short_code: str = ""
    registration: str = ""
    licence: str = ""
    grade: str = ""
    economic_type: str = ""
    management_class: str = ""
    status: str = rules.Status.OPEN
    address: str = ""
    phone: str = ""
    longitude: Decimal | None = None
    latitude: Decimal | None = None
    opened_on: date | None = None
    closed_on: date | None = None
    parent: UUID | None = None


@dataclass(frozen=True, slots=True)
class OrganisationIn:
    """An institution with its departments and counts (kind, number, day); ``parent`` is a credit code or empty."""

    facts: Facts
    parent: str = ""
    departments: tuple[DepartmentIn, ...] = ()
    counts: tuple[tuple[str, int, date], ...] = ()


@dataclass(frozen=True, slots=True)
class MembershipIn:
    """A membership; without a tier the institution's own is taken. ``until`` is the last day."""

    uscc: str
    role: str
    since: date
    until: date | None = None
    tier: str = ""


@dataclass(frozen=True, slots=True)
class ConsortiumIn:
    """A consortium with all its memberships."""

    key: str
    name: str
    kind: str
    area: str
    since: date
    until: date | None = None
    members: tuple[MembershipIn, ...] = ()


@dataclass(frozen=True, slots=True)
class AgreementIn:
    """An agreement within a consortium (its key) or, with an empty key, among its parties (credit codes)."""

    title: str
    matter: str
    parties: tuple[str, ...]
    since: date
    until: date | None = None
    consortium: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class DirectoryIn:
    """All that is loaded at once."""

    areas: tuple[AreaIn, ...] = ()
    organisations: tuple[OrganisationIn, ...] = ()
    consortia: tuple[ConsortiumIn, ...] = ()
    agreements: tuple[AgreementIn, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: rows made and rows changed, by table; the rest was there already."""

    made: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entered:
    """What a row of a table did to an institution: ``new``, ``changed`` (``before``: the fields as they were) or
    ``same``, and the version in which it stands now."""

    organisation: UUID
    outcome: str
    version: int
    before: Mapping[str, str | None] | None = None


@dataclass(frozen=True, slots=True)
class DepartmentEntered:
    """What a row of a table did to a department: ``new``, ``changed`` (its last day; ``until`` is what it was) or
    ``same``, and the version in which it stands now."""

    department: UUID
    outcome: str
    version: int
    until: str | None = None


@dataclass(frozen=True, slots=True)
class CountsEntered:
    """What a row of a table did to the counts of a day: ``new``, ``changed`` or ``same``; the numbers that it wrote,
    and what stood there before (None: nothing)."""

    organisation: UUID
    counted_on: str
    outcome: str
    numbers: Mapping[str, int]
    before: Mapping[str, int | None]
