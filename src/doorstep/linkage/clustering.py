"""Clusters of records from scored pairs: merged by falling weight, under facts that forbid a join.

Plain connected components let one false pair chain two persons together, whatever is known against it. Here pairs are
merged as Kruskal (1956) merges edges, strongest first, and a merge is refused where it contradicts a fact (a
cannot-link constraint as of Wagstaff et al. 2001) or rests on a weak bridge. A refusal is final: clusters only grow, so
what forbade the merge stays. The outcome therefore depends on the pairs and one order of the records, on nothing else.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array  # type: ignore[import-untyped] # scipy carries no types
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped] # likewise

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
Constraint: TypeAlias = Literal["threshold", "trusted", "rank", "bridge"]

_AT_ONCE = 1 << 18
"""Edges turned into Python's numbers at a time: all four million at once would take half a gigabyte."""


@dataclass(frozen=True, slots=True)
class Link:
    """A scored pair: two records' indices and its weight in bits."""

    left: int
    right: int
    weight: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """A link that was not merged, the rule that forbade it, and what stood against what on its left and right.

    `held` is the two trusted ids, the two ranks, or (for "bridge" and "threshold") the two groups' sizes at that time.
    """

    link: Link
    constraint: Constraint
    held: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why two records are or are not in one cluster: the path of the strongest links between them, first to second.

    The weakest link of `path` is as strong as that of any path can be (within the cluster, if joined). `refusals` are
    the links of the path that were not merged: none if joined; no path at all if no chain of pairs links the two.
    """

    joined: bool
    path: tuple[Link, ...]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """What there is to cluster: edges as three arrays of one length, facts as three arrays of one number a record."""

    left: IntArray
    right: IntArray
    weight: FloatArray
    trusted: IntArray
    ranks: IntArray
    order: IntArray
    threshold: float
    bridge: float

    @property
    def count(self) -> int:
        return len(self.trusted)

    def edges(self, chosen: BoolArray) -> _Case:
        return replace(self, left=self.left[chosen], right=self.right[chosen], weight=self.weight[chosen])

    def only(self, members: IntArray) -> _Case:
        """Narrow to records (of whole components) and their edges; a record is then its place in `members`."""
        place = np.full(self.count, -1, dtype=np.int64)
        place[members] = np.arange(len(members))
        case = self.edges(place[self.left] >= 0)
        facts = {name: getattr(self, name)[members] for name in ("trusted", "ranks", "order")}
        return replace(case, left=place[case.left], right=place[case.right], **facts)

    def falling(self, part: IntArray) -> Iterator[tuple[int, int, float]]:
        """Yield the edges, component by component, strongest first, equal weights by their earlier and later record."""
        place = np.empty(self.count, dtype=np.int64)
        place[np.argsort(self.order, kind="stable")] = np.arange(self.count)
        one, two = place[self.left], place[self.right]
        ties = np.minimum(one, two) * self.count + np.maximum(one, two)
        ranked = np.lexsort((ties, -self.weight, part[self.left]))
        for start in range(0, len(ranked), _AT_ONCE):
            some = ranked[start : start + _AT_ONCE]
            yield from zip(self.left[some].tolist(), self.right[some].tolist(), self.weight[some].tolist(), strict=True)


class _Forest:
    """Union-find in which a root knows its cluster's size, its trusted id (or -1) and its rank (or 0).

    It begins with each record under its `head`, another record or itself.
    """

    def __init__(self, case: _Case, head: IntArray) -> None:
        trusted, ranks = case.trusted.copy(), case.ranks.copy()
        np.maximum.at(trusted, head, case.trusted)
        np.maximum.at(ranks, head, case.ranks)
        self.parent: list[int] = head.tolist()
        self.size: list[int] = np.bincount(head, minlength=case.count).tolist()
        self.trusted: list[int] = trusted.tolist()
        self.ranks: list[int] = ranks.tolist()
        self.threshold, self.bridge = case.threshold, case.bridge

    def root(self, record: int) -> int:
        parent = self.parent
        while parent[record] != record:
            parent[record] = record = parent[parent[record]]
        return record

    def obstacle(self, a: int, b: int, weight: float) -> Constraint | None:
        """Say which rule forbids to merge two roots by an edge."""
        if weight < self.threshold:
            return "threshold"
        if self.trusted[a] != self.trusted[b] and self.trusted[a] >= 0 and self.trusted[b] >= 0:
            return "trusted"
        if self.ranks[a] != self.ranks[b] and self.ranks[a] > 0 and self.ranks[b] > 0:
            return "rank"
        if weight < self.bridge and self.size[a] > 1 and self.size[b] > 1:
            return "bridge"
        return None

    def held(self, a: int, b: int, constraint: Constraint) -> tuple[int, int]:
        facts = {"trusted": self.trusted, "rank": self.ranks}.get(constraint, self.size)
        return facts[a], facts[b]

    def merge(self, a: int, b: int) -> None:
        if self.size[a] < self.size[b]:
            a, b = b, a
        self.parent[b] = a
        self.size[a] += self.size[b]
        self.trusted[a] = max(self.trusted[a], self.trusted[b])
        self.ranks[a] = max(self.ranks[a], self.ranks[b])


def cluster(
    count: int,
    left: IntArray,
    right: IntArray,
    weight: FloatArray,
    *,
    trusted: IntArray,
    ranks: IntArray | None = None,
    order: IntArray | None = None,
    threshold: float,
    bridge: float,
) -> IntArray:
    """Return a label (the smallest member's index) for each of `count` records, from pairs scored in bits.

    Pairs below `threshold` (or NaN) do not count. The others are merged strongest first; equal weights by `order`, one
    distinct key a record that stays with it (default: its index). A merge is refused if the cluster would hold two
    `trusted` ids (codes >= 0) or two `ranks` of a twin (> 0), or if both sides have several records when the pair comes
    up and it is weaker than `bridge`: the first pair to come up between two groups is their best, so two groups never
    join by pairs below it, while a single record may. ValueError if lengths or indices do not fit.
    """
    case = _case(left, right, weight, trusted, ranks, order, threshold, bridge)
    if case.count != count:
        raise ValueError(f"trusted has {case.count} codes for {count} records")
    return _labels(case)


def extend(
    labels: IntArray,
    left: IntArray,
    right: IntArray,
    weight: FloatArray,
    *,
    changed: IntArray,
    trusted: IntArray,
    ranks: IntArray | None = None,
    order: IntArray | None = None,
    threshold: float,
    bridge: float,
) -> IntArray:
    """Return what `cluster` would of all records and pairs, old and new, clustering again only what was touched.

    `labels` are those of the records known before, under the same threshold and bridge; more codes in `trusted` are new
    records after them. `changed` holds the records with a new, gone or otherwise weighed pair (both its ends) or with
    another trusted id, rank or order; new records need not be named.
    """
    case = _case(left, right, weight, trusted, ranks, order, threshold, bridge)
    before = len(labels)
    if before > case.count:
        raise ValueError(f"trusted has {case.count} codes for {before} records clustered before")
    kept = case.edges(case.weight >= threshold)
    part = _components(kept)
    touched = np.zeros(case.count, dtype=np.bool_)
    touched[part[changed]] = True
    touched[part[before:]] = True
    members = np.flatnonzero(touched[part])
    result = np.arange(case.count)
    result[:before] = labels
    result[members] = members[_labels(kept.only(members))]
    return result


def explain(
    first: int,
    second: int,
    left: IntArray,
    right: IntArray,
    weight: FloatArray,
    *,
    trusted: IntArray,
    ranks: IntArray | None = None,
    order: IntArray | None = None,
    threshold: float,
    bridge: float,
) -> Explanation:
    """Say why `cluster`, given the same, puts two records together or apart, by replaying the merges around them.

    Cheap if the pairs given are those around the two records: all pairs of their connected component are enough.
    """
    case = _case(left, right, weight, trusted, ranks, order, threshold, bridge)
    case = case.edges(~np.isnan(case.weight))
    part = _components(case)
    if part[first] != part[second]:
        return Explanation(joined=False, path=(), refusals=())
    members = np.flatnonzero(part == part[first])
    start, end = np.searchsorted(members, [first, second]).tolist()
    return _replay(case.only(members), start, end, members.tolist())


def _case(
    left: IntArray,
    right: IntArray,
    weight: FloatArray,
    trusted: IntArray,
    ranks: IntArray | None,
    order: IntArray | None,
    threshold: float,
    bridge: float,
) -> _Case:
    count = len(trusted)
    ranks = np.zeros(count, dtype=np.int64) if ranks is None else ranks
    order = np.arange(count) if order is None else order
    if not len(left) == len(right) == len(weight):
        raise ValueError(f"pairs of unequal length: {len(left)}, {len(right)}, {len(weight)}")
    if not len(ranks) == len(order) == count:
        raise ValueError(f"facts of unequal length: {count}, {len(ranks)}, {len(order)}")
    for ends in (left, right):
        if len(ends) and (ends.min() < 0 or ends.max() >= count):
            raise ValueError(f"a pair names a record outside 0..{count - 1}")
    return _Case(left, right, weight, trusted, ranks, order, threshold, bridge)


def _labels(case: _Case) -> IntArray:
    """Label components that no rule can part at once, and grow the others edge by edge."""
    case = case.edges(case.weight >= case.threshold)
    part, head = _components(case), _settled(case)
    labels = _smallest(part)
    case = case.edges(head[case.left] != head[case.right])
    members = np.flatnonzero(_contested(case, part)[part])
    # Neighbours in memory are three times as fast to merge; within a component the smaller record stays the earlier.
    members = members[np.argsort(part[members], kind="stable")]
    place = np.zeros(case.count, dtype=np.int64)
    place[members] = np.arange(len(members))
    labels[members] = members[_grown(case.only(members), part[members], place[head[members]])]
    return labels


def _components(case: _Case) -> IntArray:
    """Return the code (from 0, not a label) of each record's connected component over all edges of the case."""
    if case.count == 0:
        return np.zeros(0, dtype=np.int64)
    ones = np.ones(len(case.left), dtype=np.int8)
    # An index of 32 bits halves the memory, and csgraph converts to it anyway.
    ends = (case.left.astype(np.int32), case.right.astype(np.int32))
    graph = coo_array((ones, ends), shape=(case.count, case.count)).tocsr()
    part: npt.NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return part.astype(np.int64)


def _smallest(part: IntArray) -> IntArray:
    """Turn each record's group (codes below the number of records) into the smallest index of the group."""
    first = np.full(len(part), len(part), dtype=np.int64)
    np.minimum.at(first, part, np.arange(len(part)))
    return first[part]


def _settled(case: _Case) -> IntArray:
    """Put each record under the first of its core, if the core is sure to be merged whole, else under itself.

    A core is a component of the edges that no bridge is too weak for; they all come up before any other edge, so if a
    core's facts agree, nothing forbids one of its merges.
    """
    core = _components(case.edges(case.weight >= case.bridge))
    return np.where(_contradicting(case, core)[core], np.arange(case.count), _smallest(core))


def _contested(case: _Case, part: IntArray) -> BoolArray:
    """Say for each component whether a rule could forbid one of the merges left in it; it may still come out whole."""
    weak = np.zeros(int(part.max(initial=-1)) + 1, dtype=np.bool_)
    weak[part[case.left[case.weight < case.bridge]]] = True
    return _contradicting(case, part) | (weak & (np.bincount(part) >= 4))


def _contradicting(case: _Case, part: IntArray) -> BoolArray:
    """Say for each group of records whether it has two trusted ids or two ranks."""
    parts = int(part.max(initial=-1)) + 1
    return _mixed(part, parts, case.trusted, case.trusted >= 0) | _mixed(part, parts, case.ranks, case.ranks > 0)


def _mixed(part: IntArray, parts: int, facts: IntArray, known: BoolArray) -> BoolArray:
    limits = np.iinfo(np.int64)
    low = np.full(parts, limits.max, dtype=np.int64)
    high = np.full(parts, limits.min, dtype=np.int64)
    np.minimum.at(low, part[known], facts[known])
    np.maximum.at(high, part[known], facts[known])
    return low < high


def _grown(case: _Case, part: IntArray, head: IntArray) -> IntArray:
    """Merge edge by edge what its head does not settle; return labels."""
    forest = _Forest(case, head)
    for one, two, weight in case.falling(part):
        a, b = forest.root(one), forest.root(two)
        if a != b and forest.obstacle(a, b, weight) is None:
            forest.merge(a, b)
    root, up = head, np.array(forest.parent, dtype=np.int64)
    while not np.array_equal(root, up):
        root, up = up, up[up]
    return _smallest(root)


def _replay(case: _Case, start: int, end: int, names: list[int]) -> Explanation:
    """Merge the edges of one component under the rules and, beside it, freely; each tree holds the strongest paths."""
    alone = np.arange(case.count)
    ruled, free = _Forest(case, alone), _Forest(case, alone)
    merged: defaultdict[int, dict[int, float]] = defaultdict(dict)
    linked: defaultdict[int, dict[int, float]] = defaultdict(dict)
    refused: dict[tuple[int, int], tuple[Constraint, tuple[int, int]]] = {}
    for one, two, weight in case.falling(np.zeros_like(alone)):
        a, b = ruled.root(one), ruled.root(two)
        constraint = ruled.obstacle(a, b, weight) if a != b else None
        if constraint is not None:
            refused.setdefault((one, two), (constraint, ruled.held(a, b, constraint)))
            refused.setdefault((two, one), (constraint, ruled.held(b, a, constraint)))
        elif a != b:
            ruled.merge(a, b)
            merged[one][two] = merged[two][one] = weight
        a, b = free.root(one), free.root(two)
        if a != b:
            free.merge(a, b)
            linked[one][two] = linked[two][one] = weight
    joined = ruled.root(start) == ruled.root(end)
    steps = _walk(merged if joined else linked, start, end)
    links = {(one, two): Link(names[one], names[two], weight) for one, two, weight in steps}
    refusals = tuple(Refusal(link, *refused[step]) for step, link in links.items() if step in refused)
    return Explanation(joined, tuple(links.values()), refusals)


def _walk(tree: defaultdict[int, dict[int, float]], start: int, end: int) -> list[tuple[int, int, float]]:
    """Return the edges of the only path between two records of a tree."""
    # From the end, so that following `onward` from the start reads in the right direction.
    onward = {end: (end, 0.0)}
    queue = deque([end])
    while start not in onward:
        record = queue.popleft()
        for other, weight in tree[record].items():
            if other not in onward:
                onward[other] = (record, weight)
                queue.append(other)
    path = []
    while start != end:
        after, weight = onward[start]
        path.append((start, after, weight))
        start = after
    return path
