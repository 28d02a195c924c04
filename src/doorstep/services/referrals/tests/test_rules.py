"""What was agreed, as functions: criteria, triggers, deadlines, yuan, the order of destinations, the letters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.services.referrals.rules import insurance, letters, measures, ranking, terms, triggers
from doorstep.services.referrals.rules.kinds import CRITERIA, Kind, Service, Urgency, criteria_of, direction
from doorstep.services.referrals.rules.places import needs_place, treats
from doorstep.services.referrals.rules.triggers import Findings, suggest

D = Decimal
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
TIERS = ("lead", "second", "first", "base")
MONEY = st.decimals(0, 200_000, places=2)
CHANGSHA = insurance.scheme(insurance.CHANGSHA)


@given(st.sampled_from(TIERS), st.sampled_from(TIERS))
def test_up_one_way_is_down_the_other(here: str, there: str) -> None:
    turned = {Kind.UP: Kind.DOWN, Kind.DOWN: Kind.UP, Kind.ACROSS: Kind.ACROSS}
    assert direction(there, here) is turned[direction(here, there)]
    assert (direction(here, there) is Kind.ACROSS) == (here == there)


def test_each_direction_has_its_criteria() -> None:
    assert set(criteria_of(Kind.UP)) == {"U1", "U2", "U3", "U4", "U5", "U6"}
    assert set(criteria_of(Kind.DOWN)) == {"D1", "D2", "D3", "D4", "D5", "D6"}
    assert criteria_of(Kind.ACROSS) == CRITERIA
    assert direction("base", "") is Kind.ACROSS


@pytest.mark.parametrize(
    ("sign", "fires", "quiet"),
    [
        ("systolic", "180", "179"), ("diastolic", "110", "109"), ("glucose", "16.7", "16.6"), ("glucose", "3.9", "4.0"),
        ("gcs", "12", "13"), ("breaths", "31", "30"), ("spo2", "89", "90"), ("iss", "16", "15"),
        ("haemoptysis", "501", "500"),
    ],
)  # fmt: skip
def test_a_limit_fires_at_its_number_and_not_before(sign: str, fires: str, quiet: str) -> None:
    """基本公共卫生服务规范 2017 for pressure and sugar; the others a county's plan."""
    assert suggest(Findings({sign: D(fires)})).criteria == ("U1",)
    assert suggest(Findings({sign: D(quiet)})).fired == ()


def test_fever_alone_is_not_enough() -> None:
    assert suggest(Findings({"temperature": D(40)})).fired == ()
    assert suggest(Findings({"temperature": D(40), "fever_hours": D(1)})).fired == ()
    assert suggest(Findings({"temperature": D(40), "fever_hours": D(2)})).urgency is Urgency.EMERGENCY


@given(
    st.dictionaries(st.sampled_from(sorted(triggers.SIGNS)), st.decimals(-10, 1000, places=1)),
    st.frozensets(st.sampled_from([t.code for t in triggers.SEEN])),
)
def test_what_is_suggested_rests_on_what_was_found(measured: dict[str, Decimal], seen: frozenset[str]) -> None:
    advice = suggest(Findings(measured, seen))
    for each in advice.fired:
        assert each.sign in measured if each.sign else each.code in seen
        assert each.source
        assert each.criterion in criteria_of(Kind.UP)
    assert {t.code for t in advice.fired} >= seen
    assert (advice.urgency is None) == (not advice.fired)
    assert suggest(Findings()).fired == ()


def test_a_norm_s_emergency_owes_a_follow_up_and_a_routine_one_too() -> None:
    assert suggest(Findings({"systolic": D(190)})).follow_up
    assert suggest(Findings(seen=frozenset({"uncontrolled"}))).urgency is Urgency.ROUTINE
    assert not suggest(Findings({"gcs": D(8)})).follow_up


@given(MOMENTS)
def test_the_more_urgent_the_sooner(at: datetime) -> None:
    plain = terms.Terms()
    due = [terms.answer_due(at, urgency, plain) - at for urgency in Urgency]
    assert due == [timedelta(minutes=15), timedelta(hours=2), timedelta(hours=24)]
    assert terms.letter_due(at, plain) - at == timedelta(hours=24)
    assert terms.contact_due(at, plain) - at == timedelta(hours=72)
    assert terms.valid_until(at, None, plain) - at == timedelta(days=7)
    assert terms.valid_until(at, at + timedelta(days=9), plain) - at == timedelta(days=10)
    owed = terms.follow_up_due(at, True, plain)
    assert owed is not None
    assert timedelta(days=13) <= datetime(owed.year, owed.month, owed.day, tzinfo=UTC) - at <= timedelta(days=15)
    assert terms.follow_up_due(at, False, plain) is None


@given(MOMENTS, st.integers(-10_000, 10_000))
def test_soon_is_before_it_is_late(at: datetime, minutes: int) -> None:
    due = at + timedelta(minutes=minutes)
    assert terms.is_soon(due, at, terms.Terms()) == (0 <= minutes <= 120)
    assert not terms.is_soon(None, at, terms.Terms())


def test_a_county_says_its_own_terms() -> None:
    assert terms.terms({"urgent_minutes": 60, "unknown": 1}) == terms.Terms(urgent_minutes=60)


@given(MONEY, st.sampled_from(TIERS), st.sampled_from(TIERS), st.booleans())
def test_a_referral_never_costs_more(costs: Decimal, here: str, there: str, contract: bool) -> None:
    kind = direction(here, there)
    found = insurance.effect(CHANGSHA, kind=kind, origin=here, destination=there, costs=costs, contract=contract)
    assert found is not None
    assert 0 <= found.with_it <= found.without + 1
    assert found.with_it <= costs + 1
    assert found.saved >= 0


def test_changsha_in_yuan() -> None:
    """一增一减一免: up, 600 of the hospital's 800 are left after the primary 200, and 73 % to 10,000 yuan."""
    up = insurance.effect(CHANGSHA, kind=Kind.UP, origin="first", destination="lead", costs=D(12000), contract=False)
    assert up == insurance.Effect(D(12000), D(3738), D(5280))
    down = insurance.effect(CHANGSHA, kind=Kind.DOWN, origin="lead", destination="first", costs=D(2000), contract=False)
    assert down == insurance.Effect(D(2000), D(328), D(470))
    assert insurance.effect(CHANGSHA, kind=Kind.UP, origin="", destination="x", costs=D(1), contract=False) is None


def test_what_a_house_can_say_of_a_deductible() -> None:
    level = {"lead": {"deductible": 800, "share": 70}, "first": {"deductible": 200, "share": 85}}
    paid = {}
    for how in insurance.Deductible:
        rule = insurance.scheme({"levels": level, "changes": {"up": {"deductible": how, "contract_less": 500}}})
        found = insurance.effect(rule, kind=Kind.UP, origin="first", destination="lead", costs=D(800), contract=False)
        assert found is not None
        paid[how] = found.with_it
        less = insurance.effect(rule, kind=Kind.UP, origin="first", destination="lead", costs=D(800), contract=True)
        assert less is not None
        assert less.with_it == max(D(0), found.with_it - 500)
    assert paid == {"full": 800, "difference": 660, "half": 520, "waived": 240}
    with pytest.raises(KeyError):
        insurance.scheme({})


def candidate(n: int, **more: object) -> ranking.Candidate:
    return ranking.Candidate(UUID(int=n), f"医院{n}", "lead", Kind.UP, **more)  # type: ignore[arg-type]  # made up


CANDIDATES = st.lists(
    st.builds(
        candidate, st.integers(1, 50), has_department=st.none() | st.booleans(), free=st.integers(0, 40),
        km=st.none() | st.floats(0, 200), saved=st.none() | st.decimals(0, 5000, places=0), partner=st.booleans(),
    ),
    max_size=12, unique_by=lambda c: c.organisation,
)  # fmt: skip


@given(CANDIDATES, st.sampled_from(Urgency), MOMENTS, st.randoms())
def test_the_order_does_not_depend_on_the_order(
    found: list[ranking.Candidate], urgency: Urgency, at: datetime, random: object
) -> None:
    ranked = ranking.rank(found, kind=Kind.UP, urgency=urgency, at=at)
    assert ranking.rank(found[::-1], kind=Kind.UP, urgency=urgency, at=at) == ranked
    assert [r.points for r in ranked] == sorted((r.points for r in ranked), reverse=True)
    assert {r.candidate for r in ranked} == set(found)
    assert all(r.reasons for r in ranked)


def test_who_can_comes_first_and_then_who_is_near() -> None:
    at = datetime(2026, 11, 27, tzinfo=UTC)
    able, near, far = candidate(1, has_department=True, km=40.0), candidate(2, has_department=False, km=2.0), None
    assert ranking.rank([near, able], kind=None, urgency=Urgency.ROUTINE, at=at)[0].candidate == able
    near, far = candidate(1, km=5.0), candidate(2, km=50.0, saved=D(400))
    assert ranking.rank([far, near], kind=None, urgency=Urgency.EMERGENCY, at=at)[0].candidate == near
    wrong = ranking.rank([near], kind=Kind.DOWN, urgency=Urgency.ROUTINE, at=at)[0]
    assert ranking.Reason.DIRECTION in dict(wrong.reasons)
    free = candidate(3, free=4, first=at + timedelta(days=2))
    assert (ranking.Reason.FREE, "4") in ranking.rank([free], kind=None, urgency=Urgency.ROUTINE, at=at)[0].reasons


def test_the_way_is_longer_than_the_line() -> None:
    a, b = (D("112.94"), D("28.23")), (D("113.15"), D("27.83"))
    km = ranking.distance(a, b)
    assert km is not None
    assert 60 < km < 70
    assert ranking.minutes(km) == round(km / 40 * 60)
    assert ranking.distance(a, None) is None
    assert ranking.distance(a, a) == 0


@given(st.sampled_from(letters.Part), st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=6))
def test_a_letter_keeps_its_own_fields(part: letters.Part, said: dict[str, str]) -> None:
    kept = letters.kept(part, said)
    assert set(kept) == set(letters.FIELDS[part])
    assert set(letters.missing(part, said)) <= set(letters.MUST[part])
    assert not letters.missing(part, dict.fromkeys(letters.FIELDS[part], "写了"))


def test_an_emergency_and_a_bed_need_no_slot() -> None:
    needing = {(s, u) for s in Service for u in Urgency if needs_place(s, u)}
    assert needing == {
        (s, u) for s in (Service.OUTPATIENT, Service.EXAMINATION) for u in (Urgency.URGENT, Urgency.ROUTINE)
    }


@given(st.builds(measures.Counts, **{n: st.integers(0, 500) for n in measures.Counts.__slots__}))
def test_nothing_counted_is_no_data_and_never_zero(counted: measures.Counts) -> None:
    for name, rate in measures.rates(counted).items():
        assert (rate.share is None) == (rate.denominator == 0), name


def test_who_can_be_referred_to() -> None:
    assert [treats(code) for code in ("A100", "C210", "D600", "J100", "E100", "")] == [True] * 3 + [False] * 3
