"""What leaves the room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the trail with all that it says."""

    id: int
    at: datetime
    actor: str
    name: str
    organisation: UUID | None
    purpose: str
    action: str
    outcome: str
    subject_type: str
    subject_id: str
    resident: UUID | None
    detail: dict[str, object]
    request: str


ENTRY = tuple(Entry.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one person did on one day that is unusual: how many lines, about how many residents."""

    actor: str
    name: str
    day: date
    lines: int
    residents: int


@dataclass(frozen=True, slots=True)
class WatchedLine:
    """A resident on the list of those who are watched."""

    id: int
    resident: UUID
    name: str
    reason: str
    by: str
    since: datetime
