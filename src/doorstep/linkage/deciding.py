"""The few records around a newcomer, grouped as `clustering.cluster` groups a whole register, under people's decisions.

A register asks this for each record that comes in, so it takes a handful of records and their pairs, and knows what
arrays of a batch do not carry: pairs that a person called the same, or not the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from doorstep.linkage.ambiguity import MARGIN

TOGETHER: Final = 1000.0
"""Bits of a pair that a person, or a number of one's own, says is one: before all others."""


class Pair(NamedTuple):
    """Two records by their place, the smaller first, and what the pair weighs in bits."""

    left: int
    right: int
    bits: float


@dataclass(frozen=True, slots=True)
class Fixed:
    """What holds of a record whatever its pairs weigh: its own valid ID, its rank as a twin (0: none), and a text that
    stays with it and orders equals, whenever it arrives."""

    number: str
    rank: int
    order: str


@dataclass(slots=True)
class _Group:
    members: list[int]
    number: str
    rank: int
    foes: set[int]


def group(
    records: Sequence[Fixed],
    pairs: Iterable[Pair],
    apart: Collection[tuple[int, int]] = (),
    *,
    threshold: float,
    bridge: float,
) -> list[list[int]]:
    """Groups of records (by place, ascending), strongest pairs first, under the rules of `clustering.cluster`.

    Beside those, two records of `apart` (places) never come into one group.
    """
    groups = [_Group([place], each.number, each.rank, set()) for place, each in enumerate(records)]
    for one, two in apart:
        groups[one].foes.add(two)
        groups[two].foes.add(one)
    of = list(range(len(records)))
    for pair in sorted(pairs, key=_falling(records)):
        a, b = of[pair.left], of[pair.right]
        if a == b or pair.bits < threshold or _forbidden(groups[a], groups[b], pair.bits, bridge):
            continue
        _join(groups, of, a, b)
    return sorted(sorted(groups[place].members) for place in set(of))


def guesses(records: Sequence[Fixed], pairs: Iterable[Pair]) -> set[int]:
    """The records (places) without an ID that fit two people of different IDs about equally well, as
    `ambiguity.doubtful` has it: their pairs are for a person to look at."""
    fits: dict[int, dict[str, float]] = {}
    for left, right, bits in pairs:
        for own, other in ((left, right), (right, left)):
            number = records[other].number
            if number and not records[own].number:
                best = fits.setdefault(own, {})
                best[number] = max(bits, best.get(number, bits))
    return {own for own, best in fits.items() if ambiguous(best)}


def ambiguous(best: Mapping[str, float]) -> bool:
    """Whether the best of some people (by their bits) is hardly better than the next."""
    ranked = sorted(best.values(), reverse=True)
    return len(ranked) > 1 and ranked[1] >= ranked[0] - MARGIN


def _falling(records: Sequence[Fixed]) -> Callable[[Pair], tuple[float, str, str]]:
    def key(pair: Pair) -> tuple[float, str, str]:
        first, second = sorted((records[pair.left].order, records[pair.right].order))
        return -pair.bits, first, second

    return key


def _forbidden(a: _Group, b: _Group, bits: float, bridge: float) -> bool:
    if a.number and b.number and a.number != b.number:
        return True
    if a.rank and b.rank and a.rank != b.rank:
        return True
    if bits < bridge and len(a.members) > 1 and len(b.members) > 1:
        return True
    return not a.foes.isdisjoint(b.members)


def _join(groups: list[_Group], of: list[int], a: int, b: int) -> None:
    kept, gone = groups[a], groups[b]
    kept.members += gone.members
    kept.number, kept.rank = kept.number or gone.number, kept.rank or gone.rank
    kept.foes |= gone.foes
    for member in gone.members:
        of[member] = a
