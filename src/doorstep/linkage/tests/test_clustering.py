from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from doorstep.linkage.clustering import FloatArray, IntArray, Link, Refusal, cluster, explain, extend

THRESHOLD, BRIDGE = 2.0, 4.0


@dataclass(frozen=True)
class Case:
    """Few records, few weights, few ids: ties, doubled pairs, self-links and contradictions are frequent."""

    edges: list[tuple[int, int, float]]
    trusted: list[int]
    ranks: list[int]
    order: list[int]
    bridge: float = BRIDGE

    @property
    def count(self) -> int:
        return len(self.trusted)

    def arrays(self) -> tuple[IntArray, IntArray, FloatArray]:
        return ints([e[0] for e in self.edges]), ints([e[1] for e in self.edges]), floats([e[2] for e in self.edges])

    def facts(self) -> dict[str, IntArray]:
        return {"trusted": ints(self.trusted), "ranks": ints(self.ranks), "order": ints(self.order)}

    def limits(self) -> dict[str, float]:
        return {"threshold": THRESHOLD, "bridge": self.bridge}

    def labels(self) -> list[int]:
        return cluster(self.count, *self.arrays(), **self.facts(), **self.limits()).tolist()


def ints(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int64)


def floats(values: list[float]) -> FloatArray:
    return np.array(values, dtype=np.float64)


@st.composite
def cases(draw: st.DrawFn, *, constrained: bool = True) -> Case:
    count = draw(st.integers(1, 12))
    record = st.integers(0, count - 1)
    weight = st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    edges = draw(st.lists(st.tuples(record, record, weight), min_size=count, max_size=3 * count))

    def facts(known: st.SearchStrategy[int], absent: int) -> list[int]:
        values = st.one_of(st.just(absent), known) if constrained else st.just(absent)
        return draw(st.lists(values, min_size=count, max_size=count))

    order = draw(st.permutations(range(count)))
    bridge = draw(st.sampled_from([2.0, 4.0, 6.0])) if constrained else THRESHOLD
    return Case(edges, facts(st.integers(0, 2), -1), facts(st.integers(1, 2), 0), list(order), bridge)


def groups(labels: list[int]) -> set[frozenset[int]]:
    return {frozenset(i for i, label in enumerate(labels) if label == one) for one in set(labels)}


def slow(case: Case) -> list[int]:
    """The rules as they are told, over sets."""
    of = {i: {i} for i in range(case.count)}
    ends = [(-w, *sorted((case.order[a], case.order[b])), a, b) for a, b, w in case.edges if w >= THRESHOLD]
    for minus, _, _, a, b in sorted(ends):
        one, two = of[a], of[b]
        both = one | two
        ids = {case.trusted[i] for i in both} - {-1}
        ranks = {case.ranks[i] for i in both} - {0}
        weak = -minus < case.bridge and len(one) > 1 and len(two) > 1
        if one is not two and len(ids) < 2 and len(ranks) < 2 and not weak:
            of |= dict.fromkeys(both, both)
    return [min(of[i]) for i in range(case.count)]


@settings(max_examples=500)
@given(cases())
def test_cluster_is_what_the_rules_say(case: Case) -> None:
    assert case.labels() == slow(case)


@given(cases(), st.data())
def test_neither_order_nor_direction_of_edges_matters(case: Case, data: st.DataObject) -> None:
    edges = data.draw(st.permutations(case.edges))
    turned = [(b, a, w) if data.draw(st.booleans()) else (a, b, w) for a, b, w in edges]
    assert Case(turned, case.trusted, case.ranks, case.order, case.bridge).labels() == case.labels()


@given(cases(), st.data())
def test_arrival_of_records_does_not_matter_when_their_order_stays_with_them(case: Case, data: st.DataObject) -> None:
    new = data.draw(st.permutations(range(case.count)))
    old = [new.index(i) for i in range(case.count)]
    moved = Case(
        [(new[a], new[b], w) for a, b, w in case.edges],
        *([facts[i] for i in old] for facts in (case.trusted, case.ranks, case.order)),
        case.bridge,
    )
    assert groups(moved.labels()) == {frozenset(new[i] for i in group) for group in groups(case.labels())}


@given(cases(), st.data())
def test_arrival_does_not_matter_at_all_without_equal_weights(case: Case, data: st.DataObject) -> None:
    edges = [(a, b, w + i / 100) for i, (a, b, w) in enumerate(case.edges)]
    one = Case(edges, case.trusted, case.ranks, case.order, case.bridge)
    other = Case(edges, case.trusted, case.ranks, data.draw(st.permutations(case.order)), case.bridge)
    assert one.labels() == other.labels()


@given(cases())
def test_no_cluster_holds_two_trusted_ids_or_two_ranks(case: Case) -> None:
    for group in groups(case.labels()):
        assert len({case.trusted[i] for i in group} - {-1}) < 2
        assert len({case.ranks[i] for i in group} - {0}) < 2


@given(cases(constrained=False))
def test_without_constraints_clusters_are_connected_components(case: Case) -> None:
    left, right, weight = case.arrays()
    kept = weight >= THRESHOLD
    graph = coo_array((np.ones(kept.sum()), (left[kept], right[kept])), shape=(case.count, case.count))
    assert groups(case.labels()) == groups(connected_components(graph, directed=False)[1].tolist())


@given(cases())
def test_labels_are_the_smallest_member(case: Case) -> None:
    labels = case.labels()
    assert all(labels[i] == min(group) for group in groups(labels) for i in group)


@given(cases(), st.data())
def test_extending_is_clustering_all(case: Case, data: st.DataObject) -> None:
    before = data.draw(st.integers(0, case.count))
    inside = [e for e in case.edges if e[0] < before and e[1] < before]
    known = data.draw(st.lists(st.sampled_from(inside), unique=True)) if inside else []
    facts = [f[:before] for f in (case.trusted, case.ranks, case.order)]
    labels = ints(Case(known, *facts, case.bridge).labels())
    changed = ints([end for e in case.edges if e not in known for end in e[:2] if end < before])
    got = extend(labels, *case.arrays(), changed=changed, **case.facts(), **case.limits())
    assert got.tolist() == case.labels()


@given(cases(), st.data())
def test_extending_follows_gone_edges_and_changed_facts(case: Case, data: st.DataObject) -> None:
    labels = ints(case.labels())
    gone = data.draw(st.lists(st.sampled_from(case.edges), unique=True)) if case.edges else []
    record = data.draw(st.integers(0, case.count - 1))
    trusted = [data.draw(st.integers(-1, 2)) if i == record else id_ for i, id_ in enumerate(case.trusted)]
    after = Case([e for e in case.edges if e not in gone], trusted, case.ranks, case.order, case.bridge)
    changed = ints([record, *(end for e in gone for end in e[:2])])
    got = extend(labels, *after.arrays(), changed=changed, **after.facts(), **after.limits())
    assert got.tolist() == after.labels()


@given(cases())
def test_explanations_agree_with_the_clusters(case: Case) -> None:
    labels = case.labels()
    for a, b in product(range(case.count), repeat=2):
        why = explain(a, b, *case.arrays(), **case.facts(), **case.limits())
        assert why.joined == (labels[a] == labels[b])
        ends = [a, *(link.right for link in why.path)]
        assert not why.path or (ends[-1] == b and [link.left for link in why.path] == ends[:-1])
        crossing = [link for link in why.path if labels[link.left] != labels[link.right]]
        assert [refusal.link for refusal in why.refusals] == crossing
        if why.joined:
            assert {labels[i] for i in ends} == {labels[a]}


def test_weaker_evidence_yields_to_the_trusted_ids_it_contradicts() -> None:
    case = Case([(0, 1, 9.0), (1, 2, 8.0)], [7, -1, 8], [0, 0, 0], [0, 1, 2])
    assert case.labels() == [0, 0, 2]
    why = explain(0, 2, *case.arrays(), **case.facts(), **case.limits())
    link = Link(1, 2, 8.0)
    assert (why.joined, why.path) == (False, (Link(0, 1, 9.0), link))
    assert why.refusals == (Refusal(link, "trusted", (7, 8)),)


def test_twins_stay_apart_by_their_rank() -> None:
    case = Case([(0, 1, 30.0)], [-1, -1], [1, 2], [0, 1])
    assert case.labels() == [0, 1]
    why = explain(1, 0, *case.arrays(), **case.facts(), **case.limits())
    assert why.refusals == (Refusal(Link(1, 0, 30.0), "rank", (2, 1)),)


def test_a_weak_bridge_is_cut_but_a_single_record_may_join() -> None:
    edges = [(0, 1, 9.0), (2, 3, 9.0), (1, 2, 3.0), (3, 4, 3.0), (4, 5, 1.0)]
    case = Case(edges, [-1] * 6, [0] * 6, list(range(6)))
    assert case.labels() == [0, 0, 2, 2, 2, 5]
    why = explain(0, 5, *case.arrays(), **case.facts(), **case.limits())
    assert [(r.constraint, r.held) for r in why.refusals] == [("bridge", (2, 2)), ("threshold", (3, 1))]


def test_a_pair_as_strong_as_the_bridge_is_none() -> None:
    edges = [(0, 1, 9.0), (2, 3, 9.0), (1, 2, BRIDGE), (3, 4, BRIDGE)]
    assert Case(edges, [7, -1, -1, -1, 8], [0] * 5, list(range(5))).labels() == [0, 0, 0, 0, 4]


@pytest.mark.parametrize(("order", "labels"), [([0, 1, 2], [0, 0, 2]), ([2, 1, 0], [0, 1, 1]), ([1, 2, 0], [0, 1, 1])])
def test_equal_weights_go_by_the_order_of_records(order: list[int], labels: list[int]) -> None:
    assert Case([(0, 1, 9.0), (1, 2, 9.0)], [7, -1, 8], [0] * 3, order).labels() == labels


def test_the_path_within_a_cluster_does_not_leave_it() -> None:
    """Records 0 and 2 are one by a link of 5, though a stranger, of another id and rank, links them by 8 and 7."""
    edges = [(0, 3, 9.0), (0, 1, 8.0), (1, 2, 7.0), (0, 2, 5.0), (2, 3, 5.0)]
    case = Case(edges, [7, 8, -1, -1], [0, 1, 2, 0], [0, 1, 2, 3])
    assert case.labels() == [0, 1, 0, 0]
    why = explain(0, 2, *case.arrays(), **case.facts(), **case.limits())
    assert (why.joined, why.path, why.refusals) == (True, (Link(0, 2, 5.0),), ())


def test_what_no_pair_links_has_no_path() -> None:
    case = Case([(0, 1, float("nan"))], [-1, -1], [0, 0], [0, 1])
    assert case.labels() == [0, 1]
    why = explain(0, 1, *case.arrays(), **case.facts(), **case.limits())
    assert (why.joined, why.path, why.refusals) == (False, (), ())


def test_no_records_no_labels() -> None:
    assert Case([], [], [], []).labels() == []
    none = Case([], [], [], [])
    assert not len(extend(ints([]), *none.arrays(), changed=ints([]), **none.facts(), **none.limits()))


@pytest.mark.parametrize(
    ("count", "left", "right", "weight", "ranks"),
    [
        (3, [0], [1], [5.0], [0, 0]),
        (2, [0], [2], [5.0], [0, 0]),
        (2, [-1], [1], [5.0], [0, 0]),
        (2, [0, 1], [1], [5.0], [0, 0]),
        (2, [0], [1], [5.0], [0]),
    ],
)
def test_what_does_not_fit_is_refused(
    count: int, left: list[int], right: list[int], weight: list[float], ranks: list[int]
) -> None:
    with pytest.raises(ValueError, match=r"unequal|outside|codes for"):
        cluster(
            count,
            ints(left),
            ints(right),
            floats(weight),
            trusted=ints([-1, -1]),
            ranks=ints(ranks),
            threshold=THRESHOLD,
            bridge=BRIDGE,
        )


def test_fewer_records_than_before_are_refused() -> None:
    one = Case([], [-1], [0], [0])
    with pytest.raises(ValueError, match="clustered before"):
        extend(ints([0, 1]), *one.arrays(), changed=ints([]), **one.facts(), **one.limits())


@pytest.mark.parametrize("ids", [0, 1, 2, 100_000])
@pytest.mark.parametrize("shape", ["star", "chain"])
def test_a_hundred_thousand_records_of_one_component(shape: str, ids: int) -> None:
    count = 100_000
    right = np.arange(1, count)
    left = np.zeros_like(right) if shape == "star" else right - 1
    trusted = np.arange(count) % ids if ids else np.full(count, -1)
    start = time.process_time()
    labels = cluster(count, left, right, np.full(count - 1, 9.0), trusted=trusted, threshold=THRESHOLD, bridge=BRIDGE)
    assert time.process_time() - start < 5
    held = len(np.unique(labels))
    assert held == 1 if ids < 2 else held >= ids


def test_a_long_chain_is_explained() -> None:
    count = 20_000
    right = np.arange(1, count)
    weight = np.full(count - 1, 9.0)
    trusted = np.full(count, -1)
    why = explain(0, count - 1, right - 1, right, weight, trusted=trusted, threshold=THRESHOLD, bridge=BRIDGE)
    assert why.joined
    assert len(why.path) == count - 1
