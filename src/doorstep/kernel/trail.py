"""The append-only, hash-chained trail: who did or saw what, about whom, when, and how it ended.

A line is written in the transaction of what it tells. The chain is laid afterwards, by one sealer at a time, so that
writers never wait for each other; ``verify`` finds any change, removal or reordering among the sealed lines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import connection, transaction
from psycopg import Cursor

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.models import TrailLine, TrailSeal

SEALER = 0x646F6F72  # the advisory lock that only one sealer holds
GENESIS = bytes(32)
LATE = 100_000
COLUMNS = (
    "at, actor, name, post, organisation, purpose, action, outcome, subject_type, subject_id, resident, detail, request"
)
ADD = f"INSERT INTO kernel_trailline ({COLUMNS}) VALUES ({', '.join(['%s'] * 11)}, %s::jsonb, %s)"  # noqa: S608  # our own names


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
    line = Line(call, action, outcome, subject, resident, detail)
    with connection.cursor() as cursor:
        cursor.execute(ADD, _values(line, clock.now()))


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
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cast("Cursor[Any]", cursor.cursor).copy(f"COPY kernel_trailline ({COLUMNS}) FROM STDIN") as out,
    ):
        for line in lines:
            out.write_row(_values(line, at))


def _values(line: Line, at: datetime) -> list[Any]:
    call = line.call
    detail = json.dumps(dict(line.detail or {}))
    return [
        at, call.actor, call.name, call.post, call.organisation, call.purpose, line.action, line.outcome,
        line.subject[0], line.subject[1][:100], line.resident, detail, call.request,
    ]  # fmt: skip
