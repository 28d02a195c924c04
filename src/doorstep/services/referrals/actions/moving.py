"""The moves: one way in for all of them, so that none forgets whose it is, what it needs, or to be told."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import demand
from doorstep.kernel.outbox import emit
from doorstep.services.referrals.access import Permission, may_move
from doorstep.services.referrals.actions import rows, taking, telling
from doorstep.services.referrals.actions.effects import APPLY, Happening, facts_of, told_of
from doorstep.services.referrals.flow import FLOW, MOVER, TURN, Status
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.reads.rows import sides, terms_now
from doorstep.services.referrals.rules.kinds import Side
from doorstep.services.referrals.shapes import Answer


def _step(call: Call, name: str, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """Make a move: lock, ask whose it is and what it needs, write, tell. Whatever refuses, nothing was done."""
    row = rows.seen(call, referral, expect)
    before = Status(row.status)
    about("Referral", row.pk, resident=row.resident_id, move=name, reason=answer.reason)
    demand(may_move(call, MOVER[name], FLOW.move(name).permission, sides(row)))
    now = Happening(call, answer, terms_now(), taking.taken(call, row, name, before, answer))
    decision, after = FLOW.step(name, before, facts_of(row, now))
    demand(decision)
    APPLY[name](row, now)
    _turn(row, after)
    rows.keep(row, call)
    rows.told(row, call, name, before, answer)
    rows.relate(row, call, now.within)
    rows.project(row, call)
    telling.tell(call, row, name, answer)
    event = told_of(row, name)
    if event is not None:
        emit(event)
    return after


def _turn(row: Referral, after: Status) -> None:
    """On whose desk it lies now; whoever held it at the other desk holds it no longer."""
    row.status, row.escalated_at, row.escalation = after, None, ""
    turn = TURN[after]
    desks = {Side.ORIGIN: row.origin_id, Side.DESTINATION: row.destination_id}
    desk = desks[turn] if turn else None
    if desk != row.desk:
        row.holder, row.holder_name = "", ""
    row.desk = desk
    row.waiting = (row.destination_id if turn is Side.ORIGIN else row.origin_id) if turn else None


@action(Permission.SEND, audits="referrals.send")
def send(call: Call, *, referral: UUID, expect: int | None, answer: Answer = Answer()) -> Status:  # noqa: B008  # frozen
    """Send a draft, or one that was given back, to the destination."""
    return _step(call, "send", referral, expect, answer)


@action(Permission.EXCHANGE, audits="referrals.take_in")
def take_in(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """Another platform asks, or asks again, by a message: by the house alone."""
    return _step(call, "take_in", referral, expect, answer)


@action(Permission.TRIAGE, audits="referrals.accept")
def accept(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """Take the patient: the slot is held and confirmed in this transaction. ``Refused``: ``slot_taken`` and the like of
    booking, ``referral.place`` where none is named and one is needed."""
    return _step(call, "accept", referral, expect, answer)


@action(Permission.TRIAGE, audits="referrals.give_back")
def give_back(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """Give it back to be completed: what is missing is said in words."""
    return _step(call, "give_back", referral, expect, answer)


@action(Permission.TRIAGE, audits="referrals.redirect")
def redirect(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """Pass it on to an institution that can, whose answer is then due; the caller's reason to read ends."""
    return _step(call, "redirect", referral, expect, answer)


@action(Permission.TRIAGE, audits="referrals.decline")
def decline(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """Decline, with a reason (``flow.DECLINES``)."""
    return _step(call, "decline", referral, expect, answer)


@action(Permission.SEND, audits="referrals.resend")
def resend(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """Ask again, or another institution, after a refusal or a missed appointment."""
    return _step(call, "resend", referral, expect, answer)


@action(Permission.RECEIVE, audits="referrals.arrive")
def arrive(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """The patient is here."""
    return _step(call, "arrive", referral, expect, answer)


@action(Permission.RECEIVE, audits="referrals.miss")
def miss(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """The patient did not come."""
    return _step(call, "miss", referral, expect, answer)


@action(Permission.TRIAGE, audits="referrals.reopen")
def reopen(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """The place is lost, and another must be found: it waits for an answer again."""
    return _step(call, "reopen", referral, expect, answer)


@action(Permission.RECEIVE, audits="referrals.begin_care")
def begin_care(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """The patient is in care."""
    return _step(call, "begin_care", referral, expect, answer)


@action(Permission.REPORT, audits="referrals.report")
def report(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """Issue the return letter (回转单): the primary side makes contact, and follows up where a norm says so."""
    return _step(call, "report", referral, expect, answer)


@action(Permission.CLOSE, audits="referrals.receive")
def receive(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """The primary side has the return letter and has been in touch with the patient."""
    return _step(call, "receive", referral, expect, answer)


@action(Permission.CLOSE, audits="referrals.follow_up")
def follow_up(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """The patient was followed up: what was found is said in words."""
    return _step(call, "follow_up", referral, expect, answer)


@action(Permission.CLOSE, audits="referrals.close")
def close(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """It is done."""
    return _step(call, "close", referral, expect, answer)


@action(Permission.SEND, audits="referrals.withdraw")
def withdraw(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """Take it back, with a reason; a place that was taken is free again."""
    return _step(call, "withdraw", referral, expect, answer)


@action(Permission.EXPIRE, audits="referrals.lapse")
def lapse(call: Call, *, referral: UUID, expect: int | None, answer: Answer) -> Status:
    """It is no longer valid, and nobody moved it: by the clock alone."""
    return _step(call, "lapse", referral, expect, answer)


MOVES = {
    each.__name__: each
    for each in (
        send, take_in, accept, give_back, redirect, decline, resend, arrive, miss, reopen, begin_care, report, receive,
        follow_up, close, withdraw, lapse,
    )
}  # fmt: skip
"""Every move of the flow by its name."""


def overdue(at: datetime, limit: int) -> list[UUID]:
    """Those that are no longer valid, the oldest first."""
    rows_ = Referral.objects.unscoped("the clock lapses what nobody moved, whoever sent it")
    late = rows_.filter(valid_until__lt=at, status__in=sorted(str(s) for s in FLOW.move("lapse").at))
    return list(late.order_by("valid_until").values_list("pk", flat=True)[:limit])
