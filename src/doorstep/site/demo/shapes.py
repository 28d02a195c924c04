"""The frozen records of a demo district."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Area:
    """A division: 12-digit code, level (city, county, township, village), parent's code, degrees on a made-up map."""

    code: str
    level: str
    name: str
    full_name: str
    parent: str
    longitude: float
    latitude: float
    population: int
    urban: bool


@dataclass(frozen=True, slots=True)
class Department:
    """A department: code and name of the 诊疗科目名录 (1994), or a code that starts with L for supporting offices."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution; `tier` is lead, second, first or base; `grade` and `grade_class` may be empty."""

    uscc: str
    organisation_code: str
    registration_number: str
    name: str
    short_name: str
    type_code: str
    type_name: str
    tier: str
    grade: str
    grade_class: str
    economic_type: str
    for_profit: bool
    area: str
    longitude: float
    latitude: float
    address: str
    phone: str
    parent: str
    beds: int
    staff: int
    counted_on: date
    opened_on: date
    departments: tuple[Department, ...]

    @property
    def public(self) -> bool:
        """Whether it is state or collectively owned."""
        return self.economic_type in {"11", "12"}


@dataclass(frozen=True, slots=True)
class Membership:
    """An institution in a consortium with its role (lead, deputy_lead, member, base_member); `end` excluded."""

    uscc: str
    role: str
    start: date
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Consortium:
    """A network; `kind` is county_community, city_group, specialty_alliance or telemedicine_network."""

    key: str
    name: str
    kind: str
    area: str
    since: date
    members: tuple[Membership, ...]

    @property
    def lead(self) -> str:
        """The credit code of the leading institution."""
        return next(m.uscc for m in self.members if m.role == "lead")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What members of a consortium agreed on, among which parties (credit codes), and for how long."""

    title: str
    consortium: str
    parties: tuple[str, ...]
    start: date
    end: date | None


@dataclass(frozen=True, slots=True)
class Licence:
    """A certificate; `kind` is physician_qualification, physician_practice, nurse_practice or village_doctor."""

    kind: str
    number: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class Post:
    """Work at an institution and department in a role, from a day, until a day that is excluded or open."""

    uscc: str
    department: str
    role: str
    start: date
    end: date | None = None
    main: bool = True


@dataclass(frozen=True, slots=True)
class Staff:
    """A person who works; `profession` is one of workforce.PROFESSIONS, `title` the professional title."""

    number: str
    name: str
    sex: str
    birth: date
    profession: str
    title: str
    title_level: str
    phone: str
    licences: tuple[Licence, ...]
    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """A demo sign-in: the role, what it is called, and the staff number it belongs to."""

    username: str
    role: str
    title: str
    staff_number: str


@dataclass(frozen=True)
class District:
    """All of a district but its residents; `today` is the day on which its three years of records end."""

    seed: int
    today: date
    county: str
    areas: tuple[Area, ...]
    institutions: tuple[Institution, ...]
    consortia: tuple[Consortium, ...]
    agreements: tuple[Agreement, ...]
    staff: tuple[Staff, ...]
    accounts: tuple[Account, ...]

    @cached_property
    def institution(self) -> dict[str, Institution]:
        """Institutions by credit code."""
        return {i.uscc: i for i in self.institutions}

    @cached_property
    def area(self) -> dict[str, Area]:
        """Areas by 12-digit code."""
        return {a.code: a for a in self.areas}

    @cached_property
    def villages(self) -> tuple[Area, ...]:
        """The lowest areas, in which residents live."""
        return tuple(a for a in self.areas if a.level == "village")
