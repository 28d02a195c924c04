"""The trail's tables of a month each: made ahead, and retired when the time for which they are kept is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from doorstep.kernel import clock, ruleset, trail_keys
from doorstep.kernel.models import TrailHead, TrailRetired
from doorstep.kernel.trail_chain import Breach

AHEAD: Final = 3  # months
RULE: Final = "trail.retention"
YEARS: Final = 15
"""As long as out-patient records are kept (《医疗机构病历管理规定（2013年版）》 art. 29); ``RULE`` may set another."""
LEAST: Final = timedelta(days=184)
"""Six months, for logs of a network (Cybersecurity Law art. 21 (3)); no rule may set less."""


@dataclass(frozen=True, slots=True)
class Part:
    """A table of the trail and the time that its lines are of."""

    table: str
    lower: datetime
    upper: datetime


@dataclass(frozen=True, slots=True)
class Retired(Part):
    """A table that was taken out of the trail; ``here``: whether it still stands in the database."""

    lines: int
    position: int
    here: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """Why a table that is old enough is not retired: ``unsealed`` or ``uncovered`` by a signed head."""

    part: Part
    reason: str


def make_ahead() -> list[date]:
    """Make the tables of this month, of the months ahead, and of lines that came for a month without one."""
    today = clock.today()
    wanted = {_month(today, ahead) for ahead in range(AHEAD + 1)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'Asia/Shanghai') FROM kernel_trailline_rest"
        )
        wanted |= {month.date() for (month,) in cursor.fetchall()}
        made = []
        for month in sorted(wanted):
            cursor.execute("SELECT doorstep_trail_month(%s)", [month])
            made += [month] if cursor.fetchone()[0] else []
    return made


def parts() -> list[Part]:
    """The tables of the trail by month, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'kernel_trailline'::regclass AND c.relname ~ '_\\d{4}_\\d{2}$' ORDER BY 1"
        )
        return [_part(name) for (name,) in cursor.fetchall()]


def keep_since(day: date) -> datetime:
    """Up to when lines are old enough to be retired on that day, by the rule that holds."""
    years = int(ruleset.parameters(RULE, day, {"years": YEARS})["years"])
    then = _start(date(day.year - years, day.month, 1))
    return min(then, _start(day) - LEAST)


def retire(position: int) -> tuple[list[Retired], list[Kept]]:
    """Take the tables out of the trail whose time is over and whose lines are all sealed and covered by a signed head,
    up to the position that was verified. They stay in the database, as tables of their own."""
    bound = keep_since(clock.today())
    head = TrailHead.objects.order_by("-position").values_list("position", flat=True).first() or 0
    done: list[Retired] = []
    left: list[Kept] = []
    for part in parts():
        if part.upper > bound:
            break
        with transaction.atomic():
            found = _take_out(part, min(position, head))
        (done if isinstance(found, Retired) else left).append(found)  # type: ignore[arg-type]  # each to its own
    return done, left


def retired() -> tuple[list[Retired], list[Breach]]:
    """The tables that were taken out, and a breach for each note that no key of the house has signed."""
    found, false = [], []
    for row in TrailRetired.objects.order_by("lower"):
        if trail_keys.holds(_told(row), bytes(row.signature)):
            with connection.cursor() as cursor:
                cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [row.table])
                here = cursor.fetchone()[0]
            found.append(Retired(row.table, row.lower, row.upper, row.lines, row.position, here))
        else:
            false.append(Breach(row.position, 0, row.at, "forged"))
    return found, false


def _take_out(part: Part, covered: int) -> Retired | Kept:
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {part.table} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(
            f"SELECT count(*), count(s.position), coalesce(max(s.position), 0) FROM {part.table} l"  # noqa: S608  # our own names
            " LEFT JOIN kernel_trailseal s ON s.at = l.at AND s.line_id = l.id"
        )
        lines, sealed, position = cursor.fetchone()
        if lines != sealed:
            return Kept(part, "unsealed")
        if position > covered:
            return Kept(part, "uncovered")
        cursor.execute(f"ALTER TABLE kernel_trailline DETACH PARTITION {part.table}")
    row = TrailRetired(
        table=part.table, lower=part.lower, upper=part.upper, lines=lines, position=position, at=clock.now(),
        algorithm=trail_keys.ALGORITHM, key=trail_keys.key_id(),
    )  # fmt: skip
    row.signature = trail_keys.sign(_told(row))
    row.save(force_insert=True)
    return Retired(part.table, part.lower, part.upper, lines, position, here=True)


def _told(row: TrailRetired) -> dict[str, Any]:
    moments = {name: getattr(row, name).astimezone(UTC).isoformat() for name in ("lower", "upper", "at")}
    return moments | {
        "table": row.table, "lines": row.lines, "position": row.position, "algorithm": row.algorithm, "key": row.key,
    }  # fmt: skip


def _part(table: str) -> Part:
    year, month = (int(text) for text in table.rsplit("_", 2)[1:])
    first = date(year, month, 1)
    return Part(table, _start(first), _start(_month(first, 1)))


def _month(day: date, ahead: int) -> date:
    months = day.year * 12 + day.month - 1 + ahead
    return date(months // 12, months % 12 + 1, 1)


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=clock.CHINA)
