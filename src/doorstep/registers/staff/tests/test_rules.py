"""Roles, masks, waits and access rules."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import clock, room
from doorstep.kernel.call import EVERYWHERE, Call, Scope
from doorstep.kernel.ids import new_id
from doorstep.registers.staff import rules
from doorstep.registers.staff.access import may_change_person, may_give, may_hold_account

ONE, OTHER = new_id(), new_id()
LOCAL = Call("staff:x", "x", clock.now(), Scope(frozenset({ONE, OTHER})), organisation=ONE)
DISTRICT = Call("staff:x", "x", clock.now(), EVERYWHERE)


def test_every_permission_of_a_role_is_declared_by_a_room() -> None:
    declared = {str(p) for r in room.installed() for p in r.permissions or ()}
    held = frozenset().union(*(role.permissions for role in rules.ROLES.values()))
    assert held | rules.SOURCE_PERMISSIONS <= declared


def test_who_manages_does_not_read_charts_and_who_audits_changes_nothing() -> None:
    for code in ("administrator", "bureau_manager", "hospital_manager", "auditor", "office_worker"):
        assert not any(p.startswith("charts.") for p in rules.ROLES[code].permissions)
    changing = ("edit", "mend", "replay", "send", "ingest", "review", "consortia")
    assert not any(p.endswith(changing) for p in rules.ROLES["auditor"].permissions)


def test_every_code_has_words() -> None:
    pairs = (
        *((rules.Sex, rules.SEXES), (rules.Profession, rules.PROFESSIONS)),
        *((rules.LicenceKind, rules.LICENCES), (rules.TitleLevel, rules.TITLE_LEVELS)),
    )
    for kinds, words in pairs:
        assert set(words) == set(kinds)


@given(st.text("0123456789X", max_size=40))
def test_a_masked_number_keeps_its_length_and_shows_at_most_four_signs(number: str) -> None:
    shown = rules.masked(number)
    assert len(shown) == len(number)
    assert sum(c != "*" for c in shown) <= min(4, len(number) // 3)
    assert all(a in ("*", b) for a, b in zip(shown, number, strict=True))


def test_shapes_of_licences() -> None:
    assert rules.licence_warning("physician_qualification", "200843110" + "43990119800101001X") == ""
    assert rules.licence_warning("nurse_practice", "200843000001") == ""
    assert rules.licence_warning("nurse_practice", "12") == "licence.unusual"
    assert rules.licence_warning("village_doctor", "任何") == ""


@given(st.integers(0, 10_000), st.sampled_from([rules.NAME_AT_ADDRESS, rules.WHOLE_ADDRESS]))
def test_waits_grow_up_to_the_longest(failures: int, limit: rules.Limit) -> None:
    assert timedelta() <= rules.wait(failures, limit) <= rules.wait(failures + 1, limit) <= limit.longest
    assert (rules.wait(failures, limit) == timedelta()) == (failures <= limit.free)


@given(st.integers(0, 1000), st.timedeltas(timedelta(), timedelta(days=3)))
def test_failures_are_forgiven_with_time(failures: int, idle: timedelta) -> None:
    for limit in (rules.NAME_AT_ADDRESS, rules.WHOLE_ADDRESS):
        left = rules.remembered(failures, idle, limit)
        assert 0 <= left <= failures
        assert idle <= rules.FORGET_AFTER or left == 0
        assert idle >= limit.forgiven_each or left == failures


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_keys_of_failures_tell_names_and_addresses_apart(name: str, one: str, other: str) -> None:
    assert (rules.attempt_key(name, one) == rules.attempt_key(name, other)) == (one == other)
    assert rules.attempt_key(name, one) == rules.attempt_key(f" {name.upper()} ".lower(), one) or not name.isascii()


@pytest.mark.parametrize("good", ["ab", "zhang.san", "n1-2_3"])
def test_good_usernames(good: str) -> None:
    assert rules.username(good).allowed


@pytest.mark.parametrize("bad", ["", "a", "Ab", ".ab", "a b", "张三", "a" * 61, "ab\n"])
def test_bad_usernames(bad: str) -> None:
    assert rules.username(bad).reason == "username.shape"


def test_periods() -> None:
    assert rules.period(date(2024, 1, 1), None).allowed
    assert rules.period(date(2024, 1, 2), date(2024, 1, 1)).reason == "period.reversed"
    assert rules.holds(date(2024, 1, 1), date(2024, 1, 1), date(2024, 1, 1))
    assert not rules.holds(date(2024, 1, 2), None, date(2024, 1, 1))


def test_roles_of_the_district_are_given_by_the_district() -> None:
    assert may_give(LOCAL, "physician").allowed
    assert may_give(LOCAL, "administrator").reason == "role.district"
    assert may_give(DISTRICT, "administrator").allowed
    assert may_give(DISTRICT, "emperor").reason == "role.unknown"


def test_nobody_takes_over_an_account_with_posts_elsewhere() -> None:
    own = frozenset({ONE})
    assert may_hold_account(LOCAL, [(ONE, "nurse")], own).allowed
    assert may_hold_account(LOCAL, [(ONE, "nurse"), (OTHER, "nurse")], own).reason == "not_yours"
    assert may_hold_account(LOCAL, [(ONE, "auditor")], own).reason == "role.district"
    assert may_hold_account(LOCAL, [], own).reason == "not_yours"
    assert may_hold_account(DISTRICT, [], frozenset()).allowed


def test_who_changes_a_person() -> None:
    assert may_change_person(LOCAL, [(ONE, "nurse"), (OTHER, "nurse")], frozenset({ONE})).allowed
    assert may_change_person(LOCAL, [(OTHER, "nurse")], frozenset({ONE})).reason == "not_yours"
    assert may_change_person(LOCAL, [], frozenset({ONE})).reason == "not_yours"
    assert may_change_person(DISTRICT, [], frozenset()).allowed
