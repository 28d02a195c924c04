"""When somebody must look: what is watched, from which value an alert opens, and when it is over.

An alert opens with the first value beyond its limit, and ends once the value has stayed a good way within it for some
minutes: what swings about the limit is one alert and not twenty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from doorstep.kernel import clock
from doorstep.kernel.decision import Decision, allow, refuse

CALM: Final = timedelta(minutes=3)
"""How long a value must stay well within before its alert is over."""
WITHIN: Final = 0.8
"""The part of the limit that counts as well within it."""
LEAST: Final = 5
"""Messages of the window, with fewer of which no share of faults is told."""
WINDOW: Final = 60
"""Minutes, the longest window."""
HOURS: Final = (time(8), time(17, 30))
"""The working hours in which silence is counted where a rule says so (our own choice)."""
LONGEST: Final = 60
"""Days that are looked back for silence: longer ones are told as that."""


class Kind(StrEnum):
    """What is watched: of an endpoint, and of the house itself."""

    SILENT = "silent"
    FAULTS = "faults"
    BEHIND = "behind"
    RESTS = "rests"
    CERTIFICATE = "certificate"
    OUTBOX = "outbox"
    DEAD = "dead"
    DISK = "disk"
    CLOCK = "clock"
    HOUSE_CERTIFICATE = "house-certificate"


OF_ENDPOINT: Final = (Kind.SILENT, Kind.FAULTS, Kind.BEHIND, Kind.RESTS, Kind.CERTIFICATE)
OF_HOUSE: Final = (Kind.OUTBOX, Kind.DEAD, Kind.DISK, Kind.CLOCK, Kind.HOUSE_CERTIFICATE)
BELOW: Final = frozenset({Kind.CERTIFICATE, Kind.HOUSE_CERTIFICATE})
"""Those whose value must not fall below the limit; all others must not rise above it."""
RANGES: Final[Mapping[Kind, tuple[int, int]]] = {
    Kind.SILENT: (1, 100_000), Kind.FAULTS: (1, 99), Kind.BEHIND: (5, 86_400), Kind.RESTS: (0, 9_999),
    Kind.CERTIFICATE: (1, 365), Kind.OUTBOX: (30, 86_400), Kind.DEAD: (0, 9_999), Kind.DISK: (50, 99),
    Kind.CLOCK: (1, 3_600), Kind.HOUSE_CERTIFICATE: (1, 365),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Watch:
    """One rule: the limit in the unit of its kind (minutes, per cent, seconds, messages, days).

    ``minutes`` is the window of a share of faults; ``working``: silence is counted in working hours alone.
    """

    kind: Kind
    limit: int
    minutes: int = 15
    working: bool = False
    on: bool = True


USUAL: Final[Mapping[Kind, Watch]] = {
    each.kind: each
    for each in (
        Watch(Kind.SILENT, 24 * 60, on=False), Watch(Kind.FAULTS, 20), Watch(Kind.BEHIND, 60), Watch(Kind.RESTS, 0),
        Watch(Kind.CERTIFICATE, 30), Watch(Kind.OUTBOX, 300), Watch(Kind.DEAD, 0), Watch(Kind.DISK, 90),
        Watch(Kind.CLOCK, 2), Watch(Kind.HOUSE_CERTIFICATE, 30),
    )
}  # fmt: skip
"""What holds where nobody has said otherwise."""


class Step(StrEnum):
    """What becomes of an alert: it opens, begins to be well, is not well again, is over, or nothing."""

    OPEN = "open"
    CALM = "calm"
    STIR = "stir"
    CLOSE = "close"
    NOTHING = "nothing"


def sound(watch: Watch) -> Decision:
    """Whether a rule may be set."""
    low, high = RANGES[watch.kind]
    if not low <= watch.limit <= high:
        return refuse("watch.limit", kind=str(watch.kind), low=low, high=high)
    if not 1 <= watch.minutes <= WINDOW:
        return refuse("watch.limit", kind=str(watch.kind), low=1, high=WINDOW)
    return allow()


def beyond(watch: Watch, value: float) -> bool:
    """Whether a value is beyond the limit."""
    return value < watch.limit if watch.kind in BELOW else value > watch.limit


def is_well(watch: Watch, value: float) -> bool:
    """Whether a value is well within the limit."""
    return value >= watch.limit if watch.kind in BELOW else value <= watch.limit * WITHIN


def step(watch: Watch, value: float | None, *, opened: bool, well_since: datetime | None, now: datetime) -> Step:
    """What becomes of an alert with this value; None: there is nothing to be watched (any more)."""
    if value is None or not watch.on:
        return Step.CLOSE if opened else Step.NOTHING
    if not opened:
        return Step.OPEN if beyond(watch, value) else Step.NOTHING
    if not is_well(watch, value):
        return Step.STIR if well_since is not None else Step.NOTHING
    if well_since is None:
        return Step.CALM
    return Step.CLOSE if now - well_since >= CALM else Step.NOTHING


def share(applied: int, rested: int) -> float:
    """How many of a hundred messages could not be used; 0 where there were too few to tell."""
    total = applied + rested
    return 100 * rested / total if total >= LEAST else 0.0


def silent_for(since: datetime, now: datetime, *, working: bool) -> float:
    """Minutes without a message; with ``working`` those within working hours of working days in China."""
    since = max(since, now - timedelta(days=LONGEST))
    if not working:
        return max(0.0, (now - since).total_seconds() / 60)
    begin, end = since.astimezone(clock.CHINA), now.astimezone(clock.CHINA)
    days = [begin.date() + timedelta(days=n) for n in range((end.date() - begin.date()).days + 1)]
    seconds = 0.0
    for day in (day for day in days if clock.is_working_day(day)):
        first = max(begin, datetime.combine(day, HOURS[0], clock.CHINA))
        last = min(end, datetime.combine(day, HOURS[1], clock.CHINA))
        seconds += max(0.0, (last - first).total_seconds())
    return seconds / 60


def watches(said: Sequence[Watch], kinds: Sequence[Kind]) -> tuple[Watch, ...]:
    """The rules of these kinds: as somebody has said, else the usual ones."""
    known = {each.kind: each for each in said}
    return tuple(known.get(kind, USUAL[kind]) for kind in kinds)
