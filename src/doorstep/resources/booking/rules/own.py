"""Until when somebody gives a place back by themselves. Pure.

Limits seen in the field are of two kinds (consortium.md §5): a time of a day before (00:00 of the day, 15:00 of the day
before, two days before), and some minutes before the appointment; the rule set ``booking.terms`` says which holds.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.resources.booking.rules import Terms
from doorstep.resources.booking.rules.planning import moment


def cancel_until(day: date, starts: datetime, terms: Terms) -> datetime:
    """The last moment: ``cancel_minutes`` before it begins where the rule says so, else ``cancel_at`` of the day
    ``cancel_days`` before; never after it has begun."""
    if terms.cancel_minutes:
        return starts - timedelta(minutes=terms.cancel_minutes)
    hour, _, minute = terms.cancel_at.partition(":")
    return min(starts, moment(day - timedelta(days=terms.cancel_days), int(hour) * 60 + int(minute)))


def may_cancel(day: date, starts: datetime, at: datetime, terms: Terms) -> Decision:
    """Whether it can still be given back without asking anybody."""
    return allow() if at < cancel_until(day, starts, terms) else refuse("cancel.late")
