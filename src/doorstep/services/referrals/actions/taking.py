"""The place that a referral takes: a slot of booking, held and confirmed in this transaction, or an agreed moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Refused, allow, demand, refuse
from doorstep.resources.booking import api as booking
from doorstep.services.referrals.actions.effects import Taken
from doorstep.services.referrals.flow import Status
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.reads import rows
from doorstep.services.referrals.shapes import Answer

GIVES_UP: Final = frozenset({"withdraw", "reopen", "lapse"})
GONE: Final = frozenset({"clinic_stopped", "cancelled"})
"""Reasons that say that booking has given the place up already."""
_MOMENT: Final = timedelta(minutes=5)


def taken(call: Call, row: Referral, name: str, before: Status, answer: Answer) -> Taken | None:
    """Take or give up the place that a move is about; None where none was taken.

    ``Refused`` as booking says: ``slot_taken``, ``one_a_day``, ``not_released``…
    """
    if name in GIVES_UP and before is Status.ACCEPTED and row.appointment and answer.reason not in GONE:
        booking.release(_for_both(call, row), appointment=row.appointment, why=answer.note or name)
    if row.instead is not None and row.instead != answer.appointment:
        _let_go(_for_both(call, row), row.instead, row.number)
    row.instead = None
    if name != "accept" or before is not Status.SENT:
        return None
    if answer.appointment is not None:
        return _place(row, call, answer.appointment)
    if answer.slot is not None:
        return _slot(call, row, answer)
    return _agreed(call, answer.starts, answer) if answer.starts is not None else None


def _agreed(call: Call, starts: datetime, answer: Answer) -> Taken:
    """A moment that was agreed; what another platform has agreed to is taken as it is, whatever our clock says."""
    demand(allow() if starts >= call.at or answer.outside else refuse("referral.past"))
    return Taken(None, None, starts)


def _slot(call: Call, row: Referral, answer: Answer) -> Taken:
    both = _for_both(call, row)
    appointment = booking.hold(
        both, slot=answer.slot or row.pk, resident=row.resident_id, channel=booking.Channel.REFERRAL,
        until=call.at + _MOMENT, why=row.number,
    )  # fmt: skip
    booking.confirm(both, appointment=appointment)
    return _place(row, both, appointment)


def _place(row: Referral, both: Call, appointment: UUID) -> Taken:
    got = booking.get(both.scope, [appointment])[appointment]
    if got.organisation != row.destination_id:
        raise Refused(refuse("referral.elsewhere"))
    return Taken(got.slot, appointment, got.starts, rows.place_words(got))


def _let_go(both: Call, kept: UUID, why: str) -> None:
    """What booking keeps for the patient is not needed: the desk has gone another way before they answered."""
    found = booking.get(both.scope, [kept]).get(kept)
    if found is not None and found.status == booking.Status.HELD:
        booking.release(both, appointment=kept, why=why)


def _for_both(call: Call, row: Referral) -> Call:
    """The destination may not know the patient yet: the origin does, and asked for them."""
    if call.scope.everywhere:
        return call
    return replace(call, scope=Scope(call.scope.organisations | {row.origin_id}))
