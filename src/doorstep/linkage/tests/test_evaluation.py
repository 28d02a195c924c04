from __future__ import annotations

import time
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.linkage.clustering import FloatArray, IntArray
from doorstep.linkage.evaluation import (
    PairScore,
    Rate,
    Score,
    b_cubed,
    b_cubed_by_stratum,
    cluster_pairs,
    cluster_pairs_by_stratum,
    pairwise,
    pairwise_by_stratum,
)

THRESHOLD = 3.0
Pair = tuple[int, int]


def ints(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int64)


def columns(scored: dict[Pair, float]) -> tuple[IntArray, IntArray, FloatArray]:
    weight = np.array(list(scored.values()), dtype=np.float64)
    return ints([a for a, _ in scored]), ints([b for _, b in scored]), weight


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[int], list[int], list[int], dict[Pair, float]]:
    """Labels, truth, strata, and some pairs with their weights."""
    count = draw(st.integers(0, 12))
    one = st.lists(st.integers(-2, 4), min_size=count, max_size=count)
    pairs = list(combinations(range(count), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    turned = [pair[::-1] if draw(st.booleans()) else pair for pair in chosen]
    return draw(one), draw(one), draw(one), {pair: draw(st.sampled_from([1.0, 3.0, 5.0])) for pair in turned}


def pairs_of(codes: list[int]) -> set[Pair]:
    return {(a, b) for a, b in combinations(range(len(codes)), 2) if codes[a] == codes[b]}


def touching(pairs: set[Pair], strata: list[int], stratum: int) -> set[Pair]:
    return {(a, b) for a, b in pairs if stratum in (strata[a], strata[b])}


def score_of(found: set[Pair], true: set[Pair]) -> Score:
    hits = len(found & true)
    return Score(Rate(hits, len(found)), Rate(hits, len(true)), Rate(2 * hits, len(found) + len(true)))


def pair_score_of(found: set[Pair], scored: set[Pair], true: set[Pair]) -> PairScore:
    plain = score_of(found, true)
    blocking, scoring = Rate(len(scored & true), len(true)), Rate(len(found & true), len(scored & true))
    return PairScore(plain.precision, plain.recall, plain.f1, blocking, scoring)


World = tuple[list[int], list[int], list[int], dict[Pair, float]]


@given(worlds())
def test_pairs_are_scored_as_by_hand(world: World) -> None:
    _, truth, strata, weights = world
    scored, found = ({(min(p), max(p)) for p, w in weights.items() if w >= least} for least in (0, THRESHOLD))
    true = pairs_of(truth)
    assert pairwise(*columns(weights), ints(truth), threshold=THRESHOLD) == pair_score_of(found, scored, true)
    got = pairwise_by_stratum(*columns(weights), ints(truth), ints(strata), threshold=THRESHOLD)
    assert got == {s: pair_score_of(*(touching(p, strata, s) for p in (found, scored, true))) for s in set(strata)}


@given(worlds())
def test_implied_pairs_are_scored_as_by_hand(world: World) -> None:
    labels, truth, strata, _ = world
    found, true = pairs_of(labels), pairs_of(truth)
    assert cluster_pairs(ints(labels), ints(truth)) == score_of(found, true)
    got = cluster_pairs_by_stratum(ints(labels), ints(truth), ints(strata))
    assert got == {s: score_of(touching(found, strata, s), touching(true, strata, s)) for s in set(strata)}


def b_cubed_of(labels: list[int], truth: list[int], records: list[int]) -> tuple[Fraction, Fraction]:
    precision = recall = Fraction(0)
    for i in records:
        mine = {j for j in range(len(labels)) if labels[j] == labels[i]}
        real = {j for j in range(len(truth)) if truth[j] == truth[i]}
        precision += Fraction(len(mine & real), len(mine))
        recall += Fraction(len(mine & real), len(real))
    return precision / len(records), recall / len(records)


def assert_b_cubed(score: Score, precision: Fraction, recall: Fraction) -> None:
    assert score.precision.value == pytest.approx(float(precision))
    assert score.recall.value == pytest.approx(float(recall))
    assert score.f1.value == pytest.approx(float(2 * precision * recall / (precision + recall)))


@given(worlds())
def test_b_cubed_is_as_by_hand(world: World) -> None:
    labels, truth, strata, _ = world
    everyone = list(range(len(labels)))
    if everyone:
        assert_b_cubed(b_cubed(ints(labels), ints(truth)), *b_cubed_of(labels, truth, everyone))
    got = b_cubed_by_stratum(ints(labels), ints(truth), ints(strata))
    assert got.keys() == set(strata)
    for stratum, score in got.items():
        assert_b_cubed(score, *b_cubed_of(labels, truth, [i for i in everyone if strata[i] == stratum]))


@given(worlds())
def test_the_truth_scores_one(world: World) -> None:
    _, truth, _, _ = world
    for score in (b_cubed(ints(truth), ints(truth)), cluster_pairs(ints(truth), ints(truth))):
        assert {score.precision.value, score.recall.value, score.f1.value} <= {1.0, None}


def test_the_example_of_bagga_and_baldwin() -> None:
    """Twelve mentions of three chains (5, 2, 5), where the response puts the last two chains together."""
    truth = ints([1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3])
    one = b_cubed(ints([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2]), truth)
    two = b_cubed(ints([1, 1, 1, 1, 1, 2, 2, 1, 1, 1, 1, 1]), truth)
    assert one.precision.value == pytest.approx(0.762, abs=1e-3)
    assert two.precision.value == pytest.approx(0.583, abs=1e-3)
    assert one.recall.value == two.recall.value == 1.0


def test_recall_lost_to_blocking_is_told_from_recall_lost_to_scoring() -> None:
    left, right, weight = columns({(0, 1): 9.0, (0, 2): 1.0, (2, 3): 9.0})
    score = pairwise(left, right, weight, ints([7, 7, 7, 8]), threshold=THRESHOLD)
    assert (score.blocking, score.scoring, score.recall) == (Rate(2, 3), Rate(1, 2), Rate(1, 3))
    assert score.precision == Rate(1, 2)
    more = pairwise(left, right, weight, ints([7, 7, 7, 8]), threshold=THRESHOLD, true_pairs=10)
    assert (more.blocking, more.scoring, more.recall, more.f1) == (Rate(2, 10), Rate(1, 2), Rate(1, 10), Rate(2, 12))


def test_nothing_to_count_has_no_value() -> None:
    none = ints([])
    score = pairwise(none, none, np.zeros(0), none, threshold=THRESHOLD)
    rates = (score.precision, score.recall, score.f1, score.blocking, score.scoring)
    assert {rate.value for rate in rates} == {None}
    assert b_cubed(none, none).f1.value is None
    assert cluster_pairs(none, none).f1.value is None
    assert b_cubed_by_stratum(none, none, none) == {}


@pytest.mark.parametrize(("left", "right"), [([0, 1], [1, 0]), ([1], [1])])
def test_doubled_pairs_and_self_links_are_refused(left: list[int], right: list[int]) -> None:
    with pytest.raises(ValueError, match="a pair"):
        pairwise(ints(left), ints(right), np.ones(len(left)), ints([0, 0]), threshold=THRESHOLD)


def test_labels_for_other_records_are_refused() -> None:
    with pytest.raises(ValueError, match="labels for"):
        cluster_pairs(ints([0]), ints([0, 0]))


def test_a_group_of_a_million_counts_exactly_and_quickly() -> None:
    count = 1_000_000
    truth, labels = np.zeros(count, dtype=np.int64), np.arange(count) // 2
    start = time.process_time()
    pairs, records = cluster_pairs(labels, truth), b_cubed(labels, truth)
    assert time.process_time() - start < 10
    assert pairs.recall == Rate(count // 2, count * (count - 1) // 2)
    assert pairs.precision.value == records.precision.value == 1.0
    assert records.recall.value == pytest.approx(2 / count)
