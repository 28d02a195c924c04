"""The append-only, hash-chained trail: who did or saw what, about whom, when, and how it ended.

A line is written in the transaction of what it tells. The chain is laid afterwards, by one sealer at a time, so that
writers never wait for each other; ``trail_verify`` finds what was done to the lines by one who owns the database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from django.db import connection, transaction
from psycopg import Cursor

from doorstep.kernel import clock, metrics, prepared
from doorstep.kernel.call import Call
from doorstep.kernel.models import TrailSeal
from doorstep.kernel.trail_chain import GENESIS, LATE, link

SEALER: Final = 0x646F6F72  # the advisory lock that only one sealer holds
BACK: Final = timedelta(seconds=10)
"""How far behind the last sealed line the usual round looks for lines that were committed late."""
COLUMNS = (
    "at, actor, name, post, organisation, purpose, action, outcome, subject_type, subject_id, resident, detail, request"
)
FIELDS = (
    "id, at, actor, name, post, organisation, purpose, action, outcome, subject_type, subject_id, resident,"
    " detail::text, request"
)
ADD = f"INSERT INTO kernel_trailline ({COLUMNS}) VALUES ({', '.join(['%s'] * 11)}, %s::jsonb, %s)"  # noqa: S608  # our own names
OPEN = f"""
SELECT {FIELDS} FROM kernel_trailline l WHERE {{}}
  NOT EXISTS (SELECT FROM kernel_trailseal s WHERE s.at = l.at AND s.line_id = l.id)
ORDER BY l.at, l.id LIMIT %(limit)s
"""  # noqa: S608  # our own names
SEAL = """
INSERT INTO kernel_trailseal (position, line_id, at, hash)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::bytea[])
"""


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
    if outcome != "done":
        metrics.NOT_DONE.labels(action, outcome).inc()
    line = Line(call, action, outcome, subject, resident, detail)
    prepared.ask((ADD, _values(line, clock.now())))


def seal(limit: int = 5000, *, whole: bool = False) -> int:
    """Chain the lines that are not chained yet; returns how many. One sealer works at a time, others return 0.

    Some lines are committed late; they are sought a few seconds back, or, where ``whole``, as far back as a line can be
    late. What stands without a seal further back was not put there by the house, and gets none.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEALER])
        if not cursor.fetchone()[0]:
            return 0
        last = TrailSeal.objects.order_by("-position").first()
        position, previous = (last.position, bytes(last.hash)) if last else (0, GENESIS)
        since = min(last.at, clock.now()) - (LATE if whole else BACK) if last else None
        cursor.execute(OPEN.format("" if since is None else "l.at >= %(since)s AND"), {"since": since, "limit": limit})
        seals = []
        for found in cursor.fetchall():
            position, previous = position + 1, link(previous, (*found[:-2], json.loads(found[-2]), found[-1]))
            seals.append((position, found[0], found[1], previous))
        if seals:
            cursor.execute(SEAL, [list(column) for column in zip(*seals, strict=True)])
        return len(seals)


def seal_all() -> None:
    """Chain all lines that wait for it, also those that were committed late."""
    while seal(whole=True):
        pass


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
