"""What leaves the room about roles, proposals and grants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from doorstep.registers.staff import rules


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role as it stands: version 0 is the seed in the code; ``own`` is its sentence where people wrote one."""

    code: str
    version: int
    permissions: frozenset[str]
    own: str = ""

    @property
    def seed(self) -> rules.Role:
        """The role as the code made it."""
        return rules.ROLES[self.code]

    @property
    def reach_name(self) -> str:
        """How far it sees, in words."""
        return rules.REACHES[self.seed.reach]

    @property
    def duty_name(self) -> str:
        """What kind of work it is, in words."""
        return rules.DUTIES[self.seed.duty]


@dataclass(frozen=True, slots=True)
class RoleVersion:
    """One change of a role."""

    version: int
    permissions: frozenset[str]
    sentence: str
    why: str
    by_name: str
    confirmed_by_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """A proposal; ``place`` is the institution of the post that it would give.

    It ``waits`` for a second person, or is ``over``, though nobody has closed it yet.
    """

    id: UUID
    version: int
    kind: str
    role: str
    person: UUID | None
    person_name: str
    values: Mapping[str, Any]
    place: str
    why: str
    by: str
    by_name: str
    at: datetime
    until: datetime
    state: str
    decided_by_name: str
    decided_at: datetime | None
    note: str
    over: bool
    waits: bool

    @property
    def kind_name(self) -> str:
        """What it would do, in words."""
        return rules.GRAVES[self.kind]

    @property
    def role_title(self) -> str:
        """The role that it is about, in words."""
        return rules.ROLES[self.role].title


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """A grant to be given: to one post, or (``post`` None) to all of a person's posts at the institution."""

    organisation: UUID
    permission: str
    since: date
    until: date
    why: str
    post: UUID | None = None


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A grant of a person."""

    id: UUID
    version: int
    organisation: UUID
    organisation_name: str
    role: str
    permission: str
    since: date
    until: date
    why: str
    by_name: str
    revoked_at: datetime | None
    revoked_by_name: str

    @property
    def role_title(self) -> str:
        """The role of the one post that it is for, or nothing where it is for all posts there."""
        return rules.ROLES[self.role].title if self.role else ""
