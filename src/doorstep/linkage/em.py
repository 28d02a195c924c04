"""EM (Dempster, Laird and Rubin 1977; for linkage Winkler 1988): learns m where no shared number can teach it.

Over all pairs that share a blocking key at once, with u from pairs at random: a pair that shares no key counts as
strangers'. Three kinds of pairs are told apart, one person's, two persons' of one household, and strangers', so that
couples under one telephone are not taken for one person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

import duckdb
import numpy as np
import numpy.typing as npt

from doorstep.linkage.expected import EXPECTED_M
from doorstep.linkage.keys import KEYS
from doorstep.linkage.model import RAREST, Model
from doorstep.linkage.patterns import Counts, Vectors, one, tally
from doorstep.linkage.specification import COMPARISONS, SILENT

Levels: TypeAlias = npt.NDArray[np.int64]
Shares: TypeAlias = npt.NDArray[np.float64]

SAMPLE: Final = 200_000
"""Records whose pairs EM sees."""
ROUNDS: Final = 100
SMALL: Final = 1e-6
"""It has settled when no share of a level changes by more."""
FEWEST: Final = 0.01
"""Relatives for each pair of one person: never none, for a twin may come."""


class Met(NamedTuple):
    """The share of pairs at random that reach a level, and its standard error (0 where all were counted)."""

    share: float
    error: float


def strangers(
    met: Mapping[str, Sequence[Met]], m: Mapping[str, Sequence[float]], prior: float
) -> dict[str, tuple[float, ...]]:
    """u: what pairs at random show, less those among them that are one person's."""
    return {
        name: tuple(
            min(1.0, max((each.share - prior * known) / (1 - prior), each.error, RAREST))
            for each, known in zip(levels, m[name], strict=True)
        )
        for name, levels in met.items()
    }


def learn(
    db: duckdb.DuckDBPyConnection,
    table: str,
    model: Model,
    met: Mapping[str, Sequence[Met]],
    shown: Counts,
    weight: float,
) -> Model:
    """Learn m, prior and relatives; `model` is where it starts, and what kin is, and `met` what u comes from.

    `shown` are pairs known to be one person's; what is expected of m counts as `weight` more.
    """
    vectors, among = candidates(db, table)
    return settle(vectors, among, model, met, shown, weight) if vectors else model


def candidates(db: duckdb.DuckDBPyConnection, table: str) -> tuple[Vectors, int]:
    """The vectors of levels of pairs that share a key, and among how many pairs these were."""
    records = one(db, f"SELECT count(*) FROM {table}")
    some = min(records, SAMPLE)
    db.execute(f"CREATE OR REPLACE TEMP TABLE sampled AS SELECT * FROM {table} ORDER BY hash(key) LIMIT {some}")
    ways = " UNION ".join(
        f"SELECT l.key AS key_l, r.key AS key_r FROM sampled l JOIN {table} r ON {key.sql} AND l.key <> r.key"
        for key in KEYS
    )
    pairs = f"SELECT l, r FROM ({ways}) JOIN sampled l ON l.key = key_l JOIN {table} r ON r.key = key_r"
    return tally(db, pairs, COMPARISONS), some * (records - 1)


def settle(
    vectors: Vectors,
    among: int,
    model: Model,
    met: Mapping[str, Sequence[Met]],
    shown: Counts,
    weight: float,
) -> Model:
    """EM over vectors of levels and their numbers, among so many pairs in all."""
    levels, number = np.array([row[:-1] for row in vectors]), np.array([row[-1] for row in vectors], dtype=np.float64)
    kin, own = _logs(levels, model.kin), list(model.kin)
    m, u, prior, relatives = dict(model.m), dict(model.u), model.prior, model.relatives
    for _ in range(ROUNDS):
        agree = _logs(levels, m)
        household = agree - _logs(levels, {name: m[name] for name in own}) + kin
        same, related = _posteriors(agree, household, _logs(levels, u), prior, prior * relatives)
        same, related = same * number, related * number
        before = m
        m = _shares(levels, same, shown, weight)
        prior = min(max(float(same.sum()) / among, 1 / among), 0.5)
        relatives = max(float(related.sum() / same.sum()), FEWEST)
        u = strangers(met, m, prior)
        if max(float(np.abs(np.subtract(m[name], before[name])).max()) for name in m) < SMALL:
            break
    return replace(model, m=m, u=u, prior=prior, relatives=relatives)


def _posteriors(
    agree: Shares, household: Shares, strangers: Shares, prior: float, related: float
) -> tuple[Shares, Shares]:
    """The chance of each vector to be one person's, and to be two's of one household."""
    odds = np.stack(
        [np.log(prior) + agree, np.log(related) + household, np.log1p(-min(prior + related, 0.9)) + strangers]
    )
    chances = np.exp(odds - odds.max(axis=0))
    chances /= chances.sum(axis=0)
    return chances[0], chances[1]


def _logs(levels: Levels, table: Mapping[str, tuple[float, ...]]) -> Shares:
    """The logarithm of the chance of each vector, over the comparisons that are in the table."""
    total = np.zeros(len(levels))
    for at, comparison in enumerate(COMPARISONS):
        if comparison.name in table:
            chances = np.log(np.append(table[comparison.name], 1.0))  # the level of the silent, -1, is the last
            total += chances[levels[:, at]]
    return total


def _shares(levels: Levels, same: Shares, shown: Counts, weight: float) -> dict[str, tuple[float, ...]]:
    found = {}
    for at, comparison in enumerate(COMPARISONS):
        said = levels[:, at] != SILENT
        seen = np.bincount(levels[said, at], weights=same[said], minlength=len(comparison.names))
        seen = seen + np.array(shown[comparison.name]) + weight * np.array(EXPECTED_M[comparison.name])
        found[comparison.name] = tuple((seen / seen.sum()).tolist())
    return found
