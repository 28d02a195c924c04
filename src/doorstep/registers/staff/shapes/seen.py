"""What leaves the room: frozen records of people, their posts and keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from doorstep.registers.staff import rules


@dataclass(frozen=True, slots=True)
class Standing:
    """A post that holds today: from it comes what its person may do."""

    post: UUID
    person: UUID
    name: str
    organisation: UUID
    department: str
    role: str
    duty: str
    is_main: bool
    permissions: frozenset[str]

    @property
    def role_title(self) -> str:
        """The words of the role."""
        return rules.ROLES[self.role].title


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key of a source system, without its secret."""

    id: UUID
    version: int
    name: str
    since: date
    until: date | None
    revoked_at: datetime | None
    made_by: str
    active: bool


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post of a person; ``until`` is its last day."""

    id: UUID
    version: int
    organisation: UUID
    organisation_name: str
    department: str
    department_name: str
    role: str
    duty: str
    is_main: bool
    since: date
    until: date | None

    @property
    def role_title(self) -> str:
        """The words of the role."""
        return rules.ROLES[self.role].title


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person in a list."""

    id: UUID
    number: str
    name: str
    profession: str
    posts: tuple[PostLine, ...]

    @property
    def profession_name(self) -> str:
        """The words of the profession."""
        return rules.PROFESSIONS[self.profession]


@dataclass(frozen=True, slots=True)
class LicenceLine:
    """A certificate; its number is masked here and leaves the room in no other way."""

    id: UUID
    kind: str
    number: str
    since: date
    until: date | None
    warning: str

    @property
    def kind_name(self) -> str:
        """The words of its kind."""
        return rules.LICENCES[self.kind]


@dataclass(frozen=True, slots=True)
class TitleLine:
    """A professional title."""

    name: str
    level: str
    since: date | None

    @property
    def level_name(self) -> str:
        """The words of its level."""
        return rules.TITLE_LEVELS[self.level]


@dataclass(frozen=True, slots=True)
class PersonDetail:
    """One person, whole."""

    id: UUID
    version: int
    number: str
    name: str
    sex: str
    birth_date: date | None
    profession: str
    phone: str
    licences: tuple[LicenceLine, ...]
    titles: tuple[TitleLine, ...]
    posts: tuple[PostLine, ...]
    username: str

    @property
    def sex_name(self) -> str:
        """The words of the sex."""
        return rules.SEXES[self.sex]

    @property
    def profession_name(self) -> str:
        """The words of the profession."""
        return rules.PROFESSIONS[self.profession]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of people is narrowed by; empty means all. ``working``: only those who hold a post on the day."""

    text: str = ""
    organisation: UUID | None = None
    role: str = ""
    profession: str = ""
    working: bool = True
