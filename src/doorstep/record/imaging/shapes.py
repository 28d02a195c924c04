"""Frozen records that enter and leave the room."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from doorstep.record.imaging.rules.reading import Found


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """An archive as it is registered: its institution, DICOMweb root, who we are there (``credential`` is the name of
    the file that holds the password), whether it is Orthanc, and who answers for it."""

    organisation: UUID
    name: str
    address: str
    user: str = ""
    credential: str = ""
    is_orthanc: bool = True
    owner: str = ""


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """An archive and how it does: when it last answered, what was wrong since, and how many studies are of each
    state."""

    id: UUID
    version: int
    facts: ArchiveFacts
    organisation_name: str
    is_on: bool
    position: int
    answered_at: datetime | None
    failed_at: datetime | None
    fault: str
    fault_params: dict[str, object]
    placed: int = 0
    resting: int = 0
    waiting: int = 0
    unreadable: int = 0

    @property
    def fails(self) -> bool:
        """Whether what it said last was nothing that could be used."""
        return self.failed_at is not None and (self.answered_at is None or self.answered_at < self.failed_at)


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A study that an archive holds under what is no UID: the archive's own id, what stands there, since when known."""

    key: str
    said: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where an archive is and who we are there, for the one who asks it; never shown."""

    archive: UUID
    address: str = field(repr=False)
    user: str = field(default="", repr=False)
    credential: str = field(default="", repr=False)
    is_orthanc: bool = True
    position: int = 0
    since: date | None = None


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study as lists and pages show it."""

    id: UUID
    version: int
    uid: str
    archive: UUID
    organisation: UUID
    organisation_name: str
    state: str
    reason: str
    reason_params: dict[str, object]
    patient: str
    found: Found
    order: str
    seen_at: datetime
    changed_at: datetime
    tied_name: str = ""
    tied_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A study that the caller may see, with the place where it is."""

    study: StudyRow
    place: Place
    resident: UUID
