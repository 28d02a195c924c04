"""The queue for a release at a fixed hour: one ticket a person, an order drawn at the hour, one answer each.

Before the queue is closed no other way leads to what is given out (``claims.QUEUED_FOR``). It is served in batches,
each one transaction: if the process dies, a batch is answered wholly or not at all, and whoever comes next goes on.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import F

from doorstep.kernel import fence
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.ids import new_id
from doorstep.kernel.prepared import ask
from doorstep.resources.booking import flow
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions import appointments as acts
from doorstep.resources.booking.actions.claiming import Claim
from doorstep.resources.booking.actions.stepping import step
from doorstep.resources.booking.flow import Turn
from doorstep.resources.booking.models import Release, Session, Ticket
from doorstep.resources.booking.reads import own, releases
from doorstep.resources.booking.rules import Channel, releasing

LINE: Final = "a queue is served in its order, whoever knows those who stand in it"
BATCH: Final = 20
TURNS: Final = 0x626F6F6B  # the first key of the advisory locks of this file
ALL_GONE: Final = frozenset({"slot_taken", "slot_past", "slot_closed", "not_released", "not_found"})
"""Why nobody who comes later gets a place either."""

# asked outside a transaction, so that the lock, if it was free, is let go at once
_DUE: Final = """
SELECT pg_try_advisory_xact_lock(%(turns)s, hashtext(id::text)) FROM booking_release
WHERE session_id = %(session)s AND closed_at IS NULL AND opens_at <= %(at)s
"""


@action(Permission.OWN, audits="booking.own_queue", beyond=LINE)
def join(call: Call, *, session: UUID) -> UUID:
    """Queue for what a session gives out at its hour: one ticket a person, however often it is asked for. ``Refused``:
    ``not_found``, ``slot_closed``, ``queue.nothing``, ``queue.over``."""
    whose = own.me(call)
    about("Session", session, resident=whose)
    release = _release(call, session)
    # whoever closes the queue waits for those who are joining, and sees them
    if not _still_open(release):
        raise Refused(refuse("queue.over"))
    said = {"first": whose, "joined_at": call.at, "made_by": call.actor, "made_name": call.name}
    said |= {"organisation_id": release.organisation_id}
    Ticket.objects.bulk_create([Ticket(id=new_id(), release=release, resident_id=whose, **said)], ignore_conflicts=True)
    ticket = Ticket.objects.unscoped(LINE).get(release=release, resident=whose)
    about("Ticket", ticket.id, resident=whose, session=str(session))
    return UUID(str(ticket.id))


def _release(call: Call, session: UUID) -> Release:
    row = Session.objects.unscoped(LINE).filter(pk=session).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Session"))
    if row.status not in flow.GIVES or row.ends <= call.at:
        raise Refused(refuse("slot_closed"))
    found: Release | None = Release.objects.unscoped(LINE).filter(session=session).first()
    if found is not None:
        return found
    opens = releases.opens(session)
    if opens is None:
        raise Refused(refuse("queue.nothing"))
    if opens <= call.at:  # nobody came to queue before the hour
        raise Refused(refuse("queue.over"))
    made = Release(id=new_id(), organisation_id=row.organisation_id, session=row, opens_at=opens)
    Release.objects.bulk_create([made], ignore_conflicts=True)
    kept: Release = Release.objects.unscoped(LINE).get(session=session)
    return kept


def _still_open(release: Release) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT closed_at IS NULL FROM booking_release WHERE id = %s FOR SHARE", [release.id])
        return bool(cursor.fetchone()[0])


def serve(call: Call, *, session: UUID) -> int:
    """Answer the next of the queue for a session, if its hour has come and nobody else is at it; how many were. Where
    there is nothing to do that is found by one prepared statement: all who wait ask."""
    demand(call.may(Permission.OWN))
    with fence.lifted(LINE):
        [found] = ask((_DUE, {"turns": TURNS, "session": session, "at": call.at}))
    return serve_now(call, session=session) if any(free for [free] in found) else 0


@action(Permission.OWN, audits="booking.serve", beyond=LINE)
def serve_now(call: Call, *, session: UUID) -> int:
    """Answer the next of the queue, as ``serve``. It is drawn with the first batch and closed with the last."""
    row = Release.objects.unscoped(LINE).filter(session=session, closed_at__isnull=True, opens_at__lte=call.at).first()
    if row is None or not _alone(row.id):
        return 0
    row.refresh_from_db()  # as the last who served has left it
    if row.closed_at is not None:
        return 0
    if row.drawn_at is None:
        _draw(row, call.at)
    line = Ticket.objects.unscoped(LINE).filter(release=row, status=Turn.WAITING)
    batch = list(line.order_by(F("turn").asc(nulls_last=True), "joined_at", "id")[:BATCH])
    answered = 0
    for ticket in batch:
        if not _answer(call, ticket, session):
            answered += _all_gone(row, call.at)
            break
        answered += 1
    if answered == 0 or len(batch) < BATCH or batch[-1].status == Turn.WAITING:
        _close(row, call.at)
    about("Release", row.id, session=str(session), answered=answered, seed=row.seed)
    return answered


def _alone(release: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [TURNS, str(release)])
        return bool(cursor.fetchone()[0])


def _draw(row: Release, at: datetime) -> None:
    """Who joined before the hour gets a turn by chance; whoever comes later has none, and follows."""
    row.seed, row.drawn_at = secrets.token_hex(32), at
    row.save()
    early = Ticket.objects.unscoped(LINE).filter(release=row, joined_at__lt=row.opens_at).values_list("id", flat=True)
    order = releasing.drawn(row.seed, early)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE booking_ticket t SET turn = o.turn FROM unnest(%s::uuid[]) WITH ORDINALITY AS o (id, turn)"
            " WHERE t.id = o.id",
            [list(order)],
        )


def _answer(call: Call, ticket: Ticket, session: UUID) -> bool:
    """Give somebody their place or say why not; False where nothing is left for anybody."""
    theirs = replace(call, actor=ticket.made_by, name=ticket.made_name, resident=ticket.resident_id)
    try:
        ticket.appointment_id = take_turn(theirs, session=session)
    except Refused as refused:
        if refused.decision.reason in ALL_GONE:
            return False
        ticket.reason = refused.decision.reason
    step(ticket, flow.QUEUE, "give" if ticket.appointment_id else "refuse", None)
    ticket.answered_at = call.at
    ticket.save()
    return True


@action(Permission.OWN, audits="booking.own_turn", beyond=LINE)
def take_turn(call: Call, *, session: UUID) -> UUID:
    """Take the earliest place that a session has, for whoever's turn it is; ``Refused`` as ``claiming.claim``."""
    return acts.take(call, Claim(own.me(call), Channel.APP, session=session, queued=True))


def _all_gone(row: Release, at: datetime) -> int:
    """All who still wait are told at once: what is given back from now on goes to the waiting list."""
    verdict, after = flow.QUEUE.step("run_out", Turn.WAITING, None)
    demand(verdict)
    line = Ticket.objects.unscoped(LINE).filter(release=row, status=Turn.WAITING)
    return int(line.update(status=after.value, answered_at=at, version=F("version") + 1))


def _close(row: Release, at: datetime) -> None:
    """Close the queue, unless somebody has joined in the meantime."""
    Release.objects.unscoped(LINE).select_for_update().get(pk=row.pk)
    if not Ticket.objects.unscoped(LINE).filter(release=row, status=Turn.WAITING).exists():
        row.closed_at, row.version = at, row.version + 1
        row.save()
