"""How right pairs could be scored at all by what is compared: the best of all scorers, which knows the truth."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from pathlib import Path

from benchmarks.parts.linkage_data import Data
from doorstep.linkage.specification import COMPARISONS

RARITY = 2
"""Bits within which two pairs of the same levels count as alike: they differ by how rare what they agree on is."""


def told(data: Data, facts: Path) -> None:
    """Print 1 - F1 of whoever takes, of all compared pairs that look alike, either all or none, as is right more often.

    Pairs look alike that reach the same level in every comparison and are about as rare (`bits` of one model, which
    differ then by frequencies alone). Once by the truth of these pairs, which nobody could do better; and once each
    half of them by the truth of the other half.
    """
    levels = ", ".join(f"{c.sql} AS {c.name}" for c in COMPARISONS)
    names = ", ".join(c.name for c in COMPARISONS)
    data.db.execute(f"CREATE OR REPLACE TABLE truth AS SELECT key, person FROM '{facts}'")
    data.db.execute(
        f"CREATE OR REPLACE TABLE alike AS SELECT hash({names}, round(bits / {RARITY})) AS look, same, half, bits FROM"
        f" (SELECT {levels}, bits, (a.person = b.person)::INT AS same, hash(key_l) % 2 AS half"
        " FROM edges JOIN facts l ON l.key = key_l JOIN facts r ON r.key = key_r"
        " JOIN truth a ON a.key = key_l JOIN truth b ON b.key = key_r)"
    )
    data.db.execute(
        "CREATE OR REPLACE TABLE looks AS"
        " SELECT look, half, sum(same) AS yes, sum(1 - same) AS no FROM alike GROUP BY ALL"
    )
    pairs = _one(data, "SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM truth GROUP BY person)")
    ways = {
        "now": "SELECT same AS yes, 1 - same AS no FROM alike WHERE bits >= 0",
        "each look by its own truth": "SELECT sum(yes) AS yes, sum(no) AS no FROM looks GROUP BY look"
        " HAVING sum(yes) > sum(no)",
        "each half by the other's": "SELECT same AS yes, 1 - same AS no FROM alike a LEFT JOIN looks o"
        " ON o.look = a.look AND o.half = 1 - a.half WHERE coalesce(o.yes > o.no, bits >= 0)",
        "all compared, each rightly": "SELECT same AS yes, 0 AS no FROM alike",
    }
    print(f"  what these pairs could tell ({_one(data, 'SELECT count(DISTINCT look) FROM looks'):,.0f} looks), 1 - F1:")
    for name, way in ways.items():
        yes, no = _one(data, f"SELECT sum(yes) FROM ({way})"), _one(data, f"SELECT sum(no) FROM ({way})")
        print(f"    {name:<28} {1 - 2 * yes / (yes + no + pairs):.4f} ({pairs - yes:,.0f} missed, {no:,.0f} wrong)")


def _one(data: Data, query: str) -> float:
    found = data.db.execute(query).fetchone()
    return float(found[0] or 0) if found else 0.0
