"""Who a person described may be: what counts, whose records are weighed, and how much work it is at most."""

from __future__ import annotations

from uuid import UUID

import pytest

from doorstep.kernel.call import Scope
from doorstep.kernel.testing.callers import system
from doorstep.registers.residents import api
from doorstep.registers.residents.reads import matching
from doorstep.registers.residents.shapes import Address, Incoming, Match, Phone
from doorstep.registers.residents.tests.conftest import hospital, number, record, resident_id

HOME = (Address("潇川市清禾县城关街道南门社区3栋2单元401", "439921001001"),)


def grades(found: list[Match] | tuple[Match, ...]) -> dict[str, str]:
    return {each.patient_id: each.grade for each in found}


@pytest.fixture
def held(hospital_a: UUID, hospital_b: UUID) -> Scope:
    """One man with a record at each of two institutions, and a namesake; the scope of the first."""
    api.take_in(
        system(),
        [
            record("a1", hospital_a, resident_id(number(1)), hospital("H1"), addresses=HOME),
            record("b1", hospital_b, resident_id(number(1)), hospital("B1"), addresses=HOME),
            record("a2", hospital_a, birth_date="1949-12-31", phones=(Phone("10035555555"),)),
        ],
    )
    return Scope(frozenset({hospital_a}))


def test_only_records_of_the_scope_are_weighed(held: Scope, hospital_b: UUID) -> None:
    asked = record("described", hospital_b, resident_id(number(1)))
    assert grades(api.matches(held, asked)) == {"a1": "certain"}
    assert grades(api.matches(system().scope, asked)) == {"a1": "certain", "b1": "certain"}
    assert api.matches(Scope(), asked) == []
    # a hospital number of b, and what only b was told, lead to no record of a
    other = record("described", hospital_b, hospital("B1"), name="", birth_date="", sex="0", phones=())
    assert api.matches(held, other) == []


def test_a_hospital_number_that_is_contradicted_says_nothing(held: Scope, hospital_a: UUID) -> None:
    mine = record("described", hospital_a, hospital("H1"), phones=())
    assert grades(api.matches(held, mine))["a1"] == "certain"
    reused = record("described", hospital_a, hospital("H1"), name="赵国庆", sex="2", birth_date="2001-01-01", phones=())
    assert "a1" not in grades(api.matches(held, reused))
    bare = record("described", hospital_a, hospital("H1", system=""), name="", birth_date="", sex="0", phones=())
    assert api.matches(held, bare) == []


def test_a_parents_number_is_not_the_childs(held: Scope, hospital_a: UUID) -> None:
    child = record("described", hospital_a, resident_id(number(1)), name="王小小", birth_date="2015-06-01", phones=())
    assert "certain" not in grades(api.matches(held, child)).values()


def test_the_score_orders_and_agrees_with_the_grade(held: Scope, hospital_a: UUID) -> None:
    found = api.matches(held, record("described", hospital_a, addresses=HOME))
    assert found[0].patient_id == "a1"
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert all(0 < each.score <= 1 for each in found)


def test_few_queries(held: Scope, hospital_a: UUID, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]  # pytest-django's
    many = tuple(hospital(f"N{n}") for n in range(1_000))
    for asked in (record("described", hospital_a), record("described", hospital_a, *many)):
        with django_assert_max_num_queries(3):
            api.matches(held, asked)
    with django_assert_max_num_queries(1):
        assert matching.linked(held, ["a1", "a2", "b1", "nobody"]) == ["a1", "a2"]


def test_identical_records_are_looked_at_to_a_bound(hospital_a: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [record(f"i{n}", hospital_a, resident_id(number(1)), addresses=HOME) for n in range(30)]
    api.take_in(system(), said)
    sql = matching._FOUND.replace(f"LIMIT {matching.A_KEY})", "LIMIT 5)")
    monkeypatch.setattr(matching, "_FOUND", sql)
    found = api.matches(Scope(frozenset({hospital_a})), record("described", hospital_a, resident_id(number(1))))
    assert 0 < len(found) < 30


def test_nothing_is_found_by_nothing(held: Scope, hospital_a: UUID) -> None:
    assert api.matches(held, Incoming("described", hospital_a)) == []
