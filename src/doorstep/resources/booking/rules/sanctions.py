"""Who broke appointments too often, by dated rules (event, count, window, length, scope). Pure.

Rules of this shape are in consortium.md §5: ≥ 3 in a year, one month; 3 in 3 months, 3 or 6 months; cancellations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from doorstep.resources.booking.rules import Channel


class Event(StrEnum):
    """What is counted: not coming, cancelling at all, cancelling on the day itself."""

    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    SAME_DAY = "same_day"


@dataclass(frozen=True, slots=True)
class Rule:
    """``count`` events within ``window_days`` bar for ``length_days``: at the institution, or ``everywhere``."""

    event: Event
    count: int
    window_days: int
    length_days: int
    everywhere: bool = False


DEFAULT: Final = (Rule(Event.NO_SHOW, 3, 365, 30),)
BARRED: Final = (Channel.APP, Channel.PHONE, Channel.WINDOW)
"""Where a sanction bars, unless a rule says otherwise; what a doctor asks for (referral, family doctor, add-on) stays
open: a sanction must not keep anybody from care."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A sanction: its rule, and from which to which day (both included)."""

    rule: Rule
    since: date
    until: date


def read(parameters: Mapping[str, Any]) -> tuple[tuple[Rule, ...], tuple[Channel, ...]]:
    """The rules and the barred channels that a rule set says; what it does not say is assumed."""
    said = parameters.get("rules")
    rules = DEFAULT if said is None else tuple(_rule(one) for one in said)
    channels = parameters.get("channels")
    return rules, BARRED if channels is None else tuple(Channel(one) for one in channels)


def _rule(one: Mapping[str, Any]) -> Rule:
    count, window, length = (int(one[name]) for name in ("count", "window_days", "length_days"))
    return Rule(Event(one["event"]), count, window, length, one.get("scope") == "everywhere")


def counted(rule: Rule, days: Iterable[date], today: date, settled: date | None) -> int:
    """How many of the days of such events count today: those of the window, which ends today and holds ``window_days``
    days, and that no sanction has settled (they lie after the day the last began)."""
    first = today - timedelta(days=rule.window_days - 1)
    return sum(first <= day <= today and (settled is None or day > settled) for day in days)


def bar(rules: Sequence[Rule], events: Mapping[Event, Sequence[date]], today: date, settled: date | None) -> Bar | None:
    """The sanction that is due today, the longest where several are; None where there is none."""
    due = [rule for rule in rules if counted(rule, events.get(rule.event, ()), today, settled) >= rule.count]
    longest = max(due, key=lambda rule: rule.length_days, default=None)
    return Bar(longest, today, today + timedelta(days=longest.length_days - 1)) if longest else None
