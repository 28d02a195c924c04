"""What a resident, or whoever acts for them, does by themselves: book, give back, answer, wait, appeal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.resources.booking.access import Permission, may_own
from doorstep.resources.booking.actions import appointments as acts
from doorstep.resources.booking.actions import barring, waiting
from doorstep.resources.booking.actions.claiming import Claim
from doorstep.resources.booking.flow import Status
from doorstep.resources.booking.models import Appointment, Sanction, Waiting
from doorstep.resources.booking.reads import own as reads
from doorstep.resources.booking.reads import rulings
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.rules import own as rules

PLACES: Final = "a place is anybody's to take, and what was held on it may be somebody else's"


@action(Permission.OWN, audits="booking.own_book", beyond=PLACES)
def book(call: Call, *, slot: UUID) -> UUID:
    """Book a place, or one like it, for oneself or one's ward; ``Refused`` as ``appointments.book``."""
    return acts.take(call, Claim(reads.me(call), Channel.APP, slot=slot))


@action(Permission.OWN, audits="booking.own_cancel", beyond=PLACES)
def cancel(call: Call, *, appointment: UUID, why: str) -> None:
    """Give one's appointment back until the limit of the rule. ``Refused``: ``not_found``, ``wrong_state``,
    ``cancel.late``."""
    row = _mine(call, appointment)
    if row.status != Status.BOOKED:
        raise Refused(refuse("wrong_state"))
    demand(rules.may_cancel(row.day, row.starts, call.at, rulings.terms(row.day)))
    acts.release(_let(call), appointment=appointment, why=why)


@action(Permission.OWN, audits="booking.own_answer", beyond=PLACES)
def answer(call: Call, *, appointment: UUID, accept: bool) -> None:
    """Take a place that was offered, or not. ``Refused``: ``not_found``, ``wrong_state``, ``hold.over``."""
    row = _mine(call, appointment)
    if row.status != Status.HELD or not reads.asked_for(row):
        raise Refused(refuse("wrong_state"))
    if accept:
        acts.confirm(_let(call), appointment=appointment)
    else:
        acts.release(_let(call), appointment=appointment, why="")


@action(Permission.OWN, audits="booking.own_wait", beyond=PLACES)
def wait(call: Call, *, clinic: UUID, until: date) -> UUID:
    """Wait for a place at a clinic from today to a day. ``Refused`` as ``waiting.join``."""
    return waiting.join(_let(call), clinic=clinic, resident=reads.me(call), since=clock.today(), until=until)


@action(Permission.OWN, audits="booking.own_withdraw", beyond=PLACES)
def withdraw(call: Call, *, wish: UUID) -> None:
    """Wait no more. ``Refused``: ``not_found``, ``wrong_state``."""
    whose = Waiting.objects.unscoped(reads.MINE).filter(pk=wish).values_list("resident", flat=True).first()
    _demand_own(call, whose)
    about("Waiting", wish, resident=whose)
    waiting.withdraw(_let(call), wish=wish)


@action(Permission.OWN, audits="booking.own_appeal", beyond=PLACES)
def appeal(call: Call, *, sanction: UUID, words: str) -> None:
    """Say something against a sanction of one's own. ``Refused``: ``not_found``, ``appeal.words``, ``wrong_state``."""
    whose = Sanction.objects.unscoped(reads.MINE).filter(pk=sanction).values_list("resident", flat=True).first()
    _demand_own(call, whose)
    about("Sanction", sanction, resident=whose)
    barring.appeal(_let(call), sanction=sanction, words=words)


def _demand_own(call: Call, whose: UUID | None) -> None:
    demand(may_own(call, whose) if whose else refuse("not_found", kind="Booking"))


def _mine(call: Call, appointment: UUID) -> Appointment:
    row = acts.locked(call, appointment)
    demand(may_own(call, row.resident_id))
    return row


def _let(call: Call) -> Call:
    """What staff do for anybody they know, somebody does for themselves."""
    return replace(call, permissions=call.permissions | {Permission.BOOK})
