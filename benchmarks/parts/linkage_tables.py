"""The tables of the linkage benchmark: pairs, clusters, strata, and what is joined without a person looking."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.parts.linkage_data import Data
from doorstep.linkage.ambiguity import doubtful
from doorstep.linkage.clustering import cluster
from doorstep.linkage.evaluation import (
    b_cubed,
    b_cubed_by_stratum,
    cluster_pairs,
    cluster_pairs_by_stratum,
    pairwise,
    pairwise_by_stratum,
)
from doorstep.linkage.model import LINK, REVIEW

_ROW = "{:<20}{:>8}{:>8}{:>8}{:>9}{:>9}{:>9}{:>8}{:>8}{:>9}{:>8}{:>9}"
_HEAD = ("", "P", "R", "F1", "1 - F1", "blocking", "joined P", "R", "F1", "1 - F1", "B3", "CPU s")


def head() -> None:
    """The names of the columns: scored pairs, then pairs that are in one cluster (joined)."""
    print(_ROW.format(*_HEAD))


def _told(*values: float | None) -> list[str]:
    return [f"{value or 0:.4f}" for value in values]


def line(who: str, data: Data, edges: tuple[Any, Any, Any], labels: Any, threshold: float, spent: float) -> None:
    """One line of the table."""
    pairs, joined, b3 = (
        pairwise(*edges, data.truth, threshold=threshold),
        *(score(labels, data.truth) for score in (cluster_pairs, b_cubed)),
    )
    print(
        _ROW.format(
            f"{who}, at {threshold:g} bits",
            *_told(pairs.precision.value, pairs.recall.value, pairs.f1.value, 1 - (pairs.f1.value or 0)),
            *_told(pairs.blocking.value, joined.precision.value, joined.recall.value, joined.f1.value),
            *_told(1 - (joined.f1.value or 0), b3.f1.value), f"{spent:.1f}",
        ),
        flush=True,
    )  # fmt: skip


def strata(data: Data, edges: tuple[Any, Any, Any], labels: Any, threshold: float) -> None:
    """The same for each kind of record, beside the whole; what keys lose is told from what scoring loses."""
    kinds = dict(enumerate(data.names))
    sets = [(data.strata, kinds), (_without_id(data), {0: "with an ID", 1: "no ID"})]
    for codes, names in sets:
        pairs = pairwise_by_stratum(*edges, data.truth, codes, threshold=threshold)
        joined = cluster_pairs_by_stratum(labels, data.truth, codes)
        b3 = b_cubed_by_stratum(labels, data.truth, codes)
        if len(pairs) < 2:
            continue
        for code, scores in pairs.items():
            print(
                f"  {names[code]:<12} lost to keys {1 - (scores.blocking.value or 0):.4f}, to scoring"
                f" {1 - (scores.scoring.value or 0):.4f}; joined F1 {joined[code].f1.value or 0:.4f}; B3 P"
                f" {b3[code].precision.value or 0:.4f} R {b3[code].recall.value or 0:.4f}"
                f" F1 {b3[code].f1.value or 0:.4f}"
            )


def _without_id(data: Data) -> Any:
    return (data.trusted < 0).astype(np.int64)


def points(data: Data, edges: tuple[Any, Any, Any]) -> None:
    """What is joined without a person looking, and which records a person sees.

    A record is seen where no earlier one takes it in alone, and an earlier one is between the two thresholds (with no
    other valid ID, and no other rank) or one of two that it fits.
    """
    left, right, bits = edges
    count = len(data.truth)
    guess = doubtful(*edges, trusted=data.trusted, either=data.either)
    sure = ~guess & (bits >= LINK)
    alone = cluster(
        count, left[sure], right[sure], bits[sure], trusted=data.trusted, ranks=data.ranks, threshold=LINK, bridge=LINK
    )
    joined = cluster_pairs(alone, data.truth)
    later = np.maximum(left, right)
    taken = np.zeros(count, dtype=np.bool_)
    taken[later[sure & (alone[left] == alone[right])]] = True
    open_ = (bits >= REVIEW) & ((bits < LINK) | guess) & ~_told_apart(data, left, right)
    seen = np.zeros(count, dtype=np.bool_)
    seen[later[open_]] = True
    seen &= ~taken
    share = joined.recall.value or 0
    print(
        f"  joined alone, from {LINK:g} bits: precision {joined.precision.value or 0:.6f}"
        f" ({int(joined.precision.denominator - joined.precision.numerator)} of"
        f" {int(joined.precision.denominator):,} pairs wrong), {share:.4f} of all true pairs;"
        f" to review, from {REVIEW:g} bits: {seen.mean():.4f} of records"
    )


def _told_apart(data: Data, left: Any, right: Any) -> Any:
    ids = (data.trusted[left] != data.trusted[right]) & (data.trusted[left] >= 0) & (data.trusted[right] >= 0)
    ranks = (data.ranks[left] != data.ranks[right]) & (data.ranks[left] > 0) & (data.ranks[right] > 0)
    return ids | ranks
