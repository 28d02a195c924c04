"""Who is called next, who is late, who did not come; and how a name is shown on a wall. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.resources.booking.rules import Terms


@dataclass(frozen=True, slots=True)
class Waiter:
    """One who has checked in: for what time, when they came, how often they were called in vain."""

    id: UUID
    number: int
    starts: datetime
    came: datetime
    passed: int = 0


def order(waiters: Iterable[Waiter], terms: Terms) -> tuple[Waiter, ...]:
    """In which order they are called: by the time that was booked, whoever comes too late by their coming, whoever was
    called in vain behind the next three, and again behind three more."""
    lined = sorted(waiters, key=lambda one: (_turn(one, terms), one.number))
    for one in [one for one in lined if one.passed]:
        place = lined.index(one)
        lined.insert(min(place + BEHIND * one.passed, len(lined) - 1), lined.pop(place))
    return tuple(lined)


BEHIND = 3


def _turn(one: Waiter, terms: Terms) -> datetime:
    return one.came if is_late(one.starts, one.came, terms) else one.starts


def is_late(starts: datetime, came: datetime, terms: Terms) -> bool:
    """Whether somebody came after what is still in time."""
    return came > starts + timedelta(minutes=terms.late_minutes)


def may_check_in(starts: datetime, at: datetime, ends: datetime, terms: Terms) -> Decision:
    """Whether one may check in: not before the rule says, and not once the session is over."""
    if at < starts - timedelta(minutes=terms.early_minutes):
        return refuse("check_in.early", minutes=terms.early_minutes)
    return allow() if at < ends else refuse("check_in.over")


def has_missed(starts: datetime, session_ends: datetime, at: datetime, terms: Terms) -> bool:
    """Whether somebody who has not checked in is a no-show: the session is over, and they are later than "late"."""
    return at >= session_ends and at > starts + timedelta(minutes=terms.late_minutes)


def masked(name: str) -> str:
    """A name as a wall may show it: the first character and a star (王*), two characters of a long one stay out too."""
    return f"{name[:1]}*" if name else "*"
