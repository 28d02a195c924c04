"""From a roster to places: their times, their channels, and when each opens to whom. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from doorstep.kernel.clock import CHINA
from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.resources.booking.rules import PRIMARY, Basis, Channel, Terms

MOST_PLACES: Final = 1000
MOST_TOGETHER: Final = 100
LONGEST_VISIT: Final = 60
"""Minutes: who books is told the hour or less (预约时段精确到 1 小时以内, aim 30 minutes)."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch of work: from, to, minutes of a visit, how many come at the same time (a group: more than one)."""

    starts: time
    ends: time
    minutes: int
    together: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """One place that can be taken once."""

    number: int
    starts: datetime
    ends: datetime
    channel: Channel
    released_at: datetime
    open_at: datetime


def shift(said: Shift) -> Decision:
    """Whether a shift can be worked: forward in time, with visits of 1 to 60 minutes that fit."""
    if said.ends <= said.starts:
        return refuse("shift.reversed")
    if not 1 <= said.minutes <= LONGEST_VISIT:
        return refuse("shift.minutes", most=LONGEST_VISIT)
    if not 1 <= said.together <= MOST_TOGETHER:
        return refuse("shift.together", most=MOST_TOGETHER)
    count = len(hours(said)) * said.together
    if not count:
        return refuse("shift.short")
    return allow() if count <= MOST_PLACES else refuse("shift.many", most=MOST_PLACES)


def basis(said: Basis, *, at_home: bool) -> Decision:
    """Whether a session's legal basis fits: whoever comes from elsewhere needs one that is not "ordinary"."""
    return refuse("basis.missing") if not at_home and said is Basis.ORDINARY else allow()


def hours(said: Shift) -> tuple[tuple[int, int], ...]:
    """The visits of a shift, in minutes of the day; a rest that is shorter than a visit is not given away."""
    first, last = _minute(said.starts), _minute(said.ends)
    return tuple((at, at + said.minutes) for at in range(first, last - said.minutes + 1, said.minutes))


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def moment(day: date, minute: int = 0) -> datetime:
    """A minute of a day in China."""
    return datetime.combine(day, time(), CHINA) + timedelta(minutes=minute)


def span(day: date, said: Shift) -> tuple[datetime, datetime]:
    """From when to when a shift lasts on a day."""
    return moment(day, _minute(said.starts)), moment(day, _minute(said.ends))


def allot(total: int, shares: Mapping[str, float]) -> tuple[Channel, ...]:
    """The channel of each of ``total`` places in their order: each channel has its share (rounded to the nearest, never
    more than there are), spread over the whole stretch; what is in no share is for all (``APP``)."""
    counts: dict[Channel, int] = {}
    left = total
    for channel in Channel:
        if channel is not Channel.APP and (share := shares.get(channel.value, 0)) > 0:
            counts[channel] = min(left, int(total * share + 0.5))
            left -= counts[channel]
    counts[Channel.APP] = left
    order = list(Channel)
    spread = [((at + 0.5) / n, order.index(channel)) for channel, n in counts.items() for at in range(n)]
    return tuple(order[place] for _, place in sorted(spread))


def public_at(day: date, terms: Terms) -> datetime:
    """When the public may book: at the fixed hour, ``horizon_days`` before."""
    hour, _, minute = terms.release_at.partition(":")
    return moment(day - timedelta(days=terms.horizon_days), int(hour) * 60 + int(minute))


def opens(day: date, channel: Channel, terms: Terms) -> tuple[datetime, datetime]:
    """When a place opens to its channel, and when to all: primary members are ``early_days`` before the public, and
    what is kept for a channel falls back at the beginning of the day T − ``fall_back_days``."""
    public = public_at(day, terms)
    if channel is Channel.APP:
        return public, public
    released = public - timedelta(days=terms.early_days) if channel in PRIMARY else public
    return released, max(public, moment(day - timedelta(days=terms.fall_back_days)))


def places(day: date, said: Shift, shares: Mapping[str, float], terms: Terms) -> tuple[Place, ...]:
    """The places of a session on a day, numbered from 1 in the order of their times."""
    times = [pair for pair in hours(said) for _ in range(said.together)]
    channels = allot(len(times), shares)
    return tuple(
        Place(at, moment(day, first), moment(day, last), channel, *opens(day, channel, terms))
        for at, ((first, last), channel) in enumerate(zip(times, channels, strict=True), start=1)
    )


def working(since: date, until: date, weekdays: frozenset[int]) -> Iterator[date]:
    """The days of a span (both included) that fall on these weekdays (1 is Monday)."""
    for ahead in range((until - since).days + 1):
        day = since + timedelta(days=ahead)
        if day.isoweekday() in weekdays:
            yield day


def added(already: int, planned: int, terms: Terms) -> Decision:
    """Whether one more place may be added beyond what was planned: only up to the share that the rule allows, at least
    one, so that an overbooking is never anybody's own idea."""
    most = max(1, int(planned * terms.most_added))
    return allow() if already < most else refuse("added.full", most=most)
