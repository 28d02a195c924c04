"""Pairs as the levels they reach: how many pairs reach each vector of levels, counted by SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import duckdb

from doorstep.linkage.specification import COMPARISONS, SILENT, Comparison

Judged: TypeAlias = tuple[str, str, bool]
"""Two keys, and whether a person who looked called them one."""
Counts: TypeAlias = dict[str, list[float]]
"""By comparison, how many pairs reach each of its levels."""
Vectors: TypeAlias = list[tuple[int, ...]]
"""The levels of comparisons in their order, and how many pairs reach just these."""


def one(db: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The first value that a statement gives."""
    found = db.execute(sql).fetchone()
    return found[0] if found else None


def tally(db: duckdb.DuckDBPyConnection, pairs: str, comparisons: Sequence[Comparison]) -> Vectors:
    """How many pairs (a SELECT of rows `l` and `r`) reach each vector of levels."""
    cases = ", ".join(f"{c.sql} AS {c.name}" for c in comparisons)
    names = ", ".join(c.name for c in comparisons)
    return db.execute(f"SELECT {names}, count(*) FROM (SELECT {cases} FROM ({pairs}) p) GROUP BY ALL").fetchall()


def counts(vectors: Vectors, comparisons: Sequence[Comparison]) -> Counts:
    """How many pairs reach each level; those where a comparison is silent do not count for it."""
    found: Counts = {c.name: [0.0] * len(c.names) for c in comparisons}
    for *levels, number in vectors:
        for comparison, level in zip(comparisons, levels, strict=True):
            if level != SILENT:
                found[comparison.name][level] += number
    return found


def judged_pairs(db: duckdb.DuckDBPyConnection, table: str, judged: Iterable[Judged]) -> tuple[Counts, Counts]:
    """What pairs that people called the same show, and those that they called different."""
    told = [list(each) for each in judged]
    db.execute("CREATE OR REPLACE TEMP TABLE judged (key_l VARCHAR, key_r VARCHAR, same BOOLEAN)")
    if told:
        db.executemany("INSERT INTO judged VALUES (?, ?, ?)", told)
    same, other = (
        counts(
            tally(
                db,
                f"SELECT l, r FROM judged j JOIN {table} l ON l.key = j.key_l JOIN {table} r ON r.key = j.key_r"
                f" WHERE j.same = {answer}",
                COMPARISONS,
            ),
            COMPARISONS,
        )
        for answer in (True, False)
    )
    return same, other
