"""Residents: unique numbers that agree with sex and birth, plausible ages, the same again for a seed."""

from __future__ import annotations

import re
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.site.demo import numbers
from doorstep.site.demo.district import make_district
from doorstep.site.demo.people import Person, residents
from doorstep.site.demo.shapes import District

_DISTRICT = make_district()


def test_ids_are_unique_and_from_nobodys_regions(people: list[Person]) -> None:
    for field in ("resident_id", "insurance_number", "archive_number", "number"):
        assert len({getattr(p, field) for p in people}) == len(people)
    assert {p.resident_id[:4] for p in people} == {"4399"}
    phones = [p.phone for p in people if p.phone]
    assert len(set(phones)) == len(phones)
    assert len(phones) > len(people) / 2


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 60))
def test_id_agrees_with_birth_and_sex(seed: int, count: int) -> None:
    made = list(residents(_DISTRICT, count, seed))
    assert [p.number for p in made] == list(range(1, count + 1))
    for person in made:
        own = person.resident_id
        assert own[17] == numbers.resident_id_check(own[:17])
        assert own[6:14] == f"{person.birth:%Y%m%d}"
        assert (int(own[16]) % 2 == 1) == (person.sex == "male")
        assert date(1916, 1, 1) < person.birth <= _DISTRICT.today


def test_archive_number_begins_with_the_village(people: list[Person], district: District) -> None:
    villages = {v.code for v in district.villages}
    for person in people:
        assert re.fullmatch(r"\d{17}", person.archive_number)
        assert person.archive_number[:12] == person.village
        assert person.village in villages
        assert person.address.startswith(district.area[person.village].full_name)


def test_children_have_a_guardian_of_their_household(people: list[Person], district: District) -> None:
    by_number = {p.number: p for p in people}
    for person in people:
        minor = (district.today - person.birth).days < 17.9 * 365.25
        assert not minor or person.guardian
        if person.guardian:
            guardian = by_number[person.guardian]
            assert guardian.household == person.household
            assert guardian.name == person.guardian_name
            assert person.birth.year - guardian.birth.year >= 17


def test_ages_are_those_of_an_ageing_county(people: list[Person], district: District) -> None:
    ages = [(district.today - p.birth).days / 365.25 for p in people]
    assert 0.14 < sum(a >= 65 for a in ages) / len(ages) < 0.24
    assert 0.12 < sum(a < 15 for a in ages) / len(ages) < 0.23
    assert 0.47 < sum(p.sex == "female" for p in people) / len(people) < 0.53


def test_names_have_compound_surnames_and_minority_names(district: District) -> None:
    made = list(residents(district, 20_000))
    assert any(len(p.family_name) == 2 and "·" not in p.name for p in made)
    assert any("·" in p.name for p in made)
    shares = [p.family_name for p in made]
    assert 0.05 < shares.count("王") / len(shares) < 0.11


def test_more_residents_begin_with_the_same(people: list[Person], district: District) -> None:
    assert list(residents(district, 500)) == people[:500]
    assert list(residents(district, 500, seed=2)) != people[:500]
