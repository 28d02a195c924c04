"""Who did what is unusual, by day; and the lines that tell it. One bounded query over the period, and for kinship and
names at most three more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from doorstep.insight.trail import rules
from doorstep.insight.trail.rules import Dwelling, Kind
from doorstep.insight.trail.shapes import Finding
from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.letters import whole
from doorstep.kernel.paging import BadCursor, Page, Paged, cut
from doorstep.kernel.trail_search import FIELDS, Line, moment
from doorstep.registers.residents import api as residents
from doorstep.registers.staff import api as staff

PAIRS: Final = 20_000  # people and residents whom they saw, the last of the period, that are compared
LOOKS: Final = "actor LIKE 'staff:%%' AND resident IS NOT NULL"
LISTED: Final = (
    "resident IN (SELECT w.resident_id FROM trail_watched w"
    " WHERE w.ended_at IS NULL OR w.ended_at >= kernel_trailline.at)"
)
DAY: Final = "(at AT TIME ZONE 'Asia/Shanghai')"
COUNT: Final = """
SELECT actor, max(name) AS name, {day}::date AS day, count(*) AS lines,
  count(DISTINCT resident) + coalesce(sum(jsonb_array_length(detail -> 'residents')), 0)::bigint AS residents
FROM kernel_trailline {joined} WHERE at >= %(since)s AND at < %(until)s AND {condition} GROUP BY actor, {day}::date
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A kind over some days; ``cut`` says that only the last ``PAIRS`` pairs were compared."""

    kind: Kind
    since: date
    until: date
    condition: str
    values: dict[str, Any]
    joined: str = ""
    least: str = "lines >= 1"
    cut: bool = False


def asked(call: Call, kind: Kind, since: date, until: date) -> Asked:
    """The question of a kind, made ready; compares people and residents where the kind needs it."""
    plain: dict[Kind, tuple[str, dict[str, Any]]] = {
        Kind.BULK: ("actor LIKE 'staff:%%' AND (resident IS NOT NULL OR detail ? 'residents')", {"bulk": rules.BULK}),
        Kind.REFUSED: ("outcome = 'refused'", {"least": rules.REFUSED}),
        Kind.WATCHED: (f"{LOOKS} AND {LISTED}", {}),
        Kind.OFF_HOURS: (
            f"{LOOKS} AND (extract(hour FROM {DAY}) < %(opens)s OR extract(hour FROM {DAY}) >= %(closes)s"
            f" OR {DAY}::date = ANY(%(free)s))",
            {"opens": rules.OPENS, "closes": rules.CLOSES, "free": list(_free(since, until))},
        ),
    }
    least = {Kind.BULK: "residents >= %(bulk)s", Kind.REFUSED: "lines >= %(least)s"}.get(kind, "lines >= 1")
    if kind in plain:
        condition, values = plain[kind]
        return Asked(kind, since, until, condition, values, least=least)
    pairs, more = _pairs(since, until)
    flagged = list(_near(call, pairs) if kind is Kind.NEIGHBOURS else _namesakes(call, pairs))
    values = {
        "actors": [actor for actor, _ in flagged],
        "residents": [resident for _, resident in flagged],
    }
    joined = (
        "JOIN unnest(%(actors)s::text[], %(residents)s::uuid[]) f(who, whom) ON actor = f.who AND resident = f.whom"
    )
    return Asked(kind, since, until, LOOKS, values, joined, least, more)


def findings(asked: Asked, page: Page) -> Paged[Finding]:
    """Who and when, those with most lines first; the page's key is lines, day and actor."""
    values = asked.values | _bounds(asked.since, asked.until) | {"limit": page.limit + 1}
    after = ""
    if page.after:
        lines, day, actor = whole(page.after[0]), _day(page.after[1]), page.after[2]
        after = " AND (-lines, -(day - date '2000-01-01'), actor) > (%(n)s, %(d)s, %(a)s)"
        values |= {"n": -lines, "d": -(day - date(2000, 1, 1)).days, "a": actor}
    inner = COUNT.format(day=DAY, joined=asked.joined, condition=asked.condition)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT actor, name, day, lines, residents FROM ({inner}) f WHERE {asked.least}{after}"  # noqa: S608  # our own
            " ORDER BY lines DESC, day DESC, actor LIMIT %(limit)s",
            values,
        )
        found = [Finding(*row) for row in cursor.fetchall()]
    last = found[page.limit - 1] if len(found) > page.limit else None
    return cut(found, page, (str(last.lines), last.day.isoformat(), last.actor) if last else None)


def lines(asked: Asked, actor: str, page: Page) -> Paged[Line]:
    """The lines of one person that are of the kind, newest first; the page's key is time and number."""
    values = asked.values | _bounds(asked.since, asked.until) | {"actor": actor, "limit": page.limit + 1}
    after = ""
    if page.after:
        after = " AND (at, id) < (%(at)s, %(id)s)"
        values |= {"at": moment(page.after[0]), "id": whole(page.after[1])}
    columns = ", ".join(FIELDS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM kernel_trailline {asked.joined} WHERE at >= %(since)s AND at < %(until)s"  # noqa: S608  # our own
            f" AND actor = %(actor)s AND {asked.condition}{after} ORDER BY at DESC, id DESC LIMIT %(limit)s",
            values,
        )
        found = [_line(row) for row in cursor.fetchall()]
    last = found[page.limit - 1] if len(found) > page.limit else None
    return cut(found, page, (last.at.isoformat(), str(last.id)) if last else None)


def _line(row: tuple[Any, ...]) -> Line:
    told = dict(zip(FIELDS, row, strict=True))
    return Line(**told | {"detail": json.loads(told["detail"])})


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadCursor(text[:40]) from None


def _bounds(since: date, until: date) -> dict[str, datetime]:
    start = datetime.combine(since, time.min, clock.CHINA)
    return {"since": start, "until": datetime.combine(until + timedelta(days=1), time.min, clock.CHINA)}


def _free(since: date, until: date) -> Iterator[date]:
    days = (since + timedelta(days=n) for n in range((until - since).days + 1))
    return (day for day in days if not clock.is_working_day(day))


def _pairs(since: date, until: date) -> tuple[list[tuple[str, str, UUID]], bool]:
    """Who saw whom in the period, the last first; and whether there were more."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT actor, max(name), resident FROM kernel_trailline WHERE at >= %(since)s AND at < %(until)s"  # noqa: S608  # our own
            f" AND {LOOKS} GROUP BY actor, resident ORDER BY max(at) DESC, actor, resident LIMIT %(limit)s",
            _bounds(since, until) | {"limit": PAIRS + 1},
        )
        found = cursor.fetchall()
    return found[:PAIRS], len(found) > PAIRS


def _namesakes(call: Call, pairs: Sequence[tuple[str, str, UUID]]) -> Iterator[tuple[str, UUID]]:
    names = residents.names(call.scope, {resident for _, _, resident in pairs})
    for actor, name, resident in pairs:
        if rules.same_surname(name, names.get(resident, "")):
            yield actor, resident


def _near(call: Call, pairs: Sequence[tuple[str, str, UUID]]) -> Iterator[tuple[str, UUID]]:
    """A colleague is known to the residents' register by name and day of birth."""
    people = {actor: person for actor, _, _ in pairs if (person := _person(actor))}
    known = staff.births(people.values())
    own = residents.called(call.scope, known.values())
    seen = {resident for _, _, resident in pairs}.union(*own.values())
    homes = {home.resident: _dwelling(home) for home in residents.homes(call.scope, seen)}
    mine = {actor: own.get(known[person], ()) for actor, person in people.items() if person in known}
    for actor, _, resident in pairs:
        ones = (homes[each] for each in mine.get(actor, ()) if each in homes)
        if resident in homes and any(rules.are_near(one, homes[resident]) for one in ones):
            yield actor, resident


def _dwelling(home: residents.Dwells) -> Dwelling:
    return Dwelling(home.resident, home.name, home.household, home.addresses, home.divisions)


def _person(actor: str) -> UUID | None:
    try:
        return UUID(actor.removeprefix("staff:"))
    except ValueError:
        return None
