"""Households of the made-up residents: who lives together, when they were born, and whose child or twin they are.

A household is a row of ten places; a part of a data set is made from its seed and its number alone. The shares of the
types and the ages are the demo's, assumed for an ageing inland region.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.parts.people_names import Flags, Ints, surnames
from benchmarks.parts.people_rates import rate

Grid = np.ndarray[tuple[int, int], np.dtype[np.int64]]
Marks = np.ndarray[tuple[int, int], np.dtype[np.bool_]]

TODAY = int(np.datetime64("2026-01-01", "D").astype(np.int64))
YEAR = 365.25
SIZE = 50_000  # persons in a part: what bounds memory
TYPES = ("elder", "elder_couple", "couple", "nuclear", "three", "single", "left_behind", "single_parent")
ELDER, ELDERS, COUPLE, NUCLEAR, THREE, SINGLE, LEFT, LONE = range(8)
_SHARES = np.array((8, 13, 9, 30, 20, 8, 8, 4)) / 100
_AGES = np.array(((64, 93), (61, 86), (27, 66), (25, 54), (28, 54), (20, 62), (52, 74), (25, 54)))
# The places of a household; a child's twin stands behind it.
HEAD, WIFE, CHILD, FATHER, MOTHER = 0, 1, 2, 8, 9
CHILDREN = (2, 4, 6)
PLACES = 10


@dataclass(slots=True)
class Homes:
    """Households as rows: type, who is there, sex, day of birth, surname; and which heads and wives are twins."""

    kind: Ints
    present: Marks
    female: Marks
    born: Grid
    surname: Grid
    twin_next: Marks


@dataclass(slots=True)
class Members:
    """Persons of a part, household by household; indices of others are within the part, and -1 for none."""

    home: Ints
    place: Ints
    female: Flags
    born: Ints
    surname: Ints
    father: Ints
    mother: Ints
    twin: Ints
    twin_rank: Ints
    sister: Grid

    @property
    def age(self) -> Ints:
        """Whole years today."""
        return ((TODAY - self.born) / YEAR).astype(np.int64)


def _heads(rng: np.random.Generator, count: int) -> Homes:
    """Types, heads and wives; now and then the next household is that of a twin."""
    kind = rng.choice(len(TYPES), count, p=_SHARES)
    both = np.zeros((count, 2), dtype=bool)
    even = np.arange(count) % 2 == 0
    both[:, 0] = even & (rng.random(count) < rate("ADULT_TWINS_BOTH_HERE"))
    both[-1] = False
    twins = np.flatnonzero(both[:, 0])
    kind[twins + 1] = kind[twins]
    pair = np.isin(kind, (ELDERS, COUPLE, NUCLEAR, THREE, LEFT, LONE))
    of_wives = twins[pair[twins] & (rng.random(len(twins)) < 0.5)]
    both[of_wives] = (False, True)

    present, female = np.zeros((count, PLACES), dtype=bool), np.zeros((count, PLACES), dtype=bool)
    born, surname = np.zeros((count, PLACES), dtype=np.int64), np.zeros((count, PLACES), dtype=np.int64)
    homes = Homes(kind, present, female, born, surname, both)
    low, high = _AGES[kind].T
    homes.born[:, HEAD] = TODAY - 1 - ((low + rng.random(count) * (high - low)) * YEAR).astype(np.int64)
    homes.surname[:, HEAD] = surnames(rng, count)
    homes.present[:, HEAD] = (kind != LONE) | (rng.random(count) < 0.3)
    homes.female[:, HEAD] = ~pair & (rng.random(count) < np.where(kind == ELDER, 0.63, 0.5))
    # Of about the same age first, lest the husbands of twin sisters are born on one day too.
    homes.born[twins + 1, HEAD] = homes.born[twins, HEAD] - rng.integers(1, 900, len(twins))

    gap = ((rng.random(count) * 8 - 2) * 365).astype(np.int64)
    # Spread over three years: on one day there are not so many IDs to be had.
    latest = TODAY - 21 * 365 - np.arange(count) * 137 % 1000
    homes.born[:, WIFE] = np.minimum(homes.born[:, HEAD] + gap, latest)
    homes.surname[:, WIFE] = surnames(rng, count)
    homes.present[:, WIFE] = pair & ((kind != LONE) | ~homes.present[:, HEAD])
    homes.female[:, WIFE] = True
    for place in (HEAD, WIFE):
        mine = np.flatnonzero(both[:, place])
        for values in (homes.born, homes.surname):
            values[mine + 1, place] = values[mine, place]
    return homes


def _children(rng: np.random.Generator, homes: Homes) -> None:
    """Children who still live at home, with their twins; of grandparents', the parents are away."""
    count = len(homes.kind)
    away = homes.kind == LEFT
    having = np.isin(homes.kind, (NUCLEAR, THREE, LEFT, LONE))
    mother = np.where(away, homes.born[:, HEAD] + 24 * 365, homes.born[:, WIFE])
    born = mother + ((21 + rng.random(count) * 9) * YEAR).astype(np.int64)
    mothers = ~away & (rng.random(count) < rate("MOTHERS_SURNAME"))
    line = np.where(mothers, homes.surname[:, WIFE], homes.surname[:, HEAD])
    for place, share in zip(CHILDREN, (0.93, 0.62, 0.12), strict=True):
        age = (TODAY - born) / YEAR
        stays = (age < 19) | ((age < 30) & (rng.random(count) < 0.35) & ~away)
        here = having & (rng.random(count) < share) & (born < TODAY) & stays
        double = here & (rng.random(count) < rate("TWIN_BIRTHS"))
        girl = rng.random(count) >= 0.516
        alike = rng.random(count) < rate("TWINS_SAME_SEX")
        for offset, exists, sex in ((0, here, girl), (1, double, girl == alike)):
            homes.present[:, place + offset], homes.female[:, place + offset] = exists, sex
            homes.born[:, place + offset], homes.surname[:, place + offset] = born, line
        born = born + ((1.5 + rng.random(count) * 5) * YEAR).astype(np.int64)


def _elders(rng: np.random.Generator, homes: Homes) -> None:
    """Parents of the head who live with the family; some are widowed."""
    count = len(homes.kind)
    fate = rng.random(count)
    three = homes.kind == THREE
    father = homes.born[:, HEAD] - ((22 + rng.random(count) * 12) * YEAR).astype(np.int64)
    mother = father + ((rng.random(count) * 6 - 1) * YEAR).astype(np.int64)
    homes.born[:, FATHER], homes.born[:, MOTHER] = father, mother
    homes.present[:, FATHER] = three & (fate < 0.62) & (TODAY - father < 100 * 365)
    homes.present[:, MOTHER] = three & ((fate < 0.45) | (fate >= 0.62)) & (TODAY - mother < 103 * 365)
    homes.female[:, MOTHER] = True
    homes.surname[:, FATHER], homes.surname[:, MOTHER] = homes.surname[:, HEAD], surnames(rng, count)


def _twins(homes: Homes, at: Grid, members: Members, rng: np.random.Generator) -> None:
    """Marks who is whose twin, and who was born first."""
    pairs = [(at[:, place], at[:, place + 1]) for place in CHILDREN]
    for place in (HEAD, WIFE):
        mine = np.flatnonzero(homes.twin_next[:, place])
        pairs.append((at[mine, place], at[mine + 1, place]))
    for one, two in pairs:
        both = (one >= 0) & (two >= 0)
        one, two = one[both], two[both]
        members.twin[one], members.twin[two] = two, one
        members.twin_rank[one] = rng.integers(1, 3, len(one))
        members.twin_rank[two] = 3 - members.twin_rank[one]


def members(rng: np.random.Generator, count: int = SIZE) -> tuple[Homes, Members]:
    """The first `count` persons of as many households as are needed."""
    homes = _heads(rng, count // 2 + 2)
    _children(rng, homes)
    _elders(rng, homes)
    home, place = np.nonzero(homes.present)
    home, place = home[:count], place[:count]
    at = np.full(homes.present.shape, -1)
    at[home, place] = np.arange(len(home))
    young = (place >= CHILD) & (place < FATHER)
    made = Members(
        home=home, place=place, female=homes.female[home, place], born=homes.born[home, place],
        surname=homes.surname[home, place], father=np.where(young, at[home, HEAD], -1),
        mother=np.where(young, at[home, WIFE], -1), twin=np.full(len(home), -1),
        twin_rank=np.zeros(len(home), dtype=np.int64), sister=at[:, CHILD:FATHER],
    )  # fmt: skip
    _twins(homes, at, made, rng)
    return homes, made
