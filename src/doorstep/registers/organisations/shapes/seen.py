"""What leaves the room: frozen records of institutions, consortia and agreements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from doorstep.registers.organisations import rules


@dataclass(frozen=True, slots=True)
class Line:
    """An institution in a list: what every member of staff may know of it."""

    id: UUID
    name: str
    short_name: str
    type_code: str
    grade: str
    tier: str
    status: str
    area: str
    area_name: str
    parent: UUID | None

    @property
    def type_name(self) -> str:
        """The words of its class code."""
        return rules.type_name(self.type_code)

    @property
    def tier_name(self) -> str:
        """The words of its tier."""
        return rules.TIERS[self.tier]

    @property
    def status_name(self) -> str:
        """The words of its operating status."""
        return rules.STATUSES[self.status]

    @property
    def is_open(self) -> bool:
        """Whether it works now."""
        return self.status == rules.Status.OPEN


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of the district's tree: an area or an institution, with what stands under it."""

    name: str
    organisation: Line | None = None
    count: int = 0
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    """A department of an institution."""

    id: UUID
    code: str
    name: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many were counted, and when."""

    kind: str
    number: int
    counted_on: date

    @property
    def title(self) -> str:
        """What was counted, in words."""
        return rules.COUNTS[self.kind]


@dataclass(frozen=True, slots=True)
class MembershipLine:
    """An institution's place in a consortium."""

    id: UUID
    version: int
    consortium: UUID
    consortium_name: str
    kind: str
    organisation: UUID
    organisation_name: str
    type_code: str
    role: str
    tier: str
    since: date
    until: date | None
    beds: int | None = None
    staff: int | None = None

    @property
    def kind_name(self) -> str:
        """The words of the consortium's kind."""
        return rules.KINDS[self.kind]

    @property
    def role_name(self) -> str:
        """The words of the role."""
        return rules.ROLES[self.role]

    @property
    def tier_name(self) -> str:
        """The words of the tier."""
        return rules.TIERS[self.tier]

    @property
    def type_name(self) -> str:
        """The words of the institution's class code."""
        return rules.type_name(self.type_code)


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """An agreement in a list."""

    id: UUID
    version: int
    title: str
    matter: str
    consortium: UUID | None
    since: date
    until: date | None
    parties: tuple[tuple[UUID, str], ...]
    text: str
    expired: bool

    @property
    def matter_name(self) -> str:
        """What it is about, in words."""
        return rules.MATTERS[self.matter]


@dataclass(frozen=True, slots=True)
class Detail:
    """One institution, whole."""

    line: Line
    version: int
    uscc: str
    short_code: str
    registration: str
    licence: str
    level: int
    grade_code: str
    economic_type: str
    management_class: str
    address: str
    phone: str
    longitude: Decimal | None
    latitude: Decimal | None
    opened_on: date | None
    closed_on: date | None
    parent_name: str
    full_area: str
    primary: bool
    departments: tuple[DepartmentLine, ...]
    counts: tuple[Counted, ...]
    memberships: tuple[MembershipLine, ...]
    children: int

    @property
    def economic_name(self) -> str:
        """The words of the economic type."""
        return rules.ECONOMIC.get(self.economic_type, self.economic_type)

    @property
    def management_name(self) -> str:
        """The words of the management class."""
        return rules.MANAGEMENT.get(self.management_class, self.management_class)


@dataclass(frozen=True, slots=True)
class Total:
    """Sums over the members of a tier, or of all; a sum over institutions of which none was counted is None."""

    tier: str
    institutions: int
    beds: int | None
    staff: int | None

    @property
    def title(self) -> str:
        """The words of the tier; "合计" for all."""
        return rules.TIERS.get(self.tier, "")


@dataclass(frozen=True, slots=True)
class ConsortiumLine:
    """A consortium in a list."""

    id: UUID
    key: str
    name: str
    kind: str
    area: str
    since: date
    until: date | None
    lead: UUID | None
    lead_name: str
    institutions: int

    @property
    def kind_name(self) -> str:
        """The words of its kind."""
        return rules.KINDS[self.kind]


@dataclass(frozen=True, slots=True)
class ConsortiumDetail:
    """One consortium on a day, whole: members by tier, totals by tier and over all, agreements."""

    line: ConsortiumLine
    version: int
    day: date
    area_name: str
    tiers: tuple[tuple[Total, tuple[MembershipLine, ...]], ...]
    total: Total
    agreements: tuple[AgreementLine, ...]
    former: tuple[MembershipLine, ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of institutions is narrowed by; empty means all. ``area`` is a 12-digit code: all within it."""

    text: str = ""
    type_code: str = ""
    level: int | None = None
    tier: str = ""
    area: str = ""
    consortium: UUID | None = None
    primary: bool | None = None
