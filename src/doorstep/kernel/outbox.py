"""Events out: written with the change they tell of, delivered after it, at least once, in order per subject."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

import msgspec
from django.db import connection, transaction

from doorstep.kernel import clock, prepared, room
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.kernel.models import Delivery

log = logging.getLogger(__name__)
CHANNEL = "doorstep_outbox"
MOST_ATTEMPTS = 8
EMIT = """
WITH event AS (
  INSERT INTO kernel_outboxevent (name, subject, body, at) VALUES (%s, %s, %s::jsonb, %s) RETURNING id, subject, at)
INSERT INTO kernel_delivery (event_id, handler, subject, state, attempts, due_at, error)
SELECT event.id, handler, event.subject, 'waiting', 0, event.at, '' FROM event, unnest(%s::text[]) AS handler
"""
_event: ContextVar[int | None] = ContextVar("doorstep_event", default=None)
CLAIM = """
SELECT d.id FROM kernel_delivery d
WHERE d.state = 'waiting' AND d.due_at <= %s AND NOT EXISTS (
  SELECT 1 FROM kernel_delivery e WHERE e.handler = d.handler AND e.subject = d.subject
  AND e.event_id < d.event_id AND e.state IN ('waiting', 'dead'))
ORDER BY d.event_id LIMIT 1 FOR UPDATE OF d SKIP LOCKED
"""


def emit(event: Any) -> None:
    """Publish an event in the caller's transaction; ``event.subject`` names the thing whose events keep their order.

    Raises ``RuntimeError`` outside a transaction: an event without its change would be a lie.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an event is published inside the transaction of its change")
    name = room.event_name(type(event))
    handlers = list(room.reactions(name))
    body = msgspec.json.encode(event).decode()
    # one statement for all: every small write publishes, and Django's INSERTs would cost it a third more
    prepared.ask((EMIT, [name, str(event.subject)[:200], body, clock.now(), handlers]))
    if handlers:
        wake()


def wake(channel: str = CHANNEL) -> None:
    """Wake the worker, or who listens to another channel, when this transaction is committed."""
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {channel}")


def delivering() -> int:
    """The number of the event whose handler runs, the same at each of its tries: what a handler makes, it makes once.

    Raises ``RuntimeError`` outside a handler.
    """
    event = _event.get()
    if event is None:
        raise RuntimeError("no event is being delivered")
    return event


def backoff(attempts: int) -> timedelta:
    """How long to wait before the next try: 2, 4, 8 … seconds, an hour at most."""
    return timedelta(seconds=min(2**attempts, 3600))


def worker_call() -> Call:
    """The call under which handlers and jobs run: the system itself, with every permission of the rooms."""
    held = frozenset(str(p) for r in room.installed() if r.permissions for p in r.permissions)
    return Call("system:worker", "系统", clock.now(), EVERYWHERE, held, purpose="HOPERAT")


def deliver_one() -> bool:
    """Take the next delivery that is due and run its handler; False where nothing is due."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [clock.now()])
            found = cursor.fetchone()
        if found is None:
            return False
        delivery = Delivery.objects.select_related("event").get(pk=found[0])
        error = _run(delivery)
        _settle(delivery, error)
    return True


def _run(delivery: Delivery) -> str:
    event, handler = delivery.event, room.reactions(delivery.event.name).get(delivery.handler)
    if handler is None:
        return f"no handler {delivery.handler}"
    token = _event.set(event.pk)
    try:
        with transaction.atomic():
            handler(worker_call(), msgspec.convert(event.body, room.event_types()[event.name]))
    except Exception as error:  # whatever a handler raises, the letter must rest where a person can read it
        log.exception("handler %s failed on event %s", delivery.handler, event.pk)
        return f"{type(error).__name__}: {error}"[:2000]
    finally:
        _event.reset(token)
    return ""


def _settle(delivery: Delivery, error: str) -> None:
    delivery.attempts += 1
    delivery.error = error
    if not error:
        delivery.state, delivery.done_at = Delivery.State.DONE, clock.now()
    elif delivery.attempts >= MOST_ATTEMPTS:
        delivery.state = Delivery.State.DEAD
    else:
        delivery.due_at = clock.now() + backoff(delivery.attempts)
    delivery.save(update_fields=("attempts", "error", "state", "done_at", "due_at"))


def drain(most: int = 10_000) -> int:
    """Deliver all that is due now; returns how many deliveries were tried."""
    done = 0
    while done < most and deliver_one():
        done += 1
    return done


def replay(delivery_id: int) -> bool:
    """Give a dead letter another round of tries; False where it is not dead (any more)."""
    fresh = {"state": Delivery.State.WAITING, "attempts": 0, "due_at": clock.now()}
    changed = Delivery.objects.filter(pk=delivery_id, state=Delivery.State.DEAD).update(**fresh)
    if changed:
        wake()
    return bool(changed)


def dismiss(delivery_id: int) -> bool:
    """Lay a dead letter aside for good, so that those behind it go on; False where it is not dead."""
    return bool(
        Delivery.objects.filter(pk=delivery_id, state=Delivery.State.DEAD).update(
            state=Delivery.State.DISMISSED, done_at=clock.now()
        )
    )
