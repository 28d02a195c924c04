"""What the room staff tells the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PostBegan:
    """A person holds a post from a day."""

    post: UUID
    person: UUID
    organisation: UUID
    role: str
    since: date

    @property
    def subject(self) -> str:
        """Events of one person keep their order."""
        return str(self.person)


@dataclass(frozen=True, slots=True)
class PostEnded:
    """A person's post has a last day."""

    post: UUID
    person: UUID
    organisation: UUID
    last_day: date

    @property
    def subject(self) -> str:
        """Events of one person keep their order."""
        return str(self.person)


@dataclass(frozen=True, slots=True)
class StaffLoaded:
    """People and posts have been loaded in bulk; how many rows were made and changed."""

    made: int
    changed: int

    @property
    def subject(self) -> str:
        """Loads keep their order."""
        return "staff"


@dataclass(frozen=True, slots=True)
class SourceKeyRevoked:
    """A system of an institution may not send any more."""

    key: UUID
    organisation: UUID

    @property
    def subject(self) -> str:
        """Events of one institution keep their order."""
        return str(self.organisation)
