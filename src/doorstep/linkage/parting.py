"""Pairs compared in parts, so that whole records never leave memory for disk, however many there are.

Records are long and pairs are short. Parts are ranges of keys: pairs of two of them meet the records of just these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from doorstep.linkage.engines import Engine

Compared: TypeAlias = Callable[[str], str]
"""Makes a SELECT of what follows FROM: pairs (key_l, key_r) with their records as `l` and `r`."""
SAMPLED: Final = 2_000
"""Keys by which the ranges are chosen."""


class Range(NamedTuple):
    """Keys from `low` to before `high`; empty where there is no bound."""

    low: str
    high: str

    def sql(self, column: str) -> str:
        """The condition that a column is within it."""
        bounds = ((">=", self.low), ("<", self.high))
        return " AND ".join(f"{column} {sign} {_quoted(bound)}" for sign, bound in bounds if bound) or "TRUE"


def compare(engine: Engine, table: str, pairs: str, out: str, compared: Compared) -> None:
    """Make the table `out` of what is said of all pairs (the smaller key first) of records of a table."""
    keep, ranges = engine.make, _ranges(engine, table)
    for at, low in enumerate(ranges):
        for high in ranges[at:]:
            keep(out, compared(_met(table, pairs, low, high)))
            keep = engine.add


def _met(table: str, pairs: str, low: Range, high: Range) -> str:
    return (
        f"(SELECT * FROM {pairs} WHERE {low.sql('key_l')} AND {high.sql('key_r')}) p"
        f" JOIN (SELECT * FROM {table} WHERE {low.sql('key')}) l ON l.key = key_l"
        f" JOIN (SELECT * FROM {table} WHERE {high.sql('key')}) r ON r.key = key_r"
    )


def _ranges(engine: Engine, table: str) -> list[Range]:
    """Ranges of keys that hold about as many records each as the engine joins at once."""
    count = int(engine.rows(f"SELECT count(*) FROM {table}")[0][0])
    parts = -(-count // engine.most)
    if parts < 2:
        return [Range("", "")]
    some = f"{engine.hash}(key) % {max(1, count // SAMPLED)} = 0"
    keys = [str(key) for (key,) in engine.rows(f"SELECT key FROM {table} WHERE {some} ORDER BY key")]
    bounds = sorted({keys[at * len(keys) // parts] for at in range(1, parts)} if keys else ())
    return [Range(low, high) for low, high in zip(["", *bounds], [*bounds, ""], strict=True)]


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
