"""What the room takes and tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from doorstep.resources.booking.rules import Channel


@dataclass(frozen=True, slots=True)
class Offer:
    """Places of a session at one time: ``slot`` is one of the ``free`` ones; holding it holds it or one like it."""

    slot: UUID
    session: UUID
    organisation: UUID
    department: UUID
    department_name: str
    practitioner_name: str
    title: str
    starts: datetime
    ends: datetime
    fee: Decimal
    free: int
    clinic: UUID
    clinic_name: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment as others see it: ``status`` is one of ``flow.Status``, ``token`` what its code carries."""

    id: UUID
    version: int
    resident: UUID
    organisation: UUID
    organisation_name: str
    session: UUID
    slot: UUID
    department: UUID
    department_name: str
    clinic_name: str
    practitioner_name: str
    title: str
    place: str
    day: date
    starts: datetime
    ends: datetime
    number: int
    channel: Channel
    status: str
    fee: Decimal
    held_until: datetime | None
    why: str
    ended_why: str
    token: UUID


@dataclass(frozen=True, slots=True)
class ClinicIn:
    """A clinic to be made; ``post`` for one of this house's people, ``visits_from`` for a visitor."""

    organisation: UUID
    department: UUID
    name: str
    kind: str = "person"
    post: UUID | None = None
    practitioner: str = ""
    title: str = ""
    visits_from: str = ""
    fee_level: str = "ordinary"
    place: str = ""


@dataclass(frozen=True, slots=True)
class RosterIn:
    """Weekdays on which a clinic works, from a day to a day."""

    weekdays: frozenset[int]
    starts: time
    ends: time
    minutes: int
    since: date
    basis: str = "ordinary"
    together: int = 1
    until: date | None = None
