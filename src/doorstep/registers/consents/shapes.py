"""What the room takes and tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from doorstep.registers.consents.rules import Why


@dataclass(frozen=True, slots=True)
class Opening:
    """A relation to be opened: of an institution or of one person (``staff:<id>``); an open end is None.

    ``reference`` names what it rests on, once for each ``basis``: ``ServiceRequest/…``, ``Appointment/…``.
    """

    resident: UUID
    basis: Why
    reference: str
    since: datetime
    until: datetime | None = None
    organisation: UUID | None = None
    person: str = ""


@dataclass(frozen=True, slots=True)
class Glass:
    """A break-glass as its reviewer sees it; ``own``: the reader made it."""

    id: UUID
    version: int
    resident: UUID
    resident_name: str
    person_name: str
    organisation_name: str
    reason: str
    words: str
    since: datetime
    until: datetime | None
    due: date
    verdict: str
    own: bool
    reviewed_name: str = ""
    reviewed_at: datetime | None = None
    reviewed_words: str = ""
