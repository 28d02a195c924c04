"""What a resident is told of clinics, and of what is their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from doorstep.kernel.paging import Paged
from doorstep.resources.booking.shapes import Booked


@dataclass(frozen=True, slots=True)
class Choice:
    """A department, or a clinic of an expert, that can be chosen; ``key`` is its id."""

    key: UUID
    name: str
    organisation: UUID
    organisation_name: str
    department_name: str = ""
    practitioner: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of what was chosen: how many places are free, and when the next are given out, if more are."""

    day: date
    free: int
    opens: datetime | None


@dataclass(frozen=True, slots=True)
class Full:
    """A session of a day in which nothing is free: it is ``opens`` that more is given out, or it can be waited for."""

    session: UUID
    clinic: UUID
    clinic_name: str
    practitioner: str
    starts: datetime
    opens: datetime | None


@dataclass(frozen=True, slots=True)
class OwnWish:
    """A wish on a waiting list, how many are before it (whoever is being asked too), and what is offered; ``missed``
    where nobody answered in time."""

    id: UUID
    clinic: UUID
    clinic_name: str
    organisation_name: str
    since: date
    until: date
    before: int
    offer: UUID | None
    offered: datetime | None
    answer_by: datetime | None
    missed: bool = False


@dataclass(frozen=True, slots=True)
class OwnSanction:
    """A sanction, as whom it concerns sees it."""

    id: UUID
    organisation_name: str
    everywhere: bool
    event: str
    count: int
    window_days: int
    since: date
    until: date
    status: str
    appeal: str
    answer: str


@dataclass(frozen=True, slots=True)
class Own:
    """All that is somebody's own: what they are asked to answer, what is to come, what was, what they wait for, what
    bars them."""

    asked: tuple[Booked, ...]
    coming: tuple[Booked, ...]
    past: Paged[Booked]
    wishes: tuple[OwnWish, ...]
    sanctions: tuple[OwnSanction, ...]


@dataclass(frozen=True, slots=True)
class Mine:
    """One appointment of one's own: until when it can be given back, and whether an answer is awaited."""

    one: Booked
    cancel_until: datetime
    offered: bool
