"""The one place where a place is taken: one statement, and the database decides.

The row of the slot is locked, what was held on it too long ago expires, the appointment is written and the slot says
whose it is: all in one statement, so that a crash leaves all of it or nothing. Two constraints stand behind it
(``appointment_one_a_place``, ``appointment_one_a_day``). Whoever finds only locked places waits for them, so that
nobody is told "taken" for a place that comes back.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import connection, transaction

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, Refused, refuse
from doorstep.kernel.ids import new_id
from doorstep.kernel.prepared import ask
from doorstep.resources.booking.flow import Status
from doorstep.resources.booking.reads import claims
from doorstep.resources.booking.rules import Channel

OF_SESSION: Final = "s.session_id = %(session)s"
THIS: Final = "s.id = %(slot)s"
_CLAIM: Final = f"""
WITH place AS (
  SELECT s.id, s.number, s.starts, s.ends, s.appointment AS before, s.session_id,
    ss.organisation_id, ss.department, ss.day
  FROM booking_slot s JOIN booking_session ss ON ss.id = s.session_id
  WHERE {{target}} AND {claims.CLAIMABLE} AND NOT {claims.BARRED}
  ORDER BY s.starts, s.number LIMIT 1 FOR UPDATE OF s {{lock}}
), gone AS (
  UPDATE booking_appointment SET status = 'expired', ended_at = %(at)s, version = version + 1
  WHERE status = 'held' AND held_until <= %(at)s AND id IN (SELECT before FROM place UNION ALL
    SELECT a.id FROM booking_appointment a JOIN place p USING (department, day) WHERE a.resident_id = %(resident)s)
  RETURNING id
), made AS (
  INSERT INTO booking_appointment (id, version, created_at, organisation_id, resident_id, first, slot_id, session_id,
    department, day, number, starts, ends, channel, status, held_until, token, made_by, made_name, why, passed,
    ended_why, replaces_id, series, booked_at, stopped)
  SELECT %(id)s::uuid, 1, %(at)s, organisation_id, %(resident)s::uuid, %(resident)s::uuid, place.id,
    session_id, department, day, number, starts, ends, %(channel)s, %(status)s,
    CASE WHEN %(until)s::timestamptz IS NOT NULL THEN least(%(until)s::timestamptz, greatest(starts, %(at)s)) END,
    %(token)s::uuid, %(actor)s, %(name)s, %(why)s, 0, '', %(replaces)s::uuid, %(series)s::uuid,
    CASE WHEN %(until)s::timestamptz IS NULL THEN %(at)s END, false
  FROM place CROSS JOIN (SELECT count(*) FROM gone) settled
  ON CONFLICT DO NOTHING RETURNING id, slot_id, held_until
), taken AS (
  UPDATE booking_slot s SET appointment = made.id, held_until = made.held_until FROM made WHERE s.id = made.slot_id
  RETURNING s.id
)
SELECT (SELECT count(*) FROM place), (SELECT id FROM taken), ARRAY(SELECT id FROM gone)
"""  # noqa: S608  our own text; values go by parameters
_WHY: Final = f"""
SELECT count(*), count(*) FILTER (WHERE {claims.CLAIMABLE}), bool_or({claims.BARRED}), bool_or(s.live),
  bool_or(s.starts > %(after)s), bool_or({claims.FREE}), bool_or({claims.FREE} AND {claims.RELEASED}),
  bool_or({claims.QUEUED_FOR})
FROM booking_slot s JOIN booking_session ss ON ss.id = s.session_id WHERE {{target}}
"""  # noqa: S608  our own text; values go by parameters


@dataclass(frozen=True, slots=True)
class Claim:
    """Who wants which place: a ``slot`` or one like it (same session, same time), or any of a ``session``.

    ``until``: only held, until then; else booked at once. ``exact`` takes the slot itself, or none.
    ``listed``: for one to whom the waiting list, or a stopped clinic, gives it. Without ``waits`` what others have
    locked at this moment counts as taken.
    """

    resident: UUID
    channel: Channel
    slot: UUID | None = None
    session: UUID | None = None
    until: datetime | None = None
    why: str = ""
    exact: bool = False
    waits: bool = True
    listed: bool = False
    queued: bool = False
    after: datetime | None = None
    replaces: UUID | None = None
    series: UUID | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it: the appointment, its place, and the appointments whose holding had run out on the way."""

    appointment: UUID
    slot: UUID
    expired: tuple[UUID, ...]


def claim(call: Call, wanted: Claim) -> Taken:
    """Take a place for a resident, in the caller's transaction; as the owner, for whom a place held for somebody of
    another institution is a place as any other (``fence.lifted``).

    ``Refused``: ``slot_taken``, ``one_a_day``, ``sanctioned``, ``not_released``, ``waited_for``, ``slot_past``,
    ``slot_closed``, ``not_found``. Nothing is changed then, once the transaction is rolled back.
    """
    target = THIS if wanted.exact else claims.ONE_LIKE if wanted.slot else OF_SESSION
    said = _said(call, wanted)
    found = _quickly(_CLAIM.format(target=target, lock="SKIP LOCKED"), said)
    if not found[0]:
        why, waits = _why(target, said)
        if waits and wanted.waits:
            found = _run(_CLAIM.format(target=target, lock=""), said)
            why = refuse("slot_taken")
        if not found[0]:
            raise Refused(why)
    if found[1] is None:
        raise Refused(refuse("one_a_day"))
    if found[2]:
        _free(found[2])
    return Taken(said["id"], found[1], tuple(found[2]))


def _said(call: Call, wanted: Claim) -> dict[str, Any]:
    status = Status.HELD if wanted.until else Status.BOOKED
    return {
        "id": new_id(), "token": uuid4(), "resident": wanted.resident, "slot": wanted.slot, "session": wanted.session,
        "channel": wanted.channel.value, "status": status.value, "until": wanted.until, "at": call.at,
        "after": wanted.after or call.at, "day": call.at.astimezone(clock.CHINA).date(), "listed": wanted.listed,
        "queued": wanted.queued,
        "actor": call.actor, "name": call.name, "why": wanted.why[:200], "replaces": wanted.replaces,
        "series": wanted.series,
    }  # fmt: skip


class _NothingFree(Exception):
    """What was locked and found taken is let go again by leaving the savepoint."""


def _quickly(statement: str, said: dict[str, Any]) -> tuple[Any, ...]:
    """Claim what nobody has locked.

    A place that was sold since the statement began is locked before that is seen: whoever kept that lock and then
    waited for the others in their order would have them all wait for each other.
    """
    found: tuple[Any, ...] = (0,)
    with suppress(_NothingFree), transaction.atomic():
        found = _run(statement, said)
        if not found[0]:
            raise _NothingFree
    return found


def _run(statement: str, said: dict[str, Any]) -> tuple[Any, ...]:
    [[found]] = ask((statement, said))
    return found


def _why(target: str, said: dict[str, Any]) -> tuple[Decision, bool]:
    """Why nothing was found, and whether there are places that somebody else has locked at this moment."""
    count, claimable, barred, live, ahead, free, released, queued = _run(_WHY.format(target=target), said)
    reasons = (
        (not count, "not_found"), (barred, "sanctioned"), (not live, "slot_closed"), (not ahead, "slot_past"),
        (not free, "slot_taken"), (not released, "not_released"),
        (not claimable and queued, "queued_for"), (not claimable, "waited_for"),
    )  # fmt: skip
    reason = next((name for holds, name in reasons if holds), "slot_taken")
    return refuse(reason, **({"kind": "Slot"} if reason == "not_found" else {})), bool(claimable) and not barred


_FREE: Final = "UPDATE booking_slot SET appointment = NULL, held_until = NULL WHERE id = %s AND appointment = %s"
_FREE_EXPIRED: Final = """UPDATE booking_slot SET appointment = NULL, held_until = NULL WHERE id IN
  (SELECT id FROM booking_slot WHERE appointment = ANY (%s) FOR UPDATE SKIP LOCKED)"""
_KEEP: Final = "UPDATE booking_slot SET held_until = NULL WHERE id = %s AND appointment = %s"


def _free(expired: list[UUID]) -> None:
    """The other places that were held by what has expired on the way say so; whoever has one locked is just taking it,
    and is not waited for: they may wait for one of these appointments."""
    with connection.cursor() as cursor:
        cursor.execute(_FREE_EXPIRED, [expired])


def give_back(slot: UUID, appointment: UUID) -> None:
    """The place is free again, if it still is this appointment's."""
    with connection.cursor() as cursor:
        cursor.execute(_FREE, [slot, appointment])


def keep(slot: UUID, appointment: UUID) -> None:
    """The place is the appointment's for good."""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [slot, appointment])
