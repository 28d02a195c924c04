"""Verifying the trail: the whole chain or what came behind a trusted head, in blocks, against all signed heads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from doorstep.kernel import clock, trail, trail_heads, trail_months
from doorstep.kernel.models import TrailSeal
from doorstep.kernel.trail_chain import LATE, MOST, Breach, Row, Walk
from doorstep.kernel.trail_heads import Head
from doorstep.kernel.trail_months import Retired

BLOCK: Final = 10_000  # rows in memory at once

Progress = Callable[[int, int], None]
"""Told how many positions of how many have been looked at."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found; ``not_here`` lines are retired and no more in the database."""

    breaches: tuple[Breach, ...]
    position: int
    heads: int
    not_here: int


def verify(told: Iterable[Head] = (), since: Head | None = None, progress: Progress | None = None) -> Report:
    """Walk the chain, from its beginning or behind a head, and compare it with all heads: the table's, the data
    folder's, and those that were ``told``. First what is open is sealed; what should long be is told.
    """
    unsealed = list(_unsealed(since))
    trail.seal_all()
    heads, forged = _heads(told, since)
    retired, false = trail_months.retired()
    walk = Walk((head.mark for head in heads), since.mark if since else None, lambda at: _is_retired(at, retired))
    last = TrailSeal.objects.order_by("-position").values_list("position", flat=True).first() or 0
    for row in _rows(walk.position, last, retired):
        walk.take(row)
        if row.position % BLOCK == 0 and progress:
            progress(row.position, last)
        if walk.full:
            break
    found = [*_joined([_where(b) for b in walk.end()], unsealed), *forged, *false]
    return Report(tuple(sorted(found, key=_order)[:MOST]), walk.position, walk.marks_held, walk.not_here)


def _order(breach: Breach) -> tuple[bool, int]:
    return breach.position == 0, breach.position


def _heads(told: Iterable[Head], since: Head | None) -> tuple[list[Head], list[Breach]]:
    """The heads that were truly signed, and a breach for each that was not, or that was taken out of the table."""
    stored, outside = list(trail_heads.stored()), [*told]
    daily = list(trail_heads.read(trail_heads.daily_file())) if trail_heads.daily_file().exists() else []
    everything = [*stored, *outside, *trail_heads.kept()]
    forged = [Breach(head.position, 0, head.at, "forged") for head in dict.fromkeys(everything) if not head.holds]
    lost = trail_heads.missing(head for head in (*daily, *outside) if head.holds)
    if lost and (since is None or lost.position > since.position):
        forged.append(Breach(lost.position, 0, lost.at, "head_removed"))
    return [head for head in everything if head.holds], forged


def _is_retired(at: datetime, retired: Iterable[Retired]) -> bool:
    return any(part.lower <= at < part.upper for part in retired)


def _joined(found: list[Breach], unsealed: list[Breach]) -> list[Breach]:
    """A line whose time was changed is missing at one place and open at another: it is one breach."""
    loose = {breach.line for breach in unsealed}
    known = {breach.line for breach in found if breach.kind == "removed"}
    found = [replace(b, kind="changed") if b.kind == "removed" and b.line in loose else b for b in found]
    return [*found, *(b for b in unsealed if b.line not in known)]


def _where(breach: Breach) -> Breach:
    """A missing line that stands a little beside its time was changed."""
    if breach.kind != "removed" or breach.at is None:
        return breach
    day = timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM kernel_trailline l JOIN kernel_trailseal s ON s.line_id = l.id AND s.position = %s"
            " WHERE l.id = %s AND l.at BETWEEN %s AND %s AND l.at <> s.at",
            [breach.position, breach.line, breach.at - day, breach.at + day],
        )
        return replace(breach, kind="changed") if cursor.fetchone() else breach


def _unsealed(since: Head | None) -> Iterator[Breach]:
    """Lines without a seal that are older than any that could still wait for theirs."""
    last = TrailSeal.objects.order_by("-position").values_list("at", flat=True).first()
    if last is None:
        return
    bound = min(last, clock.now()) - LATE
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.id, l.at FROM kernel_trailline l WHERE l.at < %s AND (%s::timestamptz IS NULL OR l.at >= %s)"
            " AND NOT EXISTS (SELECT FROM kernel_trailseal s WHERE s.at = l.at AND s.line_id = l.id)"
            " ORDER BY l.at, l.id LIMIT %s",
            [bound, *[since.at - LATE if since else None] * 2, MOST],
        )
        for line, at in cursor.fetchall():
            yield Breach(0, line, at, "unsealed")


def _rows(since: int, last: int, retired: list[Retired]) -> Iterator[Row]:
    for start in range(since + 1, last + 1, BLOCK):
        yield from _block(start, start + BLOCK - 1, retired)


def _block(first: int, last: int, retired: list[Retired]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(at), max(at) FROM kernel_trailseal WHERE position BETWEEN %s AND %s", [first, last])
        lower, upper = cursor.fetchone()
        if lower is None:
            return []
        tables = ["kernel_trailline"]
        tables += [part.table for part in retired if part.here and part.lower <= upper and part.upper > lower]
        lines = " UNION ALL ".join(
            f"SELECT {trail.FIELDS} FROM {table} WHERE at BETWEEN %(lower)s AND %(upper)s"  # noqa: S608  # our own names
            for table in tables
        )
        cursor.execute(
            f"SELECT s.position, s.line_id, s.at, s.hash, l.* FROM kernel_trailseal s LEFT JOIN ({lines}) l"  # noqa: S608  # the same
            " ON l.at = s.at AND l.id = s.line_id WHERE s.position BETWEEN %(first)s AND %(last)s ORDER BY s.position",
            {"lower": lower, "upper": upper, "first": first, "last": last},
        )
        return [_row(found) for found in cursor.fetchall()]


def _row(found: tuple[Any, ...]) -> Row:
    position, line, at, hash_, *fields = found
    whole = (*fields[:-2], json.loads(fields[-2]), fields[-1]) if fields[0] is not None else None
    return Row(position, line, at, bytes(hash_), whole)
