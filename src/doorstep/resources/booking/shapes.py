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
    """An appointment as others see it: ``status`` is one of ``flow.Status``, ``token`` what its code carries;
    ``stopped`` by its clinic, or taken ``instead`` of one that was; ``double``: one of two of a day, one too many."""

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
    stopped: bool = False
    instead: bool = False
    double: bool = False


@dataclass(frozen=True, slots=True)
class ClinicFacts:
    """A clinic as it is published: ``who`` or what is booked, where no ``post`` says it."""

    id: UUID
    name: str
    code: str
    department_name: str
    post: UUID | None
    who: str
    ended: bool


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """A place as it is published."""

    id: UUID
    clinic: UUID
    channel: Channel
    starts: datetime
    ends: datetime
    live: bool
    taken: bool
    held: bool
    added: bool


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


@dataclass(frozen=True, slots=True)
class Cell:
    """A session in a week: how many places, how many are taken."""

    id: UUID
    version: int
    day: date
    starts: datetime
    ends: datetime
    status: str
    places: int
    taken: int

    @property
    def free(self) -> int:
        """How many are not taken."""
        return self.places - self.taken


@dataclass(frozen=True, slots=True)
class ClinicLine:
    """A clinic and its sessions of a week."""

    id: UUID
    name: str
    department_name: str
    practitioner: str
    title: str
    kind: str
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody's appointment in a session, as its desk sees it; ``late``: they came after what is in time; ``stopped``:
    it stood and the session was stopped; ``instead``: when they come now, and how that stands."""

    id: UUID
    number: int
    starts: datetime
    resident: UUID
    name: str
    channel: str
    status: str
    came_at: datetime | None
    held_until: datetime | None
    late: bool = False
    added: bool = False
    stopped: bool = False
    double: bool = False
    instead: datetime | None = None
    instead_status: str = ""


@dataclass(frozen=True, slots=True)
class Sitting:
    """A session with all who have a place in it; ``opens_at``: when what is kept for nobody is given out to all."""

    cell: Cell
    clinic: ClinicLine
    organisation: UUID
    organisation_name: str
    place: str
    basis: str
    visits_from: str
    fee: Decimal
    why: str
    lines: tuple[Line, ...]
    queue: tuple[Line, ...]
    came: int | None
    missed: int | None
    opens_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RosterLine:
    """A weekday of a clinic."""

    id: UUID
    weekday: int
    starts: time
    ends: time
    minutes: int
    together: int
    basis: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class ClinicDetail:
    """A clinic with its weekdays, the shares of its channels and its sessions to come."""

    line: ClinicLine
    version: int
    organisation: UUID
    organisation_name: str
    visits_from: str
    fee_level: str
    place: str
    ended: bool
    rosters: tuple[RosterLine, ...]
    shares: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class WishLine:
    """A wish on a clinic's waiting list."""

    id: UUID
    resident: UUID
    name: str
    since: date
    until: date
    status: str
    made: datetime
    offer: UUID | None
    offered: datetime | None
    answer_by: datetime | None


@dataclass(frozen=True, slots=True)
class SanctionLine:
    """A sanction, with what was said against it and decided."""

    id: UUID
    version: int
    resident: UUID
    name: str
    organisation_name: str
    event: str
    count: int
    window_days: int
    since: date
    until: date
    status: str
    everywhere: bool
    appeal: str
    answer: str
    decided_name: str
    organisation: UUID
