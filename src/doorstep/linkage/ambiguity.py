"""Records that fit two people about equally well: they are shown to a person, however well they fit.

A newborn without a name fits both of two twins. Each pair alone is right far more often than not, and only the other
one beside it says that it is a guess. Where a ward says of one child of a mother and a day which twin it is, a child of
the same of whom nothing is said may be either, whoever else is to be seen.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from doorstep.linkage.clustering import BoolArray, FloatArray, IntArray
from doorstep.linkage.facts import Facts

MARGIN: Final = 3.0
"""Bits by which the best must be better than the next best other person."""


EITHER: Final = (
    "name = '' AND rank = 0 AND number = '' AND guardian <> '' AND birth <> ''"
    " AND (guardian, birth) IN (SELECT (guardian, birth) FROM {table} WHERE rank > 0)"
)
"""The same as `either_twin`, for the rows of a `table` of facts as SQL."""


def either_twin(own: Facts, other: Facts) -> bool:
    """Whether a record may be either of two twins, because another of the same mother and day says which one it is."""
    told = own.name or own.rank or own.number
    return not told and other.rank > 0 and "" != own.guardian == other.guardian and "" != own.birth == other.birth


def doubtful(
    left: IntArray,
    right: IntArray,
    weight: FloatArray,
    *,
    trusted: IntArray,
    either: BoolArray,
    margin: float = MARGIN,
) -> BoolArray:
    """Which pairs have an end that fits two people: records of two `trusted` ids (codes >= 0) within the margin, or
    one that may be `either` of two twins.

    A record that has an id itself is no guess.
    """
    one, two = np.concatenate([left, right]), np.concatenate([right, left])
    bits = np.concatenate([weight, weight])
    seen = (trusted[one] < 0) & (trusted[two] >= 0)
    one, person, bits = one[seen], trusted[two[seen]], bits[seen]
    unsure = either.copy()
    if len(one):
        order = np.lexsort((-bits, one))
        one, person, bits = one[order], person[order], bits[order]
        first = np.flatnonzero(np.r_[True, one[1:] != one[:-1]])
        best = np.repeat(first, np.diff(np.r_[first, len(one)]))
        rival = (person != person[best]) & (bits >= bits[best] - margin)
        unsure[one[rival]] = True
    found: BoolArray = unsure[left] | unsure[right]
    return found
