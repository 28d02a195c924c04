"""Puts a message into the queue of what goes out, in the transaction of its cause."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import connection

from doorstep.kernel import clock, fence, outbox
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.record.endpoints.actions.protocols import PROTOCOLS
from doorstep.record.endpoints.flow import OUTWARD
from doorstep.record.endpoints.models import Endpoint, Outbound
from doorstep.record.endpoints.rules.facts import Ordering
from doorstep.record.endpoints.rules.outward import Direction, key_of

CHANNEL: Final = "doorstep_outward"
WHY: Final = "what goes out is made by a rule of the house, whose action has asked who may"
QUEUE: Final = """
INSERT INTO endpoints_outbound (endpoint_id, receiver_id, cause, kind, control, key, body, size, residents, inbound,
  made_at, due_at, state, tries, code, reason, params)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, '', '', '{}')
ON CONFLICT (endpoint_id, cause) DO NOTHING RETURNING id
"""


def send(
    call: Call,
    *,
    endpoint: UUID,
    cause: str,
    key: str,
    kind: str,
    body: bytes,
    residents: Iterable[UUID],
    inbound: int | None = None,
    control: str = "",
) -> int:
    """Queue a message for an endpoint, in the caller's transaction; its number, and that of then where the cause was
    told before (nothing is changed by it).

    ``key``: what is to go in order (a patient), as far as the endpoint is ordered. ``inbound``: the number of the
    message of this room that caused it. ``control``: the id by which its receiver knows it, else what the protocol
    reads in the body. Raises ``Refused`` ("not_found") where there is no such endpoint to send to, ``ValueError`` for a
    message without an id, a cause or a body, ``RuntimeError`` outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a message is queued inside the transaction of its cause")
    with fence.lifted(WHY):
        place = Endpoint.objects.unscoped(WHY).filter(pk=endpoint, direction=Direction.OUT).first()
        if place is None:
            raise Refused(refuse("not_found", kind="Endpoint"))
        control = control or PROTOCOLS[place.protocol].control(body)
        if not (control and cause and body):
            raise ValueError("a message has a body, a cause, and an id by which its receiver knows it")
        row = [
            endpoint, place.organisation_id, cause[:200], kind[:40], control[:200],
            key_of(Ordering(place.ordering), key, cause)[:200], body, len(body), sorted(set(residents)), inbound,
            clock.now(), clock.now(), OUTWARD.start.value,
        ]  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(QUEUE, row)
            made = cursor.fetchone()
        if made is not None:
            outbox.wake(CHANNEL)
            return int(made[0])
        then = Outbound.objects.unscoped(WHY).filter(endpoint_id=endpoint, cause=cause[:200])
        return int(then.values_list("pk", flat=True).get())
