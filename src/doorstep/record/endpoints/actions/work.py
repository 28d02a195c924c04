"""What the worker makes of what was kept: read, mapped to FHIR, taken by exchange; what cannot be used rests.

An endpoint's messages lie in slots (``rules.turns``). Who works on a slot holds its lock, so that several workers go
side by side and those of one key stay in order; endpoints have their turns one after the other, whatever waits at each.
A merge of two persons is done by itself, between what came before it at its endpoint and what came after.
Message, records and state are one transaction: it is done once, or it is still to be done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import OperationalError, connection, transaction

from doorstep.kernel import clock, tracing
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import acknowledging, counting
from doorstep.record.endpoints.actions.messaging import MessageReader, ReadMessage, go_on
from doorstep.record.endpoints.actions.reading import Read, Reader
from doorstep.record.endpoints.flow import FLOW, State
from doorstep.record.endpoints.models import Endpoint, Inbound
from doorstep.record.endpoints.reads.walking import along
from doorstep.record.endpoints.rules import turns
from doorstep.record.endpoints.rules.facts import MESSAGES, SLOTS
from doorstep.record.exchange import api as exchange

log = logging.getLogger(__name__)
SECONDS: Final = 1.0  # of one round, before the worker looks at other work
BATCH: Final = 100  # messages of one transaction, and their bytes
BATCH_BYTES: Final = 8 << 20
WROTE: Final = 200  # of the records that one message wrote
LOCK: Final = 0x6D6C6C70  # the first key of the advisory locks of this file
WAITING: Final = f"""
SELECT e.id, s FROM endpoints_endpoint e, generate_series(0, {SLOTS - 1}) s
WHERE NOT e.paused AND EXISTS (
  SELECT 1 FROM endpoints_inbound i WHERE i.endpoint_id = e.id AND i.slot = s AND i.state = 'kept')
ORDER BY s, e.id
"""  # noqa: S608  # our own number
MERGE: Final = f"""
SELECT min(id) FROM endpoints_inbound
WHERE endpoint_id = %s AND state = 'kept' AND kind IN ({", ".join(f"'{kind}'" for kind in turns.MERGES)})
"""  # noqa: S608  # our own names
BEFORE: Final = """
SELECT EXISTS (
  SELECT 1 FROM endpoints_inbound WHERE endpoint_id = %s AND slot = ANY(%s) AND id < %s AND state = 'kept')
"""
SETTLE: Final = """
UPDATE endpoints_inbound SET state = %s, settled_at = %s, reason = %s, place = %s, params = %s, number = %s, wrote = %s
WHERE id = %s
"""
COUNT: Final = """
INSERT INTO endpoints_minute AS m (id, endpoint_id, at, received, size, applied, rested, lag_ms)
VALUES (gen_random_uuid(), %s, date_trunc('minute', now()), 0, 0, %s, %s, %s)
ON CONFLICT (endpoint_id, at) DO UPDATE SET applied = m.applied + excluded.applied,
  rested = m.rested + excluded.rested, lag_ms = m.lag_ms + excluded.lag_ms
"""


@dataclass(slots=True)
class Outcome:
    """What became of a message: applied, with the number that exchange knows it by; handed to a service; or why it
    rests."""

    row: Inbound
    reason: str = ""
    place: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    number: int | None = None
    wrote: list[str] = field(default_factory=list)
    handed: bool = False


def run(call: Call) -> bool:
    """Work on what waits, turn by turn, for a moment; whether there is more."""
    end = time.monotonic() + SECONDS
    while waiting := _waiting():
        done = 0
        for endpoint, slot in waiting:
            with transaction.atomic():
                done += settle(call, endpoint=endpoint, slot=slot) if _mine(endpoint, slot) else 0
            if time.monotonic() > end:
                return True
        if not done:  # others hold all that waits
            return False
    return False


def _waiting() -> list[tuple[UUID, int]]:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return [(endpoint, slot) for endpoint, slot in cursor.fetchall()]


@action(Permission.MEND, audits="endpoints.settle")
def settle(call: Call, *, endpoint: UUID, slot: int) -> int:
    """Work on the oldest messages of a slot, whose lock the caller holds; how many."""
    about("Endpoint", endpoint, slot=slot)
    place = Endpoint.objects.unscoped("the worker's own").filter(pk=endpoint, paused=False).first()
    rows = _oldest(endpoint, slot) if place is not None else []
    if place is None or not rows:
        return 0
    begun = tracing.now()
    tracing.link(row.trace for row in rows)
    reader: Any = MessageReader(place) if place.protocol == MESSAGES else Reader(place)
    read = [(row, reader.read(row)) for row in rows]
    outcomes = [Outcome(row, r.reason, r.place, r.params) for row, r in read if r.converted is None]
    pieces = [Mapped(row, r.params, reader.pieces(row, r)) for row, r in read if r.converted is not None]
    # what one message sets off goes on with its trace; what several do together has one of its own, that names theirs
    with tracing.span("messages.take", rows[0].trace if len(rows) == 1 else "", messages=len(rows)):
        outcomes += _taken(call, place, reader.channel, pieces)
        _hand(call, place, outcomes, read)
        acknowledging.acknowledge(call, place, outcomes)
    _keep(endpoint, outcomes)
    _trace(outcomes, begun)
    about("Endpoint", endpoint, slot=slot, applied=sum(not o.reason for o in outcomes), of=len(outcomes))
    return len(outcomes)


def _hand(
    call: Call, place: Endpoint, outcomes: Sequence[Outcome], read: Sequence[tuple[Inbound, Read | ReadMessage]]
) -> None:
    """Tell the services of the messages on which they must act, in the order in which they came."""
    messages = {row.pk: r for row, r in read if isinstance(r, ReadMessage)}
    for each in sorted(outcomes, key=lambda one: one.row.pk):
        found = messages.get(each.row.pk)
        if found is not None and not each.reason:
            each.handed = go_on(call, place, each.row, found, each.wrote)


def _trace(outcomes: Sequence[Outcome], begun: int) -> None:
    for each in outcomes:
        state = "rested" if each.reason else "used"
        tracing.done("message.write", each.row.trace, begun, state=state, reason=each.reason, together=len(outcomes))


def _mine(endpoint: UUID, slot: int) -> bool:
    """Lock a slot until the transaction ends; False where another worker holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [LOCK, f"{endpoint} {slot}"])
        return bool(cursor.fetchone()[0])


def _oldest(endpoint: UUID, slot: int) -> list[Inbound]:
    """The oldest of a slot, no more of them than memory should hold."""
    waiting = along(
        Inbound.objects.unscoped("the worker's own").filter(state=State.KEPT), {"endpoint_id": endpoint, "slot": slot}
    )
    keys: list[int] = []
    size = 0
    for key, length in waiting.order_by("endpoint_id", "slot", "id").values_list("pk", "size")[:BATCH]:
        size += length
        if keys and size > BATCH_BYTES:
            break
        keys.append(key)
    # locked, for a person may be at one of them
    rows = list(waiting.filter(pk__in=keys).order_by("id").select_for_update(of=("self",)))
    # asked after the rows were seen: a merge that was there before one of them is seen too
    merge = _merge(endpoint) if rows else None
    ahead = turns.ahead([row.pk for row in rows], merge, first=merge is not None and not _waits_before(endpoint, merge))
    return rows[: len(ahead)]


def _merge(endpoint: UUID) -> int | None:
    """The oldest merge of persons that waits at an endpoint. What came before it is done first, what came after it
    waits for it, whoever it is about: the numbers by which later messages will know the two are told by no key."""
    with connection.cursor() as cursor:
        cursor.execute(MERGE, [endpoint])
        found: int | None = cursor.fetchone()[0]
        return found


def _waits_before(endpoint: UUID, merge: int) -> bool:
    """Whether anything that came before a merge is still to be done; what others are at counts, till they commit."""
    with connection.cursor() as cursor:
        cursor.execute(BEFORE, [endpoint, list(range(SLOTS)), merge])
        return bool(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class Mapped:
    """A message that was mapped: what exchange is to take (the shared documents in it, then what it says itself), and
    what its journey will tell of the mapping."""

    row: Inbound
    params: Mapping[str, Any]
    pieces: tuple[exchange.Piece, ...]


def _taken(call: Call, place: Endpoint, channel: str, pieces: Sequence[Mapped]) -> list[Outcome]:
    """All together. Of what exchange cannot use nothing is left: the others are taken once more, without it."""
    if not pieces:
        return []
    try:
        with transaction.atomic():
            outcomes = _take(call, place, channel, pieces)
            if not any(each.reason for each in outcomes):
                return outcomes
            transaction.set_rollback(True)
    except OperationalError:  # the database is away, or busy: it is all still to be done
        raise
    except Exception as error:  # whatever it was, the others must not wait for it
        if len(pieces) == 1:
            log.exception("message %s of endpoint %s failed", pieces[0].row.pk, place.pk)
            return [Outcome(pieces[0].row, "processing-failed", params={"detail": type(error).__name__})]
        half = len(pieces) // 2
        return _taken(call, place, channel, pieces[:half]) + _taken(call, place, channel, pieces[half:])
    sound = [piece for piece, outcome in zip(pieces, outcomes, strict=True) if not outcome.reason]
    return [outcome for outcome in outcomes if outcome.reason] + _taken(call, place, channel, sound)


def _take(call: Call, place: Endpoint, channel: str, pieces: Sequence[Mapped]) -> list[Outcome]:
    found = exchange.take(call, place.organisation_id, [piece for each in pieces for piece in each.pieces], channel)
    receipts = (receipt for batch in found for receipt in batch)
    return [_outcome(each, list(islice(receipts, len(each.pieces)))) for each in pieces]


def _outcome(each: Mapped, receipts: Sequence[exchange.Receipt]) -> Outcome:
    for piece, receipt in zip(each.pieces, receipts, strict=True):
        if receipt.state != "applied" or receipt.set_aside:
            problem = receipt.problems[0] if receipt.problems else exchange.Problem("processing-failed")
            where = f"{piece.origin.rpartition(' ')[2]} " if piece.kind == "cda" else ""
            return Outcome(each.row, problem.code, f"{where}{problem.path}", dict(problem.params))
    *documents, own = receipts
    wrote = dict.fromkeys(a.location for receipt in (own, *documents) for a in receipt.answers if a.location)
    params = {**each.params, "documents": [one.message for one in documents]} if documents else each.params
    return Outcome(each.row, params=params, number=own.message, wrote=list(wrote)[:WROTE])


def _keep(endpoint: UUID, outcomes: Sequence[Outcome]) -> None:
    at = clock.now()
    with connection.cursor() as cursor:
        cursor.executemany(SETTLE, [_settled(outcome, at) for outcome in outcomes])
        applied = [outcome for outcome in outcomes if not outcome.reason]
        lag = sum(int((at - outcome.row.received_at).total_seconds() * 1000) for outcome in applied)
        cursor.execute(COUNT, [endpoint, len(applied), len(outcomes) - len(applied), max(0, lag)])
    counting.settled(endpoint, [outcome.row.received_at for outcome in applied], len(outcomes) - len(applied), at)


def _settled(one: Outcome, at: datetime) -> tuple[Any, ...]:
    verdict, state = FLOW.step("rest" if one.reason else "hand" if one.handed else "apply", State.KEPT, None)
    assert verdict.allowed
    params = orjson.dumps(dict(one.params), default=str).decode()
    return state.value, at, one.reason, one.place[:200], params, one.number, one.wrote, one.row.pk
