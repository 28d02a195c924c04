"""What a projection is made of: what the public register of a person and a post may show, and nothing more.

There is no place here for what must not be published (certificates' numbers, telephone, birth date, account).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Qualification:
    """A certificate of a kind, without its number."""

    kind: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Rank:
    """A professional title with its level."""

    name: str
    level: str
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """A post; ``department`` is its code and ``department_name`` what it is called, both empty where there is none."""

    id: UUID
    organisation: UUID
    role: str
    since: date
    until: date | None = None
    department: str = ""
    department_name: str = ""
    duty: str = ""


@dataclass(frozen=True, slots=True)
class Worker:
    """A person who works, with certificates, titles and posts."""

    id: UUID
    name: str
    sex: str
    profession: str
    qualifications: tuple[Qualification, ...] = ()
    ranks: tuple[Rank, ...] = ()
    works: tuple[Work, ...] = ()
