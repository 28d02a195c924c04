"""Records that fit two people about equally well: they are shown to a person, however well they fit.

A newborn without a name fits both of two twins. Each pair alone is right far more often than not, and only the other
one beside it says that it is a guess.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from doorstep.linkage.clustering import BoolArray, FloatArray, IntArray

MARGIN: Final = 3.0
"""Bits by which the best must be better than the next best other person."""


def doubtful(
    left: IntArray, right: IntArray, weight: FloatArray, *, trusted: IntArray, margin: float = MARGIN
) -> BoolArray:
    """Which pairs have an end that fits two people: records of two `trusted` ids (codes >= 0) within the margin.

    A record that has an id itself is no guess.
    """
    one, two = np.concatenate([left, right]), np.concatenate([right, left])
    bits = np.concatenate([weight, weight])
    seen = (trusted[one] < 0) & (trusted[two] >= 0)
    one, person, bits = one[seen], trusted[two[seen]], bits[seen]
    unsure = np.zeros(len(trusted), dtype=np.bool_)
    if len(one):
        order = np.lexsort((-bits, one))
        one, person, bits = one[order], person[order], bits[order]
        first = np.flatnonzero(np.r_[True, one[1:] != one[:-1]])
        best = np.repeat(first, np.diff(np.r_[first, len(one)]))
        rival = (person != person[best]) & (bits >= bits[best] - margin)
        unsure[one[rival]] = True
    found: BoolArray = unsure[left] | unsure[right]
    return found
