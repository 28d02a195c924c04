"""Now, China's working days with make-up days (调休), and deadlines counted in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar

CHINA = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """This moment, aware, UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The calendar day in China."""
    return now().astimezone(CHINA).date()


def is_working_day(day: date) -> bool:
    """Whether offices are open: the State Council's yearly notice, or Monday to Friday for years not yet published."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def is_published(year: int) -> bool:
    """Whether the year's holidays and make-up days are known to the calendar package."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def add_working_days(start: date, days: int) -> date:
    """The working day that lies ``days`` (≥ 0) working days after ``start``; raises ``ValueError`` below zero."""
    if days < 0:
        raise ValueError("days must not be negative")
    day = start
    while days or not is_working_day(day):
        day += timedelta(days=1)
        if is_working_day(day) and days:
            days -= 1
    return day


def add_hours(start: datetime, hours: float) -> datetime:
    """A deadline in plain hours (emergencies do not wait for Monday)."""
    return start + timedelta(hours=hours)


def is_overdue(due: datetime | None, at: datetime) -> bool:
    """Whether a deadline has passed."""
    return due is not None and at > due
