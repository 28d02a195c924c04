"""What leaves the room: frozen records of people, their posts and keys; and what may be loaded into it."""

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
