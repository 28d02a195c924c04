"""A record that fits two people about equally well is joined to neither without a person looking."""

from __future__ import annotations

import numpy as np
import pytest

from doorstep.linkage.ambiguity import MARGIN, doubtful

NEWBORN, ONE, OTHER, STRANGER = range(4)


@pytest.mark.parametrize(("gap", "unsure"), [(0.0, True), (MARGIN, True), (MARGIN + 0.1, False)])
def test_a_newborn_between_twins_is_a_guess(gap: float, unsure: bool) -> None:
    left, right = np.array([NEWBORN, OTHER, STRANGER]), np.array([ONE, NEWBORN, ONE])
    bits = np.array([9.0, 9.0 - gap, 20.0])
    found = doubtful(left, right, bits, trusted=np.array([-1, 5, 6, -1]))
    assert found.tolist() == [unsure, unsure, False]


def test_who_fits_one_person_twice_or_has_an_id_is_no_guess() -> None:
    left, right = np.array([0, 0]), np.array([1, 2])
    bits = np.array([9.0, 9.0])
    assert not doubtful(left, right, bits, trusted=np.array([-1, 5, 5])).any()
    assert not doubtful(left, right, bits, trusted=np.array([4, 5, 6])).any()
    assert not doubtful(left[:0], right[:0], bits[:0], trusted=np.array([4, 5, 6])).any()
