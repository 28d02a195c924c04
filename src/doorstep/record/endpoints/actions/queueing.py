"""Puts a message into the queue of what goes out, in the transaction of its cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from doorstep.registers.residents import api as residents_room

CHANNEL: Final = "doorstep_outward"
LOCK: Final = 0x6F757472  # the first key of the advisory locks of this file
TELLING: Final = frozenset({"ADT^A40", "ADT^A43"})
WHY: Final = "what goes out is made by a rule of the house, whose action has asked who may"
QUEUE: Final = """
INSERT INTO endpoints_outbound (endpoint_id, receiver_id, cause, kind, control, key, body, size, residents, inbound,
  content, origin, made_at, due_at, state, tries, code, reason, params)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, '', '', '{}')
ON CONFLICT (endpoint_id, cause) DO NOTHING RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a report says (``rules.copies``), and which institution said so first."""

    content: str
    origin: UUID | None


def is_copy(content: str, source: UUID | None) -> bool:
    """Whether what an institution says was told before on behalf of another: then it only repeats it."""
    rows = Outbound.objects.unscoped(WHY).filter(content=content)
    return bool(content) and bool(rows.exclude(origin=source).exists())


def repeats(endpoint: UUID, content: str, cause: str) -> bool:
    """Whether an endpoint was told the same in another report, and nothing yet of this one (whose causes so begin)."""
    rows = Outbound.objects.unscoped(WHY).filter(endpoint_id=endpoint)
    told = bool(content) and rows.filter(content=content).exclude(cause__startswith=cause).exists()
    return told and not rows.filter(cause__startswith=cause).exists()


def settled(resident: UUID) -> UUID:
    """The resident whom a message is about now; until the transaction ends no merge of them is told (``follow``)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))", [LOCK, str(resident)])
    return residents_room.current(resident)


def follow(endpoints: Iterable[UUID], gone: UUID, kept: UUID) -> None:
    """Before it is told that one resident is another: what waits about the one is sent before that, in its order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, str(gone)])
    rows = Outbound.objects.unscoped(WHY).filter(endpoint__in=list(endpoints), key=str(gone), state=OUTWARD.start)
    rows.update(key=str(kept))


def readdress(numbers: Sequence[int]) -> None:
    """Before messages that rest are sent once more: those who were merged away since are called by the number that the
    district knows them by now. A merge, and its undoing, say both."""
    rows = Outbound.objects.unscoped(WHY).filter(pk__in=numbers).exclude(kind__in=TELLING)
    whose = {each for several in rows.values_list("residents", flat=True) for each in several}
    now = {each: found for each in whose if (found := residents_room.current(each)) != each}
    for row in rows.filter(residents__overlap=list(now)) if now else ():
        for before, after in now.items():
            row.body = bytes(row.body).replace(str(before).encode(), str(after).encode())
            row.key = str(after) if row.key == str(before) else row.key
        row.residents = sorted({now.get(each, each) for each in row.residents})
        row.save(update_fields=("body", "key", "residents"))


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
    said: Said | None = None,
) -> int:
    """Queue a message for an endpoint, in the caller's transaction; its number, and that of then where the cause was
    told before (nothing is changed by it).

    ``key``: what is to go in order (a patient), as far as the endpoint is ordered. ``inbound``: the number of the
    message of this room that caused it. ``control``: the id by which its receiver knows it, else what the protocol
    reads in the body. ``said``: what is told on behalf of another institution, so that its
    copies are known. Raises ``Refused`` ("not_found") where there is no such endpoint to send to, ``ValueError`` for a
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
            said.content if said else "", said.origin if said else None, clock.now(), clock.now(), OUTWARD.start.value,
        ]  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(QUEUE, row)
            made = cursor.fetchone()
        if made is not None:
            outbox.wake(CHANNEL)
            return int(made[0])
        then = Outbound.objects.unscoped(WHY).filter(endpoint_id=endpoint, cause=cause[:200])
        return int(then.values_list("pk", flat=True).get())
