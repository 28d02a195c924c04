"""Alerts as rules: when one opens, that it does not flap, when it is over; silence in working hours; words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import clock
from doorstep.record.endpoints.rules import alert_words, watching
from doorstep.record.endpoints.rules.watching import (
    BELOW,
    CALM,
    OF_ENDPOINT,
    OF_HOUSE,
    RANGES,
    USUAL,
    Kind,
    Step,
    Watch,
)

NOW = datetime(2026, 3, 4, 4, tzinfo=UTC)  # a Wednesday at noon in China
MINUTE = timedelta(minutes=1)
rules = st.sampled_from(Kind).flatmap(lambda k: st.builds(Watch, st.just(k), st.integers(*RANGES[k])))


def walk(rule: Watch, values: list[float | None]) -> list[Step]:
    """The steps of a rule with these values, a minute apart, as the action takes them."""
    opened, since, steps = False, None, []
    for at, value in enumerate(values):
        now = NOW + at * MINUTE
        step = watching.step(rule, value, opened=opened, well_since=since, now=now)
        steps.append(step)
        opened = step is Step.OPEN or (opened and step is not Step.CLOSE)
        since = {Step.CALM: now, Step.STIR: None, Step.CLOSE: None}.get(step, since)
    return steps


@given(rules, st.lists(st.one_of(st.none(), st.floats(0, 200_000)), max_size=40))
def test_alerts_open_and_end_in_turn_and_for_a_reason(rule: Watch, values):
    steps = walk(rule, values)
    turns = [step for step in steps if step in (Step.OPEN, Step.CLOSE)]
    assert turns[::2] == [Step.OPEN] * len(turns[::2])
    assert turns[1::2] == [Step.CLOSE] * len(turns[1::2])
    calm = CALM // MINUTE
    for at, step in enumerate(steps):
        if step is Step.OPEN:
            assert watching.beyond(rule, values[at])
        if step is Step.CLOSE and values[at] is not None:
            assert all(v is not None and watching.is_well(rule, v) for v in values[at - calm : at + 1])


@given(rules, st.lists(st.booleans(), max_size=60))
def test_what_swings_about_its_limit_is_one_alert(rule: Watch, swings):
    """Just beyond, just within, and so on: it opens once and stays."""
    beyond, within = (rule.limit - 1, rule.limit - 0.5) if rule.kind in BELOW else (rule.limit + 1, rule.limit + 0.5)
    steps = walk(rule, [beyond, *(beyond if each else within for each in swings)])
    assert steps.count(Step.OPEN) == 1
    assert Step.CLOSE not in steps


def test_it_ends_when_it_has_been_well_for_some_minutes_or_is_watched_no_longer():
    rule = Watch(Kind.BEHIND, 60)
    assert walk(rule, [61, 0, 0, 0, 0]) == [Step.OPEN, Step.CALM, Step.NOTHING, Step.NOTHING, Step.CLOSE]
    assert walk(rule, [61, 0, 0, 59, 0])[1:] == [Step.CALM, Step.NOTHING, Step.STIR, Step.CALM]
    assert walk(rule, [61, None]) == [Step.OPEN, Step.CLOSE]
    off = Watch(Kind.BEHIND, 60, on=False)
    assert watching.step(off, 99, opened=True, well_since=None, now=NOW) is Step.CLOSE
    assert walk(off, [99, 99]) == [Step.NOTHING] * 2
    assert walk(Watch(Kind.CERTIFICATE, 30), [31, 29, 29.9, 300, 300, 300, 300])[-6:] == [
        Step.OPEN, Step.NOTHING, Step.CALM, Step.NOTHING, Step.NOTHING, Step.CLOSE,
    ]  # fmt: skip


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_share_of_few_messages_is_not_told(applied, rested):
    found = watching.share(applied, rested)
    assert 0 <= found <= 100
    assert (found == 0) == (rested == 0 or applied + rested < watching.LEAST)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)), st.integers(0, 200_000))
def test_silence_in_working_hours_is_never_more_than_by_the_clock(since, minutes):
    now = since + minutes * MINUTE
    plain, working = (watching.silent_for(since, now, working=w) for w in (False, True))
    assert plain == min(minutes, watching.LONGEST * 24 * 60)
    assert 0 <= working <= plain
    assert watching.silent_for(since, since, working=True) == 0


def test_the_night_and_the_feast_are_not_counted():
    def at(day: int, hour: int) -> datetime:
        return datetime(2026, 3, day, hour, tzinfo=clock.CHINA)

    assert watching.silent_for(at(4, 17), at(5, 9), working=True) == 30 + 60
    assert watching.silent_for(at(6, 17), at(9, 8), working=True) == 30  # a weekend
    assert not clock.is_working_day(date(2026, 10, 1))
    feast = datetime(2026, 10, 1, 9, tzinfo=clock.CHINA)
    assert watching.silent_for(feast, feast + timedelta(hours=8), working=True) == 0


@given(rules)
def test_limits_within_their_ranges_are_sound(rule: Watch):
    assert watching.sound(rule).allowed
    low, high = RANGES[rule.kind]
    for limit in (low - 1, high + 1):
        assert not watching.sound(Watch(rule.kind, limit)).allowed
    assert not watching.sound(Watch(rule.kind, rule.limit, minutes=61)).allowed


def test_every_kind_is_of_an_endpoint_or_of_the_house_and_has_a_usual_rule():
    assert {*OF_ENDPOINT, *OF_HOUSE} == set(Kind) == set(USUAL) == set(RANGES)
    assert len(OF_ENDPOINT) + len(OF_HOUSE) == len(Kind)
    own = Watch(Kind.RESTS, 7)
    assert watching.watches([own], OF_ENDPOINT) == tuple(own if k is Kind.RESTS else USUAL[k] for k in OF_ENDPOINT)
    assert all(watching.sound(each).allowed for each in USUAL.values())


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_alert_has_words(kind: Kind, language: str):
    said = (
        alert_words.title(kind, language), alert_words.advice(kind, language),
        alert_words.what(kind, value=61.4, limit=60, minutes=15, language=language),
    )  # fmt: skip
    assert all(said)
    assert all(each.isascii() for each in said) == (language == "en")
    assert {"61", "60"} <= {*filter(str.isdigit, said[2].replace("%", " ").replace("（", " ").split())} | {
        n for n in ("61", "60") if n in said[2]
    }
