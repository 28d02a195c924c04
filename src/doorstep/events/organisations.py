"""What the room organisations tells the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OrganisationAdded:
    """An institution has been entered."""

    organisation: UUID
    name: str

    @property
    def subject(self) -> str:
        """Events of one institution keep their order."""
        return str(self.organisation)


@dataclass(frozen=True, slots=True)
class OrganisationChanged:
    """An institution's facts have been changed."""

    organisation: UUID
    name: str
    status: str

    @property
    def subject(self) -> str:
        """Events of one institution keep their order."""
        return str(self.organisation)


@dataclass(frozen=True, slots=True)
class OrganisationJoined:
    """An institution becomes a member of a consortium from a day."""

    consortium: UUID
    organisation: UUID
    role: str
    since: date

    @property
    def subject(self) -> str:
        """Events of one consortium keep their order."""
        return str(self.consortium)


@dataclass(frozen=True, slots=True)
class OrganisationLeft:
    """An institution's membership has a last day."""

    consortium: UUID
    organisation: UUID
    last_day: date

    @property
    def subject(self) -> str:
        """Events of one consortium keep their order."""
        return str(self.consortium)


@dataclass(frozen=True, slots=True)
class DirectoryLoaded:
    """Institutions and consortia have been loaded in bulk; how many rows were made and changed."""

    made: int
    changed: int

    @property
    def subject(self) -> str:
        """Loads keep their order."""
        return "directory"
