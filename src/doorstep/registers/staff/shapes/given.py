"""What enters the room. Natural keys of a load: staff number, licence's number, person and title, the post's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from doorstep.registers.staff import rules


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What is written down about a person."""

    name: str
    number: str = ""
    sex: str = rules.Sex.UNKNOWN
    birth_date: date | None = None
    profession: str = rules.Profession.OTHER
    phone: str = ""


@dataclass(frozen=True, slots=True)
class PostFacts:
    """A post to be given; ``department`` is a code of the institution's departments or empty."""

    organisation: UUID
    role: str
    since: date
    department: str = ""
    duty: str = ""
    is_main: bool = True
    until: date | None = None


@dataclass(frozen=True, slots=True)
class LicenceIn:
    """A certificate."""

    kind: str
    number: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class PostIn:
    """A post at the institution of a credit code; ``until`` is its last day."""

    uscc: str
    role: str
    since: date
    department: str = ""
    duty: str = ""
    is_main: bool = True
    until: date | None = None


@dataclass(frozen=True, slots=True)
class PersonIn:
    """A person with certificates, titles (name, level, since) and posts; the staff number must be given."""

    facts: PersonFacts
    licences: tuple[LicenceIn, ...] = ()
    titles: tuple[tuple[str, str, date | None], ...] = ()
    posts: tuple[PostIn, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: rows made and rows changed, by table; the rest was there already."""

    made: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entered:
    """What a row of a table did to a person and a post: ``new`` (both), ``changed`` or ``same``, and the versions in
    which they stand now. ``before`` and ``post_before``: the fields as they were; None for a post that is new."""

    person: UUID
    post: UUID
    outcome: str
    version: int
    post_version: int
    before: Mapping[str, str | None] = field(default_factory=dict)
    post_before: Mapping[str, str | None] | None = None


@dataclass(frozen=True, slots=True)
class Qualified:
    """What a row of a table did to a certificate or a title of a person: ``new``, ``changed`` or ``same``, the version
    in which it stands now, and the fields as they were where it changed them."""

    key: UUID
    person: UUID
    outcome: str
    version: int
    before: Mapping[str, str | None] = field(default_factory=dict)
