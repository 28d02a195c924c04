"""Learns a model from records without labels: u from pairs taken at random, m from pairs that share a valid ID.

EM over pairs that share a phone learns households, not people: couples and their children look like matches to it (it
gave m(birth date quite different) = 0.12 where the truth is 0.001). A resident ID with its check digit is a better
teacher, and is itself learnt from pairs that agree on all else. A level that neither showed is worth what is expected
of it, so that it is evidence and never silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import duckdb

from doorstep.linkage.model import RAREST, Frequencies, Model
from doorstep.linkage.specification import COMPARISONS, NUMBER, SILENT, Comparison

TEACHERS: Final = 12
"""Records that may share an ID and still teach: more are a test patient, or everybody who lent one card."""
_TYPED: Final = "* REPLACE (said_birth AS birth, epoch(TRY_CAST(said_birth AS DATE)) // 86400 AS day)"
EXPECTED_M: Final = {
    "name": (0.965, 0.022, 0.002, 0.0015, 0.0006, 0.0005, 0.008, 0.0004),
    "birth": (0.993, 0.004, 0.001, 0.001, 0.0002, 0.0008),
    "number": (0.99, 0.009, 0.0005, 0.0005), "insurance": (0.988, 0.012), "sex": (0.994, 0.006), "rank": (0.999, 0.001),
    "phone": (0.749, 0.008, 0.243), "address": (0.518, 0.129, 0.062, 0.1, 0.055, 0.136), "guardian": (0.3, 0.4, 0.3),
}  # fmt: skip
EXPECTED_U: Final = {
    "name": (6e-6, 1e-5, 2e-6, 2e-4, 1.2e-4, 1e-3, 0.026, 0.972), "birth": (2.2e-4, 1.5e-3, 3e-3, 0.012, 0.002, 0.981),
    "number": (1e-6, 1.2e-6, 0.99, 0.0099), "insurance": (5e-7, 1.0), "sex": (0.5, 0.5), "rank": (0.5, 0.5),
    "phone": (1.5e-6, 1.1e-6, 1.0), "address": (2e-6, 2e-5, 0.009, 0.03, 0.09, 0.87), "guardian": (1e-6, 2e-5, 1.0),
}  # fmt: skip
"""What to expect, as measured on a million made-up residents; levels not measured there, and ranks, are assumed."""
WEIGHT: Final = 20.0
"""What is expected of m counts as so many pairs: much where little is known, and nothing among thousands."""
SEEN: Final = 5
"""A level that fewer pairs at random reached is as rare as expected, or as their number allows."""
Counts = dict[str, list[int]]


def train(db: duckdb.DuckDBPyConnection, table: str, *, pairs: int = 4_000_000, seed: int = 7) -> Model:
    """Learn from a table of records (columns as `Facts` has them); `pairs` are taken at random for u.

    Raises `Untrained` where the records share no valid ID, so that nothing can be learnt from them.
    """
    records = _one(db, f"SELECT count(*) FROM {table}")
    prior = _prior(db, table, records)
    met = _levels(db, _random(db, table, records, pairs, seed), COMPARISONS)
    u = {name: _chances(name, counts) for name, counts in met.items()}
    for comparison in COMPARISONS:
        for number, level in enumerate(comparison.levels):
            if level.frequency or (number == 0 and comparison.name in _EQUAL):
                chance = _coincidence(db, table, level.frequency or _EQUAL[comparison.name])
                u[comparison.name][number] = max(chance - prior, RAREST)  # some who agree are one person
    taught = [c for c in COMPARISONS if c is not NUMBER]
    shown = _levels(db, _sharing_number(table), taught) | _levels(db, _agreeing(table), (NUMBER,))
    m = {name: _shares(name, counts) for name, counts in shown.items()}
    return Model(
        {name: tuple(values) for name, values in m.items()}, {name: tuple(values) for name, values in u.items()}, prior
    )


_EQUAL: Final = {"birth": "birth", "number": "number", "insurance": "insurance", "guardian": "parent"}
"""Comparisons whose first level is equality of a column: how often it comes by chance is counted, not sampled."""


def frequencies(db: duckdb.DuckDBPyConnection, table: str) -> Frequencies:
    """The share of records that have each value of the columns that models ask for (as Splink counts it)."""
    columns = sorted({level.frequency for c in COMPARISONS for level in c.levels if level.frequency})
    records = max(1, _one(db, f"SELECT count(*) FROM {table}"))
    return {
        column: dict(
            db.execute(f"SELECT {column}, count(*) / {records} FROM {table} WHERE {column} <> '' GROUP BY 1").fetchall()
        )
        for column in columns
    }


def _one(db: duckdb.DuckDBPyConnection, sql: str) -> Any:
    found = db.execute(sql).fetchone()
    return found[0] if found else None


def _random(db: duckdb.DuckDBPyConnection, table: str, records: int, pairs: int, seed: int) -> str:
    """Pairs of records far from each other in a shuffled order: as good as random, and made in linear time."""
    db.execute(
        "CREATE OR REPLACE TEMP TABLE shuffled AS"
        f" SELECT *, row_number() OVER (ORDER BY hash(key || '{seed}')) - 1 AS n FROM {table}"
    )
    shifts = max(1, min(pairs // max(1, records), 200))
    # named first: of a join over an expression of two tables DuckDB makes a nested loop
    chosen = (
        f"WITH chosen AS MATERIALIZED (SELECT n AS a, (n + shift * 7919) % {records} AS b"
        f" FROM shuffled, range(1, {shifts + 1}) s(shift))"
    )
    return (
        f"{chosen} SELECT l, r FROM chosen JOIN shuffled l ON l.n = chosen.a JOIN shuffled r ON r.n = chosen.b"
        " WHERE chosen.a <> chosen.b"
    )


def _sharing_number(table: str) -> str:
    """Pairs that share a valid ID; one side shows its birth date as it was typed, for an ID would always agree."""
    few = f"SELECT number FROM {table} WHERE number <> '' GROUP BY 1 HAVING count(*) BETWEEN 2 AND {TEACHERS}"
    chosen = f"(SELECT * FROM {table} SEMI JOIN ({few}) f USING (number))"
    return (
        f"SELECT l, r FROM {chosen} l JOIN (SELECT {_TYPED} FROM {chosen}) r ON l.number = r.number AND l.key < r.key"
    )


def _agreeing(table: str) -> str:
    """Pairs that agree on name, birth date and a number of their own, whatever their IDs say."""
    said = "name <> '' AND birth <> '' AND (number <> '' OR typed <> '')"
    return (
        f"SELECT l, r FROM (SELECT * FROM {table} WHERE {said}) l JOIN (SELECT * FROM {table} WHERE {said}) r"
        " ON l.reading = r.reading AND l.said_birth = r.said_birth AND l.key < r.key"
        " AND (l.insurance = r.insurance AND l.insurance <> '' OR l.phone = r.phone AND l.phone <> '')"
    )


def _levels(db: duckdb.DuckDBPyConnection, pairs: str, comparisons: Sequence[Comparison]) -> Counts:
    """How many pairs reach each level of each comparison."""
    cases = ", ".join(f"{c.sql} AS {c.name}" for c in comparisons)
    names = ", ".join(c.name for c in comparisons)
    rows = db.execute(f"SELECT {names}, count(*) FROM (SELECT {cases} FROM ({pairs}) p) GROUP BY ALL").fetchall()
    counts: Counts = {c.name: [0] * len(c.names) for c in comparisons}
    for row in rows:
        for comparison, level in zip(comparisons, row, strict=False):
            if level != SILENT:
                counts[comparison.name][level] += row[-1]
    return counts


def _shares(name: str, counts: Sequence[int]) -> list[float]:
    total = sum(counts) + WEIGHT
    return [(count + WEIGHT * m) / total for count, m in zip(counts, EXPECTED_M[name], strict=True)]


def _chances(name: str, counts: Sequence[int]) -> list[float]:
    total = max(1, sum(counts))
    return [
        count / total if count >= SEEN else max(min(u, SEEN / total), RAREST)
        for count, u in zip(counts, EXPECTED_U[name], strict=True)
    ]


def _coincidence(db: duckdb.DuckDBPyConnection, table: str, column: str) -> float:
    """The chance that two records that say something say the same: the sum of the squares of all shares."""
    found = _one(
        db,
        "SELECT sum(n * (n - 1)) / (sum(n) * (sum(n) - 1)) FROM"
        f" (SELECT count(*)::DOUBLE AS n FROM {table} WHERE {column} <> '' GROUP BY {column})",
    )
    return float(found or 0)


def _prior(db: duckdb.DuckDBPyConnection, table: str, records: int) -> float:
    """The share of all pairs that are one person's, as if records without an ID were like those that have one."""
    each = f"SELECT count(*)::DOUBLE AS n FROM {table} WHERE number <> '' GROUP BY number"
    found = db.execute(f"SELECT sum(n), sum(n * (n - 1) / 2) FROM ({each})").fetchone()
    with_number, same = found or (0, 0)
    if not with_number or not same or records < 2:
        return 0.0
    return float(same / (with_number * (with_number - 1) / 2))
