"""Codes, grades, periods and trees as the standards and our rules say."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from doorstep.kernel.call import EVERYWHERE, Call, Scope
from doorstep.kernel.clock import now
from doorstep.kernel.coding import Coding
from doorstep.kernel.ids import new_id
from doorstep.registers.organisations import rules
from doorstep.registers.organisations.access import Sides, may_arrange, may_join, may_manage

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
bodies = st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=8, max_size=8)
days = st.dates(date(1950, 1, 1), date(2100, 1, 1))
nodes = st.sampled_from("abcdef")
Span = tuple[date, date | None]
periods = st.tuples(days, st.none() | days).filter(lambda p: p[1] is None or p[0] <= p[1])


def code(body: str, region: str = "439921") -> str:
    inner = body + rules.organisation_code_check(body)
    first = f"12{region}{inner}"
    return first + rules.credit_code_check(first)


@pytest.mark.parametrize("known", ["91350100M000100Y43", "12330000470051726F", "12430204MB0X12343Q"])
def test_printed_credit_codes_pass(known: str) -> None:
    assert rules.credit_code(known).allowed


@pytest.mark.parametrize(
    ("body", "check"), [("D2143569", "X"), ("47005172", "6"), ("74085017", "4"), ("MB0X1234", "3")]
)
def test_printed_organisation_codes(body: str, check: str) -> None:
    assert rules.organisation_code_check(body) == check


@given(bodies)
def test_made_codes_pass(body: str) -> None:
    assert rules.credit_code(code(body)).allowed


@given(bodies, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_every_single_error_is_found(body: str, at: int, wrong: str) -> None:
    good = code(body)
    assume(good[at] != wrong)
    assert not rules.credit_code(good[:at] + wrong + good[at + 1 :]).allowed


@given(bodies, st.integers(0, 16))
def test_every_swap_of_neighbours_is_found(body: str, at: int) -> None:
    good = code(body)
    assume(good[at] != good[at + 1])
    assert not rules.credit_code(good[:at] + good[at + 1] + good[at] + good[at + 2 :]).allowed


@given(st.text(max_size=30))
def test_any_text_is_answered(text: str) -> None:
    assert isinstance(rules.credit_code(text).allowed, bool)


def test_reasons_of_bad_codes() -> None:
    good = code("WY000001")
    assert rules.credit_code(good[:-1]).reason == "uscc.length"
    assert rules.credit_code("I" + good[1:]).reason == "uscc.shape"
    assert rules.credit_code(good[:17] + ("0" if good[17] != "0" else "1")).reason == "uscc.check"
    inner = good[:16] + ("0" if good[16] != "0" else "1")
    assert rules.credit_code(inner + rules.credit_code_check(inner)).reason == "uscc.inner_check"


@pytest.mark.parametrize(
    ("given_code", "level", "prefix", "above"),
    [
        ("430000000000", "province", "43", ()),
        ("439900000000", "city", "4399", ("430000000000",)),
        ("439921000000", "county", "439921", ("439900000000", "430000000000")),
        ("439921100000", "township", "439921100", ("439921000000", "439900000000", "430000000000")),
        ("439921100101", "village", "439921100101", ("439921100000", "439921000000", "439900000000", "430000000000")),
    ],
)
def test_divisions(given_code: str, level: str, prefix: str, above: tuple[str, ...]) -> None:
    assert rules.area_level(given_code) == level
    assert rules.area_prefix(given_code) == prefix
    assert rules.area_above(given_code) == above
    assert all(given_code.startswith(rules.area_prefix(a)) for a in above)


@pytest.mark.parametrize(
    "bad", ["", "43992", "039921000000", "43992110010x", "４３９９２１１００１０１", "439921100101\n"]
)
def test_bad_division_codes(bad: str) -> None:
    assert rules.area_code(bad).reason == "area.shape"


@pytest.mark.parametrize("bad", ["", "A10", "a100", "A1000", "A10٣"])
def test_bad_type_codes(bad: str) -> None:
    assert rules.type_code(bad).reason == "type.shape"


def test_places() -> None:
    assert rules.position(None, None).allowed
    assert rules.position(Decimal("113.2"), Decimal("27.3")).allowed
    assert rules.position(Decimal("113.2"), None).reason == "position.half"
    assert rules.position(Decimal("213.2"), Decimal(27)).reason == "position.range"
    assert rules.position(Decimal("NaN"), Decimal(27)).reason == "position.range"
    assert rules.is_in_china(Decimal("113.2"), Decimal("27.3"))
    assert not rules.is_in_china(Decimal("27.3"), Decimal("113.2"))


def test_published_grades_run_in_opposite_directions() -> None:
    assert rules.read_grade(Coding(rules.CHONGQING_GRADES, "2")) == rules.grade("3A")
    assert rules.read_grade(Coding(rules.CORE_GUIDE_GRADES, "9")) == rules.grade("3A")
    assert rules.read_grade(Coding(rules.CORE_GUIDE_GRADES, "1")) == rules.grade("1C")
    assert rules.read_grade(Coding(rules.CHONGQING_GRADES, "1")) == rules.grade("3S")
    assert rules.read_grade(Coding(rules.GRADE_SYSTEM, "2A")) == rules.grade("2A")
    assert all(
        rules.read_grade(Coding(s, c)) is None for s in ("", rules.CHONGQING_GRADES) for c in ("0", "15", "x", "²")
    )


@given(st.sampled_from(sorted(rules.GRADES)))
def test_words_of_a_grade_lead_back(code: str) -> None:
    assert rules.grade_of_words(rules.grade(code).display) == rules.grade(code)
    assert rules.level_of(code) in {0, 1, 2, 3}


def test_short_words_of_grades() -> None:
    assert rules.grade_of_words("三甲医院") == rules.grade("3A")
    assert rules.grade_of_words("二级") == rules.grade("2")
    assert rules.grade_of_words("好医院") is None


@pytest.mark.parametrize(
    ("kind", "primary"),
    [("B100", True), ("C210", True), ("D110", True), ("D229", True), ("D600", True), ("D500", False), ("A100", False)],
)
def test_primary_institutions(kind: str, primary: bool) -> None:
    assert rules.is_primary(kind) is primary


def test_type_names() -> None:
    assert rules.type_name("D600") == "村卫生室"
    assert rules.type_name("A221") == "中医专科医院"
    assert rules.type_name("Z999") == "其他卫生机构"


@given(periods, days)
def test_periods_include_both_ends(period: tuple[date, date | None], day: date) -> None:
    since, until = period
    assert rules.period(since, until).allowed
    assert rules.holds(since, until, since)
    assert until is None or rules.holds(since, until, until)
    assert rules.holds(since, until, day) == (since <= day <= (until or date.max))
    assert until is None or not rules.holds(since, until, until + timedelta(days=1))


@given(periods, periods)
def test_overlap_is_mutual_and_means_a_shared_day(
    one: tuple[date, date | None], other: tuple[date, date | None]
) -> None:
    assert rules.overlap(one, other) == rules.overlap(other, one)
    latest = max(one[0], other[0])
    assert rules.overlap(one, other) == (rules.holds(*one, latest) and rules.holds(*other, latest))


def test_a_period_that_ends_first_is_refused() -> None:
    assert rules.period(date(2024, 1, 2), date(2024, 1, 1)).reason == "period.reversed"
    assert rules.last_day(date(2024, 1, 1)) == date(2023, 12, 31)
    assert rules.last_day(None) is None


@given(st.lists(st.tuples(days, st.integers(0, 10_000)), unique_by=lambda f: f[0]), days)
def test_the_newest_count_before_a_day_counts(facts: list[tuple[date, int]], day: date) -> None:
    found = rules.newest(facts, day)
    earlier = [f for f in facts if f[0] <= day]
    assert (found is None) == (not earlier)
    assert found is None or (found in earlier and all(f[0] <= found[0] for f in earlier))


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdef"), max_size=6),
    st.sampled_from("abcdef"),
    st.sampled_from("abcdef"),
)
def test_no_parent_closes_a_circle(parents: dict[str, str], child: str, parent: str) -> None:
    before = {c: p for c, p in parents.items() if c != child}
    if not rules.hangs_under(before, child, parent).allowed:
        return
    here, seen = parent, {child}
    while here:
        assert here not in seen
        seen.add(here)
        here = before.get(here, "")


def test_every_code_has_words() -> None:
    pairs = (
        *((rules.Tier, rules.TIERS), (rules.Status, rules.STATUSES), (rules.Kind, rules.KINDS)),
        *((rules.Role, rules.ROLES), (rules.Count, rules.COUNTS), (rules.Matter, rules.MATTERS)),
    )
    for kinds, words in pairs:
        assert set(words) == set(kinds)


def caller(organisation: object, scope: Scope) -> Call:
    return Call("staff:x", "x", now(), scope, organisation=organisation)  # type: ignore[arg-type]


def test_who_manages_an_institution() -> None:
    own, lead, other = new_id(), new_id(), new_id()
    wide = Scope(frozenset({own, lead, other}))
    sides = Sides(own, frozenset({lead}))
    assert may_manage(caller(own, wide), sides).allowed
    assert may_manage(caller(lead, wide), sides).allowed
    assert may_manage(caller(None, EVERYWHERE), Sides(None)).allowed
    assert may_manage(caller(other, wide), sides).reason == "not_yours"
    assert may_manage(caller(own, wide), Sides(lead)).reason == "not_yours"
    assert may_manage(caller(own, wide), Sides(None)).reason == "not_yours"
    assert may_manage(caller(None, wide), sides).reason == "not_yours"


def test_who_arranges_a_consortium() -> None:
    lead, member, other = new_id(), new_id(), new_id()
    wide = Scope(frozenset({lead, member, other}))
    assert may_arrange(caller(lead, wide), lead).allowed
    assert may_arrange(caller(None, EVERYWHERE), None).allowed
    assert may_join(caller(lead, wide), Sides(other)).reason == "not_asked"
    assert may_join(caller(lead, wide), Sides(member, frozenset({lead}))).allowed
    assert may_arrange(caller(member, wide), lead).reason == "not_lead"
    assert may_arrange(caller(None, wide), None).reason == "not_lead"
