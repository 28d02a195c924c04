"""The rule: a reason that the reader cannot make, or none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import clock
from doorstep.registers.consents import rules
from doorstep.registers.consents.rules import CARE, Encounter, Facts, Terms, Why, basis_of

NOW = datetime(2026, 11, 27, 2, tzinfo=UTC)
PRESENT = st.frozensets(st.sampled_from((*rules.OPENED, Why.ENCOUNTER)))
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
STATUSES = st.sampled_from([*rules.NEVER, *rules.UNDER_WAY, "finished", "unknown", "x"])


@given(PRESENT, st.booleans())
def test_the_whole_record_opens_to_a_reason_alone(present: frozenset[Why], own: bool) -> None:
    basis = basis_of(Facts(present=present, own=own))
    opens = present & {Why.BREAK_GLASS} if Why.DENIAL in present else present & {*CARE, Why.CONSENT, Why.BREAK_GLASS}
    if opens:
        assert basis is not None
        assert basis.whole
        assert basis.why in opens
    elif own:
        assert basis is not None
        assert (basis.why, basis.whole, basis.denied) == (Why.OWN, False, Why.DENIAL in present)
    else:
        assert basis is None


@given(PRESENT, PRESENT, st.booleans())
def test_one_more_reason_never_closes(some: frozenset[Why], more: frozenset[Why], own: bool) -> None:
    """Only the resident's refusal takes away."""
    before, after = (basis_of(Facts(present=p, own=own)) for p in (some, some | (more - {Why.DENIAL})))
    if before is not None:
        assert after is not None
        assert after.whole >= before.whole


@given(PRESENT, st.booleans())
def test_the_house_itself_reads(present: frozenset[Why], own: bool) -> None:
    basis = basis_of(Facts(True, present, own))
    assert basis is not None
    assert basis.why is Why.OPERATIONS


@given(STATUSES, MOMENTS, st.none() | st.timedeltas(timedelta(0), timedelta(400)), MOMENTS, st.integers(1, 90))
def test_when_an_encounter_counts(
    status: str, start: datetime, lasts: timedelta | None, at: datetime, days: int
) -> None:
    encounter = Encounter(status, start, None if lasts is None else start + lasts)
    after = timedelta(days=days)
    present = rules.is_present(encounter, at, after)
    if status in rules.NEVER or at < start:
        assert not present
    elif lasts is not None:
        assert present == (at < start + lasts + after)
    else:
        assert present or status not in rules.UNDER_WAY
    assert rules.any_present([encounter], at, Terms(after_days=days)) == present


@given(MOMENTS)
def test_a_review_is_due_on_the_next_working_day(opened: datetime) -> None:
    due = rules.due(opened)
    day = opened.astimezone(clock.CHINA).date()
    assert due > day
    assert clock.is_working_day(due)
    assert not any(clock.is_working_day(day + timedelta(days=n)) for n in range(1, (due - day).days))


@given(st.integers(-5, 50), st.text(max_size=10))
def test_hours_and_words_of_a_break_glass(hours: int, words: str) -> None:
    allowed = rules.glass(hours, words, Terms()).allowed
    assert allowed == (1 <= hours <= 24 and len(words.strip()) >= rules.FEWEST)


@given(st.booleans(), st.booleans(), st.sampled_from(["justified", "unjustified", "waiting", ""]), st.text(max_size=3))
def test_who_reviews_and_once(waiting: bool, own: bool, verdict: str, words: str) -> None:
    allowed = rules.review(waiting=waiting, own=own, verdict=verdict, words=words).allowed
    assert allowed == (waiting and not own and verdict in ("justified", "unjustified") and bool(words.strip()))


def test_what_a_rule_set_leaves_out_is_assumed() -> None:
    assert rules.terms({}) == Terms(30, 4, 24)
    assert rules.terms({"after_days": 7, "most_hours": 12}) == Terms(7, 4, 12)
