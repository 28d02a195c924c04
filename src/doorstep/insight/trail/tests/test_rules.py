"""What counts as unusual: near, of one surname, out of hours, and which days are looked at."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.insight.trail import rules
from doorstep.insight.trail.rules import Dwelling

ADDRESSES = st.frozensets(
    st.sampled_from(["清禾县石桥镇 一组1号", "清禾县石桥镇一组1号", "清禾县石桥镇二组7号", "石桥", ""])
)
DIVISIONS = st.frozensets(st.sampled_from(["439900101001", "439900101", "439900102003", "439900", ""]))
PEOPLE = st.builds(
    Dwelling,
    st.integers(1, 4).map(lambda n: UUID(int=n)),
    st.sampled_from(["王芳", "王小明", "欧阳锋", "欧洋", "Bob", ""]),
    st.sampled_from([None, 1, 2]),
    ADDRESSES,
    DIVISIONS,
)


@given(PEOPLE, PEOPLE)
def test_near_is_near_both_ways(one: Dwelling, other: Dwelling) -> None:
    assert rules.are_near(one, other) == rules.are_near(other, one)
    assert rules.are_near(one, one)


def person(n: int, name: str = "王芳", home: object = None, address: str = "", code: str = "") -> Dwelling:
    return Dwelling(UUID(int=n), name, home, frozenset([address] if address else []), frozenset([code] if code else []))


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        (person(1, home=7), person(2, "李四", home=7), True),
        (person(1, home=7), person(2, "李四", home=8), False),
        (person(1, address="清禾县石桥镇一组 1号"), person(2, "李四", address="清禾县石桥镇一组1号"), True),
        (person(1, address="石桥镇"), person(2, "李四", address="石桥镇"), False),
        (person(1, code="439900101001"), person(2, "王五", code="439900101"), True),
        (person(1, code="439900101001"), person(2, "李四", code="439900101001"), False),
        (person(1, code="439900101001"), person(2, "王五", code="439900102001"), False),
        (person(1, code="4399"), person(2, "王五", code="4399"), False),
        (person(1, "王芳", address="清禾县石桥镇一组1号", code="439900101"),
         person(2, "王五", address="清禾县石桥镇二组9号", code="439900101"), False),
    ],
)  # fmt: skip
def test_who_is_near_whom(one: Dwelling, other: Dwelling, near: bool) -> None:
    assert rules.are_near(one, other) is near


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("王芳", "王小明", True),
        ("欧阳锋", "欧洋", False),
        ("欧阳锋", "欧阳修", True),
        ("Bob", "Bobby", False),
        ("", "", False),
    ],
)
def test_surnames(one: str, other: str, same: bool) -> None:
    assert rules.same_surname(one, other) is same


@given(st.none() | st.dates(), st.none() | st.dates(), st.dates(date(2001, 1, 1), date(2100, 1, 1)))
def test_the_period_is_never_long_never_ahead_and_never_turned_round(since, until, today: date) -> None:
    if until is not None and until < date(2, 1, 1):
        return
    first, last = rules.period(since, until, today)
    assert first <= last <= today
    assert (last - first).days < rules.LONGEST
    if until is not None and until <= today:
        assert last == until


def test_unless_said_it_is_the_last_week() -> None:
    assert rules.period(None, None, date(2026, 3, 8)) == (date(2026, 3, 2), date(2026, 3, 8))


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.booleans())
def test_hours_of_work(at: datetime, free: bool) -> None:
    off = rules.is_off_hours(at, {at.date()} if free else {at.date() + timedelta(days=1)})
    assert off is (free or at.hour < 7 or at.hour >= 20)
