"""The district's numbers are right: totals, check digits, networks, posts, accounts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.site.demo import numbers
from doorstep.site.demo.district import make_district
from doorstep.site.demo.shapes import District


@pytest.mark.parametrize("seed", [1, 2, 40])
def test_totals_are_those_of_the_real_district(seed: int) -> None:
    district = make_district(seed)
    assert len(district.institutions) == 128
    assert sum(i.beds for i in district.institutions) == 2636
    assert sum(i.staff for i in district.institutions) == 2299
    assert len(district.staff) == 2299


def test_equal_seed_equal_district(district: District) -> None:
    assert make_district() == district
    assert make_district(2) != district


# The standards' own examples (consortium.md §9.1 to §9.3).
def test_check_digits_of_the_standards() -> None:
    assert numbers.resident_id_check("11010519491231002") == "X"
    assert numbers.resident_id_check("44052418800101001") == "4"
    assert numbers.organisation_code_check("D2143569") == "X"
    assert numbers.organisation_code_check("47005172") == "6"
    assert numbers.credit_code_check("91350100M000100Y4") == "3"
    assert numbers.credit_code_check("12330000470051726") == "F"


def test_codes_of_institutions(district: District) -> None:
    for i in district.institutions:
        assert i.uscc[17] == numbers.credit_code_check(i.uscc[:17])
        assert i.uscc[8:17] == i.organisation_code
        assert i.organisation_code[8] == numbers.organisation_code_check(i.organisation_code[:8])
        assert re.fullmatch(r"[0-9A-HJ-NPQRTUWXY]{18}", i.uscc)
        assert len(i.registration_number) == 22
        assert i.registration_number[17:21] == i.type_code
        assert i.area in district.area
    assert len({i.uscc for i in district.institutions}) == len({i.name for i in district.institutions}) == 128


def test_parents_are_institutions_of_a_higher_tier(district: District) -> None:
    tiers = ("lead", "second", "first", "base")
    for i in district.institutions:
        if i.parent:
            assert tiers.index(district.institution[i.parent].tier) < tiers.index(i.tier)


def test_areas_nest(district: District) -> None:
    assert len(district.villages) == 90
    assert sum(a.level == "township" for a in district.areas) == 14
    assert len(district.area) == len(district.areas)
    for area in district.areas:
        assert len(area.code) == 12
        assert area.parent == "" or area.parent in district.area


def test_staff_counted_equals_main_posts(district: District) -> None:
    counted = dict.fromkeys(district.institution, 0)
    for person in district.staff:
        for post in person.posts:
            at = district.institution[post.uscc]
            assert post.department in {d.code for d in at.departments}
            counted[post.uscc] += post.main
    assert counted == {i.uscc: i.staff for i in district.institutions}
    two = sum(len(person.posts) == 2 for person in district.staff)
    assert 0.025 < two / len(district.staff) < 0.035
    nurses = sum(person.profession == "nurse" for person in district.staff)
    assert 0.40 < nurses / len(district.staff) < 0.43


def test_licences_have_their_shapes(district: District) -> None:
    lengths = {"physician_qualification": 27, "physician_practice": 15, "nurse_practice": 12, "village_doctor": 15}
    seen = set()
    for person in district.staff:
        for licence in person.licences:
            assert len(licence.number) == lengths[licence.kind]
            seen.add((licence.kind, licence.number))
            if licence.kind == "physician_qualification":
                own = licence.number[9:]
                assert own[:6] == numbers.STAFF_REGION
                assert own[17] == numbers.resident_id_check(own[:17])
    assert len(seen) == sum(len(person.licences) for person in district.staff)


def test_networks_overlap_and_have_one_lead_at_a_time(district: District) -> None:
    assert len(district.consortia) == 4
    places: dict[str, set[str]] = {}
    for consortium in district.consortia:
        assert sum(m.role == "lead" for m in consortium.members) == 1
        for member in consortium.members:
            assert member.end is None or member.start < member.end
            places.setdefault(member.uscc, set()).add(consortium.key)
    assert max(len(keys) for keys in places.values()) >= 3
    keys = {c.key for c in district.consortia}
    for agreement in district.agreements:
        assert agreement.consortium in keys
        assert set(agreement.parties) <= set(district.institution)


def test_accounts_are_of_different_people_and_one_has_two_posts(district: District) -> None:
    staff = {s.number: s for s in district.staff}
    assert len(staff) == 2299
    assert len({a.staff_number for a in district.accounts}) == len({a.username for a in district.accounts}) == 11
    two = [a for a in district.accounts if len({p.uscc for p in staff[a.staff_number].posts}) == 2]
    assert [a.username for a in two] == ["expert"]


@given(st.text("0123456789", min_size=17, max_size=17), st.integers(0, 16), st.integers(1, 9))
def test_every_wrong_digit_changes_the_check(body: str, at: int, by: int) -> None:
    wrong = body[:at] + str((int(body[at]) + by) % 10) + body[at + 1 :]
    assert numbers.resident_id_check(wrong) != numbers.resident_id_check(body)


@given(st.integers(0, 9_999_999), st.integers(0, 9_999_999))
def test_mobile_numbers_differ_and_are_of_no_public_segment(a: int, b: int) -> None:
    assert re.fullmatch(r"1003\d{7}", numbers.mobile(a))
    assert (numbers.mobile(a) == numbers.mobile(b)) == (a == b)
