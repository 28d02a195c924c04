"""A clinic is suspended or stopped (停诊): who is affected is told, and a place of the same clinic is kept for each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorstep.events.booking import ClinicStopped, ClinicSuspended
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.resources.booking import flow
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions import appointments as acts
from doorstep.resources.booking.actions import sessions
from doorstep.resources.booking.actions.claiming import Claim
from doorstep.resources.booking.actions.stepping import step
from doorstep.resources.booking.actions.telling import publish_session, tell
from doorstep.resources.booking.flow import Facts, SittingFacts, Status
from doorstep.resources.booking.models import Appointment, Session
from doorstep.resources.booking.reads import rulings
from doorstep.resources.booking.rules import Channel

AFFECTED: Final = "whom a stopped session affects may be known elsewhere only"
STANDING: Final = (Status.BOOKED, Status.CHECKED_IN, Status.CALLED)
MOST_TRIED: Final = 8
"""So many of the clinic's next sessions are tried for a place."""


@action(Permission.ROSTER, audits="booking.suspend", beyond=AFFECTED)
def suspend(call: Call, *, session: UUID, expect: int, why: str) -> int:
    """Give no more places away for now; those who have one are told, how many is returned. ``Refused``: ``not_found``,
    ``wrong_state``, ``stop.why``; ``Stale``."""
    row, reason = sessions.locked(call, session, expect), _reason(why)
    sessions.moved(row, "suspend", SittingFacts())
    row.why = reason
    row.save()
    publish_session(row, call.at)
    told = _of(row, STANDING)
    for one in told:
        tell(ClinicSuspended, one, why=reason)
    return len(told)


@action(Permission.ROSTER, audits="booking.stop", beyond=AFFECTED)
def stop(call: Call, *, session: UUID, expect: int, why: str) -> int:
    """Stop a clinic's session: every appointment of it ends, and for each that stood a place in one of the
    clinic's next sessions is kept, free of charge, for the person to confirm. Returns how many were affected.
    ``Refused`` as ``suspend``."""
    row, reason = sessions.locked(call, session, expect), _reason(why)
    sessions.moved(row, "stop", SittingFacts())
    row.why = reason
    row.save()
    affected = _of(row, (*STANDING, Status.HELD))
    until = call.at + timedelta(hours=rulings.terms(row.day).keep_hours)
    for one in affected:
        stood = one.status != Status.HELD
        step(one, flow.APPOINTMENT, "stop", Facts())
        one.stopped = True
        acts.end(call, one, reason)
        acts.settle(one, "put_back", Facts())
        if stood:
            kept = _instead(call, row, one, until)
            tell(
                ClinicStopped, one, why=reason, instead=kept.id if kept else None,
                answer_by=kept.held_until if kept else None,
            )  # fmt: skip
    publish_session(row, call.at)
    about("Session", session, affected=len(affected))
    return len(affected)


def _reason(why: str) -> str:
    if not why.strip():
        raise Refused(refuse("stop.why"))
    return why.strip()[:200]


def _of(row: Session, statuses: tuple[Status, ...]) -> list[Appointment]:
    rows = Appointment.objects.unscoped(AFFECTED).select_for_update(of=("self",))
    return list(rows.filter(session=row, status__in=statuses).order_by("starts", "number"))


def _instead(call: Call, stopped: Session, one: Appointment, until: datetime) -> Appointment | None:
    """A place in the clinic's next sessions, kept before all who wait; no constraint is broken by what is refused."""
    rows = Session.objects.unscoped(AFFECTED).filter(clinic=stopped.clinic_id, starts__gt=call.at)
    ahead = rows.filter(status__in=sorted(flow.GIVES)).order_by("starts").values_list("id", flat=True)
    for session in ahead[:MOST_TRIED]:
        wanted = Claim(
            one.resident_id, Channel(one.channel), session=session, until=until, why=one.why, listed=True,
            replaces=one.id, series=one.series,
        )  # fmt: skip
        try:
            return acts.kept(call, wanted)
        except Refused:
            continue
    return None
