"""Times, channels, dates, sanctions, the queue: as rules."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.resources.booking import rules
from doorstep.resources.booking.rules import Basis, Channel, Terms, planning, queue, sanctions
from doorstep.resources.booking.rules.planning import Shift
from doorstep.resources.booking.rules.queue import Waiter
from doorstep.resources.booking.rules.sanctions import Event, Rule

DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
SHARES = st.dictionaries(st.sampled_from([c.value for c in Channel]), st.floats(0, 0.5), max_size=6)
SHIFTS = st.builds(
    lambda first, length, minutes, together: Shift(
        time(first // 60, first % 60), time((first + length) // 60, (first + length) % 60), minutes, together
    ),
    st.integers(0, 1000), st.integers(1, 400), st.integers(1, 60), st.integers(1, 5),
)  # fmt: skip
TERMS = st.builds(
    Terms, horizon_days=st.integers(0, 28), early_days=st.integers(0, 28), fall_back_days=st.integers(0, 3),
    release_at=st.sampled_from(["00:00", "06:30", "07:00"]),
)  # fmt: skip


@given(DAYS, SHIFTS, SHARES, TERMS)
def test_places_fill_the_shift_and_nothing_else(
    day: date, shift: Shift, shares: dict[str, float], terms: Terms
) -> None:
    """Numbered from 1, within the shift, as many at a time as said, none overlapping; each opens to its channel no
    later than to all, and to all before it begins or at the public's hour."""
    made = planning.places(day, shift, shares, terms)
    if not planning.shift(shift).allowed:
        return
    first, last = planning.span(day, shift)
    assert [one.number for one in made] == list(range(1, len(made) + 1))
    assert all(first <= one.starts < one.ends <= last for one in made)
    times = Counter((one.starts, one.ends) for one in made)
    assert set(times.values()) == {shift.together}
    assert all(before[1] <= after[0] for before, after in pairwise(sorted(times)))
    assert last - max(end for _, end in times) < timedelta(minutes=shift.minutes)
    assert all(one.released_at <= one.open_at for one in made)


@given(st.integers(0, 400), SHARES)
def test_every_place_has_one_channel_and_no_channel_more_than_its_share(total: int, shares: dict[str, float]) -> None:
    channels = planning.allot(total, shares)
    assert len(channels) == total
    for channel, count in Counter(channels).items():
        if channel is not Channel.APP:
            assert count <= total * shares.get(channel.value, 0) + 0.5


def test_what_is_kept_is_spread_over_the_session() -> None:
    channels = planning.allot(10, {"referral": 0.2})
    kept = [at for at, channel in enumerate(channels) if channel is Channel.REFERRAL]
    assert len(kept) == 2
    assert kept[0] < 5 <= kept[1]


@given(DAYS, TERMS)
def test_primary_members_are_first_and_what_is_left_falls_back(day: date, terms: Terms) -> None:
    public, all_of_it = planning.opens(day, Channel.APP, terms)
    assert public == all_of_it == planning.public_at(day, terms)
    for channel in rules.PRIMARY:
        early, back = planning.opens(day, channel, terms)
        assert (public - early).days == terms.early_days
        assert back == max(public, planning.moment(day - timedelta(days=terms.fall_back_days)))


@pytest.mark.parametrize(
    ("shift", "reason"),
    [
        (Shift(time(8), time(12), 10), ""),
        (Shift(time(12), time(8), 10), "shift.reversed"),
        (Shift(time(8), time(8), 10), "shift.reversed"),
        (Shift(time(8), time(12), 0), "shift.minutes"),
        (Shift(time(8), time(12), 61), "shift.minutes"),
        (Shift(time(8), time(8, 5), 10), "shift.short"),
        (Shift(time(8), time(12), 10, 0), "shift.together"),
        (Shift(time(8), time(12), 1, 5), "shift.many"),
    ],
)
def test_a_shift_is_sound(shift: Shift, reason: str) -> None:
    assert planning.shift(shift).reason == reason


def test_a_visitor_needs_a_basis_and_who_is_at_home_does_not() -> None:
    assert planning.basis(Basis.ORDINARY, at_home=False).reason == "basis.missing"
    assert all(planning.basis(one, at_home=False).allowed for one in Basis if one is not Basis.ORDINARY)
    assert planning.basis(Basis.ORDINARY, at_home=True).allowed


def test_one_more_is_added_only_by_rule() -> None:
    assert [planning.added(n, 20, Terms()).allowed for n in range(4)] == [True, True, False, False]
    assert [planning.added(n, 3, Terms()).allowed for n in range(2)] == [True, False]
    assert [planning.added(n, 20, Terms(most_added=0)).allowed for n in range(2)] == [True, False]


TODAY = date(2026, 3, 31)
MONTH = Rule(Event.NO_SHOW, 3, 90, 30)


@pytest.mark.parametrize(
    ("days", "settled", "until"),
    [
        ((0, 10, 89), None, date(2026, 4, 29)),
        ((0, 10, 90), None, None),
        ((0, 10), None, None),
        ((0, 10, 20), 20, None),
        ((0, 10, 20), 21, date(2026, 4, 29)),
    ],
)
def test_the_window_s_edges(days: tuple[int, ...], settled: int | None, until: date | None) -> None:
    """Of 90 days the 90th still counts and the 91st not; what a sanction settled does not count again."""
    events = {Event.NO_SHOW: [TODAY - timedelta(days=n) for n in days]}
    found = sanctions.bar([MONTH], events, TODAY, None if settled is None else TODAY - timedelta(days=settled))
    assert (found.until if found else None) == until


@given(st.lists(st.integers(0, 400), max_size=12), st.integers(1, 5), st.integers(1, 366), st.integers(1, 200))
def test_a_sanction_lasts_its_days_and_more_events_never_make_it_go(
    ago: list[int], count: int, window: int, length: int
) -> None:
    rule = Rule(Event.CANCELLED, count, window, length)
    days = [TODAY - timedelta(days=n) for n in ago]
    found = sanctions.bar([rule], {Event.CANCELLED: days}, TODAY, None)
    assert (found is not None) == (sum(n < window for n in ago) >= count)
    if found:
        assert (found.until - found.since).days == length - 1
        assert sanctions.bar([rule], {Event.CANCELLED: [*days, TODAY]}, TODAY, None) == found


def test_rules_of_sanctions_are_read_as_written() -> None:
    said = {"event": "same_day", "count": "3", "window_days": 30, "length_days": 90, "scope": "everywhere"}
    assert sanctions.read({"rules": [said], "channels": ["app"]}) == (
        (Rule(Event.SAME_DAY, 3, 30, 90, everywhere=True),), (Channel.APP,),
    )  # fmt: skip
    assert sanctions.read({}) == (sanctions.DEFAULT, sanctions.BARRED)
    assert rules.terms({"horizon_days": 7, "unknown": 1}) == Terms(horizon_days=7)


EIGHT = datetime(2026, 3, 31, 0, tzinfo=UTC)
WAITERS = st.lists(
    st.builds(
        lambda n, slot, came, passed: Waiter(
            UUID(int=n), n, EIGHT + timedelta(minutes=slot), EIGHT + timedelta(minutes=came), passed
        ),
        st.integers(1, 999), st.integers(0, 240), st.integers(-60, 300), st.integers(0, 2),
    ),
    unique_by=lambda one: one.number, max_size=12,
)  # fmt: skip


@given(WAITERS)
def test_nobody_is_lost_from_the_queue_and_who_is_in_time_goes_by_the_booked_time(waiters: list[Waiter]) -> None:
    line = queue.order(waiters, Terms())
    assert sorted(one.number for one in line) == sorted(one.number for one in waiters)
    plain = [
        one for one in line if not one.passed and not queue.is_late(one.starts, one.came, Terms())
    ]  # fmt: skip
    assert plain == sorted(plain, key=lambda one: (one.starts, one.number))


def test_who_is_late_goes_by_their_coming_and_who_was_called_in_vain_behind_three() -> None:
    def waiter(number: int, came: int, passed: int = 0) -> Waiter:
        return Waiter(
            UUID(int=number), number, EIGHT + timedelta(minutes=10 * number), EIGHT + timedelta(minutes=came), passed
        )

    late = waiter(1, 45)
    line = queue.order([late, waiter(3, 0), waiter(4, 0), waiter(5, 0)], Terms())
    assert [one.number for one in line] == [3, 4, 1, 5]
    passed = waiter(1, 0, passed=1)
    line = queue.order([passed, waiter(2, 0), waiter(3, 0), waiter(4, 0), waiter(5, 0)], Terms())
    assert [one.number for one in line] == [2, 3, 4, 1, 5]
    assert not queue.is_late(EIGHT, EIGHT + timedelta(minutes=30), Terms())
    assert queue.is_late(EIGHT, EIGHT + timedelta(minutes=30, seconds=1), Terms())


def test_checking_in_and_missing() -> None:
    at, ends = EIGHT, EIGHT + timedelta(hours=4)
    assert queue.may_check_in(at, at - timedelta(minutes=61), ends, Terms()).reason == "check_in.early"
    assert queue.may_check_in(at, at - timedelta(minutes=60), ends, Terms()).allowed
    assert queue.may_check_in(at, ends, ends, Terms()).reason == "check_in.over"
    assert not queue.has_missed(at, ends, ends - timedelta(seconds=1), Terms())
    assert queue.has_missed(at, ends, ends, Terms())
    last = ends - timedelta(minutes=10)
    assert not queue.has_missed(last, ends, ends, Terms())
    assert queue.has_missed(last, ends, ends + timedelta(minutes=21), Terms())


def test_a_wall_shows_no_name() -> None:
    assert [queue.masked(name) for name in ("王小明", "欧阳修文", "李", "")] == ["王*", "欧*", "李*", "*"]


def test_every_choice_has_words() -> None:
    pairs = (
        (rules.CHANNELS, rules.Channel), (rules.KINDS, rules.Kind), (rules.BASES, rules.Basis),
        (rules.FEE_LEVELS, rules.FeeLevel), (rules.PRICES, rules.FeeLevel),
    )  # fmt: skip
    for words, values in pairs:
        assert set(words) == {str(one) for one in values}
