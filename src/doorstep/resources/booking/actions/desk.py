"""The desk at the door: people check in, are called, are seen; who comes without an appointment."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import Max

from doorstep.events.booking import AppointmentCheckedIn, AppointmentMissed
from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.ids import new_id
from doorstep.resources.booking import flow
from doorstep.resources.booking.access import Permission, may_serve
from doorstep.resources.booking.actions import appointments as acts
from doorstep.resources.booking.actions import sessions
from doorstep.resources.booking.actions.claiming import Claim
from doorstep.resources.booking.actions.stepping import step
from doorstep.resources.booking.actions.telling import publish, tell
from doorstep.resources.booking.flow import Facts, Sitting, Status
from doorstep.resources.booking.models import Appointment, Session, Slot
from doorstep.resources.booking.reads import queues, rulings
from doorstep.resources.booking.reads.appointments import WHOSE
from doorstep.resources.booking.rules import Channel, planning, queue

HERE: Final = "whoever stands at the desk is served, whoever knows them; the session is the desk's own"
FULL: Final = frozenset({"slot_taken", "slot_past", "not_released", "waited_for", "queued_for"})


@action(Permission.DESK, audits="booking.check_in", beyond=HERE)
def check_in(call: Call, *, appointment: UUID) -> None:
    """Somebody has come. ``Refused``: ``not_found`` or ``elsewhere`` at another institution's desk, ``check_in.*``,
    ``wrong_state``."""
    row = _mine(call, appointment)
    _came(call, row, Session.objects.unscoped(HERE).get(pk=row.session_id))


def _came(call: Call, row: Appointment, session: Session) -> None:
    verdict = queue.may_check_in(row.starts, call.at, session.ends, rulings.terms(row.day))
    row.came_at = call.at
    _move(call, row, "check_in", Facts(check_in=verdict))
    tell(AppointmentCheckedIn, row)


@action(Permission.DESK, audits="booking.call_next", beyond=HERE)
def call_next(call: Call, *, session: UUID) -> UUID | None:
    """Whoever is inside was seen, and the next is called: the appointment, or None where nobody waits. ``Refused``:
    ``not_found``, ``session.not_open``."""
    row = sessions.locked(call, session, whose=may_serve)
    if row.status != Sitting.OPEN:
        raise Refused(refuse("session.not_open"))
    for inside in _of(row, Status.CALLED):
        inside.ended_at = call.at
        _move(call, inside, "fulfil", Facts())
    line = queues.line(session, rulings.terms(row.day))
    if not line:
        return None
    called = _locked(line[0].id)
    called.called_at = call.at
    _move(call, called, "call", Facts())
    return called.id


@action(Permission.DESK, audits="booking.pass_over", beyond=HERE)
def pass_over(call: Call, *, appointment: UUID) -> None:
    """Whoever was called did not come in: they wait behind three. ``Refused``: ``not_found``, ``wrong_state``."""
    row = _mine(call, appointment)
    row.passed += 1
    _move(call, row, "pass_over", Facts())


@action(Permission.DESK, audits="booking.leave", beyond=HERE)
def leave(call: Call, *, appointment: UUID) -> None:
    """Whoever had checked in has left, or was called in vain until the end. ``Refused``: ``session.not_over``,
    ``not_found``, ``wrong_state``."""
    row = _mine(call, appointment)
    session = Session.objects.unscoped(HERE).get(pk=row.session_id)
    row.ended_at = call.at
    _move(call, row, "leave", Facts(ended=session.ends <= call.at))
    tell(AppointmentMissed, row)


@action(Permission.DESK, audits="booking.walk_in", beyond=HERE)
def walk_in(call: Call, *, session: UUID, resident: UUID) -> UUID:
    """Somebody without an appointment is taken in today: at the next free time, at one that has passed, or at a place
    added by rule; and is checked in where it is time. ``Refused``: ``session.not_today``, ``added.full``,
    ``one_a_day``, ``slot_closed``, ``not_found``."""
    row, whom = sessions.locked(call, session, whose=may_serve), acts.whom(call, resident)
    if row.day != clock.today():
        raise Refused(refuse("session.not_today"))
    key = _place(call, row, whom)
    made = _locked(key)
    if queue.may_check_in(made.starts, call.at, row.ends, rulings.terms(row.day)).allowed:
        _came(call, made, row)
    return key


def _place(call: Call, row: Session, whom: UUID) -> UUID:
    for after in (call.at, row.starts - timedelta(minutes=1)):
        try:
            return acts.take(call, Claim(whom, Channel.WINDOW, session=row.id, after=after))
        except Refused as refused:
            if refused.decision.reason not in FULL:
                raise
    return add(call, row, whom, "")


@action(Permission.DESK, audits="booking.add_on", beyond=HERE)
def add_on(call: Call, *, session: UUID, resident: UUID, why: str) -> UUID:
    """One more than planned (加号), as far as the rule lets. ``Refused``: ``added.full``, ``slot_closed``,
    ``one_a_day``, ``not_found``."""
    return add(call, sessions.locked(call, session, whose=may_serve), acts.whom(call, resident), why)


def add(call: Call, row: Session, whom: UUID, why: str) -> UUID:
    """Add a place at the end of a locked session, and take it."""
    slots = Slot.objects.filter(session=row)
    demand(planning.added(slots.filter(added=True).count(), row.planned, rulings.terms(row.day)))
    last = slots.order_by("-starts").first()
    number = slots.aggregate(most=Max("number"))["most"] or 0
    made = Slot.objects.create(
        id=new_id(), session=row, number=number + 1, starts=last.starts if last else row.starts, ends=row.ends,
        channel=Channel.ADD_ON.value, released_at=call.at, open_at=row.ends, live=row.status in flow.GIVES, added=True,
    )  # fmt: skip
    after = row.starts - timedelta(minutes=1)
    return acts.take(call, Claim(whom, Channel.ADD_ON, slot=made.id, exact=True, after=after, why=why))


def _mine(call: Call, appointment: UUID) -> Appointment:
    row = acts.locked(call, appointment)
    demand(may_serve(call, row.organisation_id))
    return row


def _of(session: Session, status: Status) -> list[Appointment]:
    rows = Appointment.objects.unscoped(HERE).select_for_update(of=("self",))
    return list(rows.filter(session=session, status=status))


def _locked(appointment: UUID) -> Appointment:
    row: Appointment = Appointment.objects.unscoped(WHOSE).select_for_update().get(pk=appointment)
    return row


def _move(call: Call, row: Appointment, move: str, facts: Facts) -> None:
    step(row, flow.APPOINTMENT, move, facts)
    row.save()
    about("Appointment", row.id, resident=row.resident_id)
    publish([row.id], call.at)


@action(Permission.DESK, audits="booking.miss", beyond=HERE)
def miss(call: Call, *, appointment: UUID) -> None:
    """Write down that somebody did not come. ``Refused``: ``session.not_over``, ``wrong_state``, ``not_found``."""
    row = _mine(call, appointment)
    session = Session.objects.unscoped(HERE).get(pk=row.session_id)
    ended = queue.has_missed(row.starts, session.ends, call.at, rulings.terms(row.day))
    row.ended_at = call.at
    _move(call, row, "miss", Facts(ended=ended))
    tell(AppointmentMissed, row)
