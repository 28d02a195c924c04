"""How well pairs and clusters of records agree with the truth, in counts from which every rate can be told again.

A pair of records belongs to every stratum that one of its two records has, so a false link between an adult and a child
shows in both strata; a record belongs to its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from doorstep.linkage.clustering import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate as its two counts (or, for B-cubed, sums of shares)."""

    numerator: float
    denominator: float

    @property
    def value(self) -> float | None:
        """The quotient; None where there was nothing to count."""
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and their harmonic mean."""

    precision: Rate
    recall: Rate
    f1: Rate


@dataclass(frozen=True, slots=True)
class PairScore(Score):
    """Of scored pairs: `recall` of all true pairs is the product of `blocking` and `scoring`.

    `blocking` is the share of all true pairs that were scored at all, `scoring` the share of these that were found.
    """

    blocking: Rate
    scoring: Rate


def pairwise(
    left: IntArray,
    right: IntArray,
    weight: FloatArray,
    truth: IntArray,
    *,
    threshold: float,
    true_pairs: int | None = None,
) -> PairScore:
    """Score pairs found (weight in bits >= threshold) against `truth`, one label for each record.

    `true_pairs` is the number of all true pairs, scored or not; by default it is counted from `truth`. ValueError if a
    pair is given twice or links a record to itself.
    """
    score = pairwise_by_stratum(left, right, weight, truth, np.zeros_like(truth), threshold=threshold).get(0)
    if score is None:
        score = _pair_score(0, 0, 0, 0)
    if true_pairs is None:
        return score
    found, hits, candidates = score.precision.denominator, score.precision.numerator, score.scoring.denominator
    return _pair_score(int(found), int(hits), int(candidates), true_pairs)


def pairwise_by_stratum(
    left: IntArray, right: IntArray, weight: FloatArray, truth: IntArray, strata: IntArray, *, threshold: float
) -> dict[int, PairScore]:
    """Score pairs as `pairwise` does, by the code of each record in `strata`; all true pairs are counted from truth."""
    _check_pairs(left, right, len(truth))
    names, stratum = np.unique(strata, return_inverse=True)
    one, two = stratum[left], stratum[right]
    found, true = weight >= threshold, truth[left] == truth[right]
    columns = (
        _pairs_of(one, two, found, len(names)),
        _pairs_of(one, two, found & true, len(names)),
        _pairs_of(one, two, true, len(names)),
        _pairs_within(_codes(truth), stratum, len(names)),
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {name: _pair_score(*row) for name, row in zip(names.tolist(), rows, strict=True)}


def cluster_pairs(labels: IntArray, truth: IntArray) -> Score:
    """Score the pairs that a clustering implies (all two records of one label) against those of `truth`."""
    return cluster_pairs_by_stratum(labels, truth, np.zeros_like(truth)).get(0, _EMPTY)


def cluster_pairs_by_stratum(labels: IntArray, truth: IntArray, strata: IntArray) -> dict[int, Score]:
    """Score the pairs that a clustering implies as `cluster_pairs` does, by the code of each record in `strata`."""
    names, stratum = np.unique(strata, return_inverse=True)
    found, true, both = _groups(labels, truth)
    columns = (_pairs_within(groups, stratum, len(names)).tolist() for groups in (both, found, true))
    return {name: _score(*row) for name, *row in zip(names.tolist(), *columns, strict=True)}


def b_cubed(labels: IntArray, truth: IntArray) -> Score:
    """Score a clustering by each record's own cluster, averaged over records (B-cubed; Bagga & Baldwin 1998).

    A record's precision is the share of its cluster that is truly with it, its recall the share of its true group that
    its cluster holds; singles count.
    """
    return b_cubed_by_stratum(labels, truth, np.zeros_like(truth)).get(0, _EMPTY)


def b_cubed_by_stratum(labels: IntArray, truth: IntArray, strata: IntArray) -> dict[int, Score]:
    """Score as `b_cubed` does, averaged over the records of each code in `strata`; clusters are taken whole."""
    names, stratum = np.unique(strata, return_inverse=True)
    found, true, both = (np.bincount(groups)[groups] for groups in _groups(labels, truth))
    records = np.bincount(stratum, minlength=len(names))
    precision = np.bincount(stratum, weights=both / found, minlength=len(names))
    recall = np.bincount(stratum, weights=both / true, minlength=len(names))
    columns = (column.tolist() for column in (precision, recall, records))
    return {name: _mean_score(*row) for name, *row in zip(names.tolist(), *columns, strict=True)}


def _score(hits: int, found: int, true: int) -> Score:
    return Score(Rate(hits, found), Rate(hits, true), Rate(2 * hits, found + true))


def _pair_score(found: int, hits: int, candidates: int, true: int) -> PairScore:
    score = _score(hits, found, true)
    return PairScore(score.precision, score.recall, score.f1, Rate(candidates, true), Rate(hits, candidates))


def _mean_score(precision: float, recall: float, records: int) -> Score:
    f1 = Rate(2 * precision * recall / records, precision + recall)
    return Score(Rate(precision, records), Rate(recall, records), f1)


_EMPTY = _score(0, 0, 0)


def _codes(groups: IntArray) -> IntArray:
    return np.unique(groups, return_inverse=True)[1]


def _groups(labels: IntArray, truth: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return codes from 0 of each record's cluster, true group, and what it shares of both."""
    if len(labels) != len(truth):
        raise ValueError(f"{len(labels)} labels for {len(truth)} records")
    found, true = _codes(labels), _codes(truth)
    return found, true, _codes(found * (int(true.max(initial=0)) + 1) + true)


def _check_pairs(left: IntArray, right: IntArray, count: int) -> None:
    low, high = np.minimum(left, right).astype(np.int64), np.maximum(left, right)
    if np.any(low == high):
        raise ValueError("a pair links a record to itself")
    keys = np.sort(low * count + high)  # np.unique takes ten times as long
    if np.any(keys[1:] == keys[:-1]):
        raise ValueError("a pair is given twice")


def _pairs_of(one: IntArray, two: IntArray, chosen: BoolArray, strata: int) -> IntArray:
    """Count the chosen pairs in each stratum, those of two strata in both."""
    other = chosen & (one != two)
    return np.bincount(one[chosen], minlength=strata) + np.bincount(two[other], minlength=strata)


def _pairs_within(groups: IntArray, stratum: IntArray, strata: int) -> IntArray:
    """Count the pairs within groups in each stratum: all pairs of a group, less those without a record of it."""
    size = np.bincount(groups)
    cells, inside = np.unique(groups * strata + stratum, return_counts=True)
    whole = size[cells // strata]
    outside = whole - inside
    pairs = (whole * (whole - 1) - outside * (outside - 1)) // 2
    total = np.zeros(strata, dtype=np.int64)
    np.add.at(total, cells % strata, pairs)
    return total
