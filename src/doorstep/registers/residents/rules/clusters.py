"""Which records of a whole register are one person's, and which residents that changes. Pure.

As ``linkage.clustering`` and ``linkage.deciding`` group them; the second, which knows what people held apart, is asked
only about records of which some were.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import coo_array  # type: ignore[import-untyped] # scipy carries no types
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped] # likewise

from doorstep.linkage.clustering import FloatArray, IntArray, cluster
from doorstep.linkage.deciding import Fixed, Pair, group

_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Case:
    """All records by their number, which is their order: trusted ID (a code, or -1), rank as a twin, and resident (a
    code); the pairs that join them, and the pairs that must stay apart."""

    trusted: IntArray
    ranks: IntArray
    homes: IntArray
    left: IntArray
    right: IntArray
    bits: FloatArray
    apart: list[tuple[int, int]]
    link: float
    bridge: float


def labels(case: Case) -> IntArray:
    """A label (the smallest number of its group) for each record."""
    found = cluster(
        len(case.trusted), case.left, case.right, case.bits, trusted=case.trusted, ranks=case.ranks,
        threshold=case.link, bridge=case.bridge,
    )  # fmt: skip
    if not case.apart:
        return found
    strong = case.bits >= case.link
    left, right, bits = case.left[strong], case.right[strong], case.bits[strong]
    part = components(len(case.trusted), left, right)
    foes: dict[int, list[tuple[int, int]]] = {}
    for a, b in case.apart:
        if part[a] == part[b]:
            foes.setdefault(int(part[a]), []).append((a, b))
    order = np.argsort(part[left], kind="stable")
    by = part[left][order]
    for members in split(part, set(foes)):
        number = part[members[0]]
        edges = order[np.searchsorted(by, number) : np.searchsorted(by, number, "right")]
        pairs = zip(left[edges].tolist(), right[edges].tolist(), bits[edges].tolist(), strict=True)
        _regroup(case, members, list(pairs), foes[int(number)], found)
    return found


def _regroup(
    case: Case, members: IntArray, pairs: list[tuple[int, int, float]], foes: list[tuple[int, int]], found: IntArray
) -> None:
    place = {number: at for at, number in enumerate(members.tolist())}
    fixed = [
        Fixed(str(case.trusted[n]) if case.trusted[n] >= 0 else "", int(case.ranks[n]), f"{n:0{_DIGITS}}")
        for n in members.tolist()
    ]
    joined = [Pair(min(place[a], place[b]), max(place[a], place[b]), bits) for a, b, bits in pairs]
    apart = {(place[a], place[b]) for a, b in foes}
    for some in group(fixed, joined, apart, threshold=case.link, bridge=case.bridge):
        found[members[some]] = members[some[0]]


def changed(found: IntArray, homes: IntArray) -> Iterator[list[list[int]]]:
    """The groups of records that are not just one resident's, with all that hang together by a resident: each time the
    groups of some residents, whose records are in no other group."""
    _, one = np.unique(found, return_inverse=True)
    _, two = np.unique(homes, return_inverse=True)
    count = int(one.max(initial=-1)) + 1
    part = components(count + int(two.max(initial=-1)) + 1, one, two + count)[one]
    by = np.unique(np.stack((part, found, homes), axis=1), axis=0) if len(found) else np.zeros((0, 3), dtype=np.int64)
    ties = np.bincount(by[:, 0], minlength=1)
    for members in split(part, set(np.flatnonzero(ties > 1).tolist())):
        groups: dict[int, list[int]] = {}
        for number in members.tolist():
            groups.setdefault(int(found[number]), []).append(number)
        yield list(groups.values())


def components(count: int, left: IntArray, right: IntArray) -> IntArray:
    """The code of each record's connected component."""
    if not count:
        return np.zeros(0, dtype=np.int64)
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    part: IntArray = connected_components(graph.tocsr(), directed=False)[1].astype(np.int64)
    return part


def split(part: IntArray, wanted: set[int]) -> Iterator[IntArray]:
    """The records of each of the wanted components, ascending."""
    if not wanted:
        return
    chosen = np.flatnonzero(np.isin(part, np.fromiter(wanted, dtype=np.int64)))
    ordered = chosen[np.argsort(part[chosen], kind="stable")]
    yield from np.split(ordered, np.flatnonzero(np.diff(part[ordered])) + 1)
