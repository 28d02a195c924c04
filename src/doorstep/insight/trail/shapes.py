"""What leaves the room."""

from __future__ import annotations

from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class Look:
    """A line of the trail as the resident sees it: no names, but institution, role, purpose and ground."""

    id: int
    at: datetime
    organisation: str
    role: str
    purpose: str
    did: str
    basis: str
    glass: bool
    refused: bool
    who: str


@dataclass(frozen=True, slots=True)
class Said:
    """What an objection says: in words, of which lines, or of which days."""

    text: str
    lines: tuple[int, ...] = ()
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """An objection as both sides see it; ``steps`` are (what, when, who, words, measures, upheld)."""

    id: UUID
    version: int
    number: str
    state: str
    resident: UUID
    resident_name: str
    raised_name: str
    raised: datetime
    text: str
    since: date | None
    until: date | None
    due: date
    upheld: bool | None
    reopened: bool
    steps: tuple[Mapping[str, object], ...]
    overdue: bool
