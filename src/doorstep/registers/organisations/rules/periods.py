"""Periods with both days included, counted facts, and parents that must not run in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from doorstep.kernel.decision import Decision, allow, refuse


def period(since: date, until: date | None) -> Decision:
    """Whether a period (both days included, an open end None) does not end before it begins."""
    return refuse("period.reversed") if until is not None and until < since else allow()


def holds(since: date, until: date | None, day: date) -> bool:
    """Whether the day lies within the period, both ends included."""
    return since <= day and (until is None or day <= until)


def overlap(one: tuple[date, date | None], other: tuple[date, date | None]) -> bool:
    """Whether two periods share a day."""
    return holds(*one, other[0]) or holds(*other, one[0])


def last_day(excluded: date | None) -> date | None:
    """The last day of a period whose end was given as the first day after it."""
    return excluded - timedelta(days=1) if excluded else None


def newest(facts: Iterable[tuple[date, int]], day: date) -> tuple[date, int] | None:
    """The newest counted fact on or before the day; None where nothing was counted by then."""
    return max((f for f in facts if f[0] <= day), default=None, key=lambda f: f[0])


def hangs_under(parents: Mapping[str, str], child: str, parent: str) -> Decision:
    """Whether the parent may be set without the institution standing above itself; ``parents`` maps child to parent."""
    seen, here = {child}, parent
    while here:
        if here in seen:
            return refuse("parent.circle")
        seen.add(here)
        here = parents.get(here, "")
    return allow()
