"""Working days with holidays and make-up days, and deadlines counted in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import clock

# State Council notice on holidays of 2026 (国办发明电〔2025〕7号): make-up days on weekends, holidays on weekdays
MAKE_UP = [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]
OFF = [(1, 1), (1, 2), (2, 16), (2, 23), (4, 6), (5, 1), (5, 5), (6, 19), (9, 25), (10, 1), (10, 7)]
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize("day", MAKE_UP)
def test_a_make_up_day_is_worked_though_it_is_a_weekend(day):
    assert date(2026, *day).weekday() >= 5
    assert clock.is_working_day(date(2026, *day))


@pytest.mark.parametrize("day", OFF)
def test_a_holiday_is_free_though_it_is_a_weekday(day):
    assert date(2026, *day).weekday() < 5
    assert not clock.is_working_day(date(2026, *day))


def test_ordinary_days():
    assert clock.is_working_day(date(2026, 3, 4))
    assert not clock.is_working_day(date(2026, 3, 7))


def test_years_that_are_not_published_go_by_the_week():
    assert clock.is_published(2026)
    assert not clock.is_published(2090)
    week = [date(2090, 10, n) for n in range(1, 8)]
    assert [clock.is_working_day(day) for day in week] == [day.weekday() < 5 for day in week]


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 2, 13), 1, date(2026, 2, 14)),  # Friday before the Spring Festival: Saturday is worked
        (date(2026, 2, 14), 1, date(2026, 2, 24)),  # over the nine free days
        (date(2026, 2, 17), 0, date(2026, 2, 24)),  # what falls due on a holiday is due on the next working day
        (date(2026, 2, 17), 1, date(2026, 2, 24)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 3, 4), 0, date(2026, 3, 4)),
    ],
)
def test_deadlines_in_working_days(start, days, end):
    assert clock.add_working_days(start, days) == end


@given(DAYS, st.integers(0, 40))
def test_so_many_working_days_lie_between(start, days):
    end = clock.add_working_days(start, days)
    between = [start + timedelta(days=n + 1) for n in range((end - start).days)]
    worked = sum(map(clock.is_working_day, between))
    assert clock.is_working_day(end)
    assert worked == days or (days == 0 and not clock.is_working_day(start) and worked == 1)


@given(DAYS, st.integers(0, 20), st.integers(0, 20))
def test_two_deadlines_one_after_the_other_are_one(start, a, b):
    assert clock.add_working_days(clock.add_working_days(start, a), b) == clock.add_working_days(start, a + b) or a == 0


def test_no_deadline_lies_in_the_past():
    with pytest.raises(ValueError, match="negative"):
        clock.add_working_days(date(2026, 3, 4), -1)


def test_hours_run_through_nights_and_holidays():
    start = datetime(2026, 2, 16, 20, tzinfo=UTC)
    assert clock.add_hours(start, 36.5) == start + timedelta(hours=36, minutes=30)
    assert not clock.is_overdue(None, start)
    assert not clock.is_overdue(start, start)
    assert clock.is_overdue(start, start + timedelta(microseconds=1))


def test_now_is_aware_and_today_is_china_s(monkeypatch):
    assert clock.now().utcoffset() == timedelta(0)
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 4, 16, 30, tzinfo=UTC))
    assert clock.today() == date(2026, 3, 5)
