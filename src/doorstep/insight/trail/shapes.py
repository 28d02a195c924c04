"""What leaves the room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
