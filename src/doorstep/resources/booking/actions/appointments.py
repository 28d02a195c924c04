"""Appointments: held, booked, confirmed, released."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from doorstep.events.booking import AppointmentBooked, AppointmentCancelled, AppointmentReplaced
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.registers.residents import api as residents
from doorstep.resources.booking import flow
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions import claiming
from doorstep.resources.booking.actions.claiming import Claim
from doorstep.resources.booking.actions.stepping import step
from doorstep.resources.booking.actions.telling import publish, tell
from doorstep.resources.booking.flow import Facts, Status
from doorstep.resources.booking.models import Appointment, Slot, Waiting
from doorstep.resources.booking.reads import offers
from doorstep.resources.booking.reads.appointments import WHOSE, touched
from doorstep.resources.booking.rules import Channel

PLACES: Final = "a place is anybody's to take, and what was held on it may be somebody's whom the caller does not know"


@action(Permission.BOOK, audits="booking.hold", beyond=PLACES)
def hold(call: Call, *, slot: UUID, resident: UUID, channel: Channel, until: datetime, why: str) -> UUID:
    """Hold a place, or one like it (same session, same time), for a resident until a moment; the appointment's id.

    A hold ends by itself: at ``until``, and at the latest when the place begins, the next may take it. ``Refused``:
    ``hold.past`` where that moment is over, ``not_found`` for a resident whom the caller does not know, and as
    ``claiming.claim``.
    """
    if until <= call.at:
        raise Refused(refuse("hold.past"))
    return take(call, Claim(whom(call, resident), Channel(channel), slot=slot, until=until, why=why))


def book(call: Call, *, slot: UUID, resident: UUID, channel: Channel, why: str = "") -> UUID:
    """Book a place, or one like it, for a resident at once; ``Refused`` as ``hold``. Where all such places are taken
    already it says so before it opens a transaction: thousands may ask at the same moment."""
    demand(call.may(Permission.BOOK))
    if offers.is_gone(call, slot, Channel(channel)):
        raise Refused(refuse("slot_taken"))
    return book_now(call, slot=slot, resident=resident, channel=channel, why=why)


@action(Permission.BOOK, audits="booking.book", beyond=PLACES)
def book_now(call: Call, *, slot: UUID, resident: UUID, channel: Channel, why: str) -> UUID:
    """Book a place, or one like it; ``Refused`` as ``hold``."""
    return take(call, Claim(whom(call, resident), Channel(channel), slot=slot, why=why))


def whom(call: Call, resident: UUID) -> UUID:
    """The resident as they are today, if the caller knows them or it is themselves; ``Refused`` (not_found) else."""
    if call.resident == resident:
        return resident
    return residents.header(call.scope, resident).id


def kept(call: Call, wanted: Claim) -> Appointment:
    """Claim a place that is kept for somebody to answer, and publish it; the appointment."""
    taken = claiming.claim(call, wanted)
    return publish([taken.appointment, *taken.expired], call.at)[taken.appointment]


def take(call: Call, wanted: Claim) -> UUID:
    """Claim within an action of this room, with the line of the trail and the event."""
    about("Resident", wanted.resident, resident=wanted.resident, channel=wanted.channel.value)
    taken = claiming.claim(call, wanted)
    about("Appointment", taken.appointment, resident=wanted.resident, slot=str(taken.slot))
    rows = publish([taken.appointment, *taken.expired], call.at)
    if wanted.until is None:
        tell(AppointmentBooked, rows[taken.appointment])
    return taken.appointment


@action(Permission.BOOK, audits="booking.confirm", beyond=PLACES)
def confirm(call: Call, *, appointment: UUID) -> None:
    """Make what was held an appointment that stands; ``Refused``: ``not_found``, ``hold.over``, ``wrong_state``."""
    row = locked(call, appointment)
    step(row, flow.APPOINTMENT, "confirm", Facts(over=row.held_until is not None and row.held_until <= call.at))
    row.held_until, row.booked_at = None, call.at
    row.save()
    claiming.keep(row.slot_id, row.id)
    settle(row, "accept", Facts())
    publish([row.id], call.at)
    tell(AppointmentBooked, row, replaces=row.replaces_id)
    if row.replaces_id:
        tell(AppointmentReplaced, row, replaced=row.replaces_id)


@action(Permission.BOOK, audits="booking.release", beyond=PLACES)
def release(call: Call, *, appointment: UUID, why: str) -> None:
    """Give a place back before its time, held or booked; ``Refused``: ``not_found``, ``wrong_state``."""
    row = locked(call, appointment)
    was = row.status
    step(row, flow.APPOINTMENT, "release", Facts())
    end(call, row, why)
    settle(row, "decline", Facts())
    if was == Status.BOOKED:
        tell(AppointmentCancelled, row, why=why[:200])


@action(Permission.BOOK, audits="booking.expire", beyond=PLACES)
def expire(call: Call, *, appointment: UUID) -> None:
    """Write down that a hold has run out, so that its place is seen to be free. ``Refused``: ``hold.in_time``,
    ``wrong_state``, ``not_found``."""
    row = locked(call, appointment)
    over = Facts(over=row.held_until is not None and row.held_until <= call.at)
    step(row, flow.APPOINTMENT, "expire", over)
    end(call, row, "")
    settle(row, "lapse", over)


def settle(row: Appointment, move: str, facts: Facts) -> None:
    """Make the move of the wish, if there is one, for which the appointment was offered."""
    wish = Waiting.objects.unscoped(WHOSE).filter(offer=row, status=flow.Wish.OFFERED).select_for_update().first()
    if wish is not None:
        step(wish, flow.WAITING, move, facts)
        wish.save()


def end(call: Call, row: Appointment, why: str) -> None:
    """Write the end of an appointment that gives its place back."""
    row.ended_at, row.ended_why = call.at, why[:200]
    row.save()
    claiming.give_back(row.slot_id, row.id)
    _single(row)
    publish([row.id], call.at)


def _single(ended: Appointment) -> None:
    """Where a merge had left the person two of a day, what is left is the only one."""
    rows = Appointment.objects.unscoped(WHOSE).filter(resident=ended.resident_id, department=ended.department)
    left = rows.filter(day=ended.day, status__in=flow.ONCE)
    other = left.filter(double=True).order_by("pk").first()
    if other is not None and not left.filter(double=False).exists():
        other.double = False
        other.save(update_fields=["double"])


def locked(call: Call, appointment: UUID) -> Appointment:
    """An appointment that is the caller's business, locked after its place, as a claim locks them."""
    seen = touched(call, appointment)
    Slot.objects.select_for_update().get(pk=seen.slot_id)
    row: Appointment = Appointment.objects.unscoped(WHOSE).select_for_update().get(pk=appointment)
    about("Appointment", row.id, resident=row.resident_id)
    return row
