"""The append-only, hash-chained trail: who did or saw what, about whom, when, and how it ended.

A line is written in the transaction of what it tells. The chain is laid afterwards, by one sealer at a time, so that
writers never wait for each other; ``verify`` finds any change, removal or reordering among the sealed lines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.copying import copy_in
from doorstep.kernel.models import TrailLine, TrailSeal

SEALER = 0x646F6F72  # the advisory lock that only one sealer holds
GENESIS = bytes(32)
LATE = 100_000


@dataclass(frozen=True, slots=True)
class Breach:
    """Where the chain does not hold: the position and the line."""

    position: int
    line: int
    reason: str


def write(
    call: Call,
    action: str,
    *,
    outcome: str = "done",
    subject: tuple[str, str] = ("", ""),
    resident: UUID | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Add a line, in the caller's transaction where there is one."""
    TrailLine.objects.create(
        at=clock.now(),
        actor=call.actor,
        name=call.name,
        post=call.post,
        organisation=call.organisation,
        purpose=call.purpose,
        action=action,
        outcome=outcome,
        subject_type=subject[0],
        subject_id=subject[1][:100],
        resident=resident,
        detail=dict(detail or {}),
        request=call.request,
    )


def link(previous: bytes, line: TrailLine) -> bytes:
    """The hash (SHA-256) of a line after the hash before it."""
    fields = [
        line.pk,
        line.at.isoformat(),
        line.actor,
        line.name,
        str(line.post),
        str(line.organisation),
        line.purpose,
        line.action,
        line.outcome,
        line.subject_type,
        line.subject_id,
        str(line.resident),
        line.detail,
        line.request,
    ]
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def seal(limit: int = 5000, *, whole: bool = False) -> int:
    """Chain the lines that are not chained yet; returns how many. One sealer works at a time, others return 0.

    A line is numbered before it is committed, so some come late; they are sought among the last ``LATE`` lines, or,
    where ``whole``, among all (which takes as long as the trail is).
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEALER])
        if not cursor.fetchone()[0]:
            return 0
        last = TrailSeal.objects.order_by("-position").first()
        position, previous = (last.position, bytes(last.hash)) if last else (0, GENESIS)
        since = 0 if whole or last is None else last.line_id - LATE
        lines = TrailLine.objects.filter(trailseal__isnull=True, pk__gt=since).order_by("pk")[:limit]
        seals = []
        for line in lines:
            position, previous = position + 1, link(previous, line)
            seals.append(TrailSeal(position=position, line=line, hash=previous))
        TrailSeal.objects.bulk_create(seals, batch_size=1000)
        return len(seals)


def verify() -> Breach | None:
    """Walk the whole chain; the first place where it does not hold, or None."""
    previous = GENESIS
    seals = TrailSeal.objects.select_related("line").order_by("position")
    for expected, found in enumerate(seals.iterator(chunk_size=2000), start=1):
        if found.position != expected:
            return Breach(expected, found.line_id, "removed")
        previous = link(previous, found.line)
        if previous != bytes(found.hash):
            return Breach(found.position, found.line_id, "changed")
    return None


@dataclass(frozen=True, slots=True)
class Line:
    """A line to be written with others: who did what, about whom, and how it ended."""

    call: Call
    action: str
    outcome: str = "done"
    subject: tuple[str, str] = ("", "")
    resident: UUID | None = None
    detail: Mapping[str, object] | None = None


def write_many(call: Call, action: str, lines: Iterable[Mapping[str, Any]]) -> None:
    """Add many lines of one action at once; each mapping holds outcome, subject, resident and detail as ``write``."""
    write_lines([Line(call, action, **line) for line in lines])


def write_lines(lines: Iterable[Line]) -> None:
    """Add many lines at once, in the caller's transaction where there is one, else in one of their own."""
    at = clock.now()
    copy_in(
        [
            TrailLine(
                at=at, actor=line.call.actor, name=line.call.name, post=line.call.post,
                organisation=line.call.organisation, purpose=line.call.purpose, action=line.action,
                outcome=line.outcome, subject_type=line.subject[0], subject_id=line.subject[1][:100],
                resident=line.resident, detail=dict(line.detail or {}), request=line.call.request,
            )
            for line in lines
        ]
    )  # fmt: skip
