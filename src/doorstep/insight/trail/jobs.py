"""What the clock does to the trail: tables of months to come, lines that came late, the head of the day."""

from __future__ import annotations

from doorstep.kernel import trail, trail_heads, trail_months
from doorstep.kernel.call import Call


def make_months(call: Call) -> None:
    """Make the tables of the months to come, and of lines that came for a month without one."""
    trail_months.make_ahead()


def seal_late(call: Call) -> None:
    """Seal lines whose transaction lasted long."""
    trail.seal_all()


def sign_day(call: Call) -> None:
    """Sign the chain once a day, in the table and in the file that is given to others."""
    if trail_heads.is_due():
        trail.seal_all()
        trail_heads.sign_day()
