"""A record that fits two people about equally well is joined to neither without a person looking."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from doorstep.linkage.ambiguity import EITHER, MARGIN, doubtful, either_twin
from doorstep.linkage.facts import Facts, Said, standard
from doorstep.linkage.tests.making import facts
from doorstep.linkage.tests.people import table

NEWBORN, ONE, OTHER, STRANGER = range(4)
NOBODY = np.zeros(4, dtype=np.bool_)


@pytest.mark.parametrize(("gap", "unsure"), [(0.0, True), (MARGIN, True), (MARGIN + 0.1, False)])
def test_a_newborn_between_twins_is_a_guess(gap: float, unsure: bool) -> None:
    left, right = np.array([NEWBORN, OTHER, STRANGER]), np.array([ONE, NEWBORN, ONE])
    bits = np.array([9.0, 9.0 - gap, 20.0])
    found = doubtful(left, right, bits, trusted=np.array([-1, 5, 6, -1]), either=NOBODY)
    assert found.tolist() == [unsure, unsure, False]


def test_who_fits_one_person_twice_or_has_an_id_is_no_guess() -> None:
    left, right = np.array([0, 0]), np.array([1, 2])
    bits = np.array([9.0, 9.0])
    assert not doubtful(left, right, bits, trusted=np.array([-1, 5, 5]), either=NOBODY[:3]).any()
    assert not doubtful(left, right, bits, trusted=np.array([4, 5, 6]), either=NOBODY[:3]).any()
    assert not doubtful(left[:0], right[:0], bits[:0], trusted=np.array([4, 5, 6]), either=NOBODY[:3]).any()


def test_who_may_be_either_of_two_twins_is_a_guess() -> None:
    left, right, bits = np.array([0, 2]), np.array([1, 3]), np.array([20.0, 20.0])
    either = np.array([False, True, False, False])
    assert doubtful(left, right, bits, trusted=np.full(4, -1), either=either).tolist() == [True, False]


BORN = {"birth_date": "2020-02-01"}
UNSAID, TOLD = (standard(Said(key, name=name, **BORN)) for key, name in (("0", "李梅之子"), ("1", "李梅之二子")))


@settings(max_examples=60, deadline=None)
@given(st.lists(facts(), min_size=1, max_size=6))
@example([UNSAID, TOLD])
def test_sql_says_who_may_be_either_twin_as_the_rule_does(made: list[Facts]) -> None:
    made = [replace(each, key=str(n)) for n, each in enumerate(made)]
    expected = [any(either_twin(own, other) for other in made) for own in made]
    with table(made) as db:
        found = db.execute(f"SELECT {EITHER.format(table='facts')} FROM facts ORDER BY key").fetchall()
    assert [bool(each) for (each,) in found] == expected


def test_a_rank_of_another_mother_or_day_says_nothing() -> None:
    assert either_twin(UNSAID, TOLD)
    assert not either_twin(TOLD, UNSAID)
    for said in (Said("1", name="李红之二子", **BORN), Said("1", name="李梅之二子", birth_date="2020-02-02")):
        assert not either_twin(UNSAID, standard(said))
    assert not either_twin(standard(Said("0", name="王天佑", guardian="李梅", **BORN)), TOLD)
