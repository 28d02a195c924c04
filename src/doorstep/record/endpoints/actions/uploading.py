"""Messages that come as a file: a person hands them in for the endpoint whose sender cannot send them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from doorstep.adapters.hl7v2 import acks, batches
from doorstep.adapters.hl7v2.codec import header_of
from doorstep.adapters.hl7v2.shapes import Problem
from doorstep.kernel import clock, outbox
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions.keep import KEEP, columns, found
from doorstep.record.endpoints.models import Endpoint, Inbound
from doorstep.record.endpoints.rules import turns
from doorstep.record.endpoints.rules.facts import MLLP, Ordering
from doorstep.record.endpoints.rules.outward import Direction
from doorstep.record.endpoints.shapes import Arrival

MOST_BYTES: Final = 20 << 20
MOST: Final = 20_000  # messages of one file
TOGETHER: Final = 500  # of one statement
_STATEMENT: Final = re.sub(r"\$[0-9]+", "%s", KEEP)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of a file: how many of its messages are new, how many came before, how many of the new ones rest, and
    what is wrong with the file as a whole."""

    new: int
    known: int
    rests: int
    problems: tuple[Problem, ...]


@action(Permission.MEND, audits="endpoints.upload")
def upload(call: Call, *, endpoint: UUID, raw: bytes) -> Uploaded:
    """Keep each message of a file (a batch, or message after message) for an endpoint, all of them or none; those that
    came before change nothing.

    Raises ``Refused``: "upload.size", "upload.none" (no message in it), "upload.many", "not_found".
    """
    rows = Endpoint.objects.within(call.scope)
    place = rows.filter(pk=endpoint, direction=Direction.IN, protocol=MLLP).first()
    if place is None:
        raise Refused(refuse("not_found", kind="Endpoint"))
    if len(raw) > MOST_BYTES:
        raise Refused(refuse("upload.size", megabytes=MOST_BYTES >> 20))
    batch = batches.split(raw, place.charset or None)
    messages = list({hashlib.sha256(each).digest(): each for each in batch.messages}.items())
    if not messages:
        raise Refused(refuse("upload.none"))
    if len(batch.messages) > MOST:
        raise Refused(refuse("upload.many", most=MOST))
    at, new = clock.now(), set[int]()
    for start in range(0, len(messages), TOGETHER):
        several = messages[start : start + TOGETHER]
        arrivals = [_arrival(place, digest, each, at, start + n) for n, (digest, each) in enumerate(several)]
        with connection.cursor() as cursor:
            cursor.execute(_STATEMENT, columns(arrivals))
            new |= {kept.id for kept in found(cursor.fetchall()).values()}
    rests = Inbound.objects.within(call.scope).filter(pk__in=new, reason__gt="").count()
    about("Endpoint", endpoint, new=len(new), of=len(batch.messages), digest=hashlib.sha256(raw).hexdigest())
    outbox.wake()
    return Uploaded(len(new), len(batch.messages) - len(new), rests, tuple(batches.check(batch)))


def _arrival(place: Endpoint, digest: bytes, raw: bytes, at: datetime, serial: int) -> Arrival:
    header = header_of(raw, place.charset or None)
    fault = acks.fault_of(header)
    ordering = Ordering(place.ordering)
    key = turns.key_of(ordering, raw)
    kind = f"{header.kind}^{header.trigger}".rstrip("^") if header else ""
    reason, detail = ("unreadable", {"detail": fault.reason}) if fault else ("", {})
    return Arrival(
        place.pk, place.organisation_id, header.control_id if header else "", digest, "upload", raw, kind, key,
        turns.slot_of(ordering, key, serial), "", at, reason, detail, fault.place if fault else "",
    )  # fmt: skip
