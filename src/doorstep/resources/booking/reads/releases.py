"""Where somebody stands in the queue for a release. Read by the person alone, and often: no line of the trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Min, Q

from doorstep.kernel import fence
from doorstep.kernel.call import Call
from doorstep.registers.organisations import api as organisations
from doorstep.resources.booking.flow import GIVES, Turn
from doorstep.resources.booking.models import Release, Slot, Ticket
from doorstep.resources.booking.reads import choosing
from doorstep.resources.booking.reads.own import MINE, me
from doorstep.resources.booking.rules import Channel, releasing

COUNTED: Final = "how many wait is counted; who they are is not told"


@dataclass(frozen=True, slots=True)
class Stand:
    """A release and one's own place in its queue. ``status`` is one of ``flow.Turn``, or "" for whoever has not
    joined; ``before`` and ``seconds`` (how long it may take) are known once the order is drawn."""

    session: UUID
    clinic: UUID
    clinic_name: str
    practitioner: str
    organisation_name: str
    starts: datetime
    opens_at: datetime | None
    gives: bool
    closed: bool
    drawn: bool
    joined: int
    places: int
    status: str = ""
    early: bool = False
    before: int = 0
    seconds: int | None = None
    appointment: UUID | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OwnTicket:
    """A queue in which one stands."""

    session: UUID
    clinic_name: str
    organisation_name: str
    starts: datetime
    opens_at: datetime


def stand(call: Call, *, session: UUID) -> Stand:
    """A session's release, and where one stands in its queue. ``Refused``: ``not_found``."""
    row, whose = choosing.session(session), me(call)
    release = Release.objects.unscoped(COUNTED).filter(session=session).first()
    opens_at = release.opens_at if release else opens(session)
    drawn = release.drawn_at if release else None
    line = _line(session, whose, drawn=drawn is not None)
    mine = line.mine
    since = (call.at - drawn).total_seconds() if drawn else 0
    return Stand(
        session=session, clinic=row.clinic_id, clinic_name=row.clinic.name, practitioner=row.clinic.practitioner,
        organisation_name=organisations.names({row.organisation_id}).get(row.organisation_id, ""), starts=row.starts,
        opens_at=opens_at, gives=row.status in GIVES and row.ends > call.at,
        closed=release.closed_at is not None if release else opens_at is None or opens_at <= call.at,
        drawn=drawn is not None, joined=line.joined, places=_places(session, call, opens_at),
        status=mine.status if mine else "", early=bool(mine and opens_at and mine.joined_at < opens_at),
        before=line.before, seconds=releasing.left(line.before, line.answered, since),
        appointment=mine.appointment_id if mine else None, reason=mine.reason if mine else "",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Line:
    """A queue as one of those in it sees it."""

    mine: Ticket | None
    joined: int
    before: int
    answered: int


def _line(session: UUID, whose: UUID, *, drawn: bool) -> _Line:
    with fence.lifted(COUNTED):
        line = Ticket.objects.unscoped(COUNTED).filter(release__session=session)
        mine: Ticket | None = line.filter(resident=whose).first()
        waiting = line.filter(status=Turn.WAITING)
        joined = waiting.count()
        before = waiting.filter(_earlier(mine)).count() if mine else joined
        answered = line.exclude(status=Turn.WAITING).count() if drawn and joined else 0
    return _Line(mine, joined, before, answered)


def _earlier(mine: Ticket) -> Q:
    if mine.turn is not None:
        return Q(turn__lt=mine.turn)
    came = Q(joined_at__lt=mine.joined_at) | Q(joined_at=mine.joined_at, id__lt=mine.id)
    return Q(turn__isnull=False) | (Q(turn__isnull=True) & came)


def opens(session: UUID) -> datetime | None:
    """When a session gives its places out to all; None where it gives none."""
    rows = Slot.objects.filter(session=session, live=True, channel=Channel.APP.value)
    found: datetime | None = rows.aggregate(at=Min("open_at"))["at"]
    return found


def _places(session: UUID, call: Call, opens: datetime | None) -> int:
    if opens is None:
        return 0
    free = Q(appointment__isnull=True) | Q(held_until__lte=call.at)
    return int(Slot.objects.filter(free, session=session, live=True, open_at__lte=max(opens, call.at)).count())


def own_tickets(call: Call) -> tuple[OwnTicket, ...]:
    """The queues in which one stands."""
    rows = Ticket.objects.unscoped(MINE).filter(resident=me(call), status=Turn.WAITING)
    found = list(rows.select_related("release__session__clinic").order_by("release__opens_at")[:50])
    names = organisations.names({row.organisation_id for row in found})
    return tuple(
        OwnTicket(
            row.release.session_id, row.release.session.clinic.name, names.get(row.organisation_id, ""),
            row.release.session.starts, row.release.opens_at,
        )
        for row in found
    )  # fmt: skip
