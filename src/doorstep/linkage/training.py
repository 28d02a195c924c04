"""Learns a model from records without labels: u from pairs at random, m from pairs that share a valid ID, or by EM.

EM over pairs that share a phone learns households, not people: couples and their children look like matches to it (it
gave m(birth date quite different) = 0.12 where the truth is 0.001). A resident ID with its check digit is a better
teacher, and is itself learnt from pairs that agree on all else; pairs that share a phone or a home under two valid IDs
teach what relatives are like. What IDs do not show (foreign records have none) is learnt by EM (`em.py`). A level that
nothing showed is worth what is expected of it, so that it is evidence and never silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import duckdb

from doorstep.linkage import em
from doorstep.linkage.expected import EXPECTED_KIN, EXPECTED_M, EXPECTED_U, RELATIVES
from doorstep.linkage.model import Frequencies, Model, Untrained
from doorstep.linkage.patterns import Counts, Judged, counts, judged_pairs, one, tally
from doorstep.linkage.specification import COMPARISONS, NUMBER

TEACHERS: Final = 12
"""Records that may share an ID, a phone or a home and still teach: more are a test patient, or a desk's phone."""
SAMPLED: Final = 250_000
"""Records whose pairs at random teach u."""
LESSONS: Final = 400_000
"""Records whose IDs teach: more of them say the same."""
ENOUGH: Final = 300
"""Pairs from which m is learnt; where IDs and people show fewer, EM is asked."""
WEIGHT: Final = 20.0
"""What is expected of m counts as so many pairs: much where little is known, and nothing among thousands."""
SEEN: Final = 5
"""A level that fewer pairs at random reached is as rare as expected, or as their number allows."""
UNSEEN: Final = 0.2
"""A value that nobody else has counts as if so many others had it."""
FREQUENT: Final = tuple(sorted({level.frequency for c in COMPARISONS for level in c.levels if level.frequency}))
_TYPED: Final = "* REPLACE (said_birth AS birth, epoch(TRY_CAST(said_birth AS DATE)) // 86400 AS day, '' AS number)"
_EQUAL: Final = {
    "birth": "birth", "number": "number", "insurance": "insurance", "certificate": "certificate", "guardian": "parent",
}  # fmt: skip
"""Comparisons whose first level is equality of a column: how often it comes by chance is counted, not sampled."""
_OWN: Final = tuple(c for c in COMPARISONS if not c.household)


def train(
    db: duckdb.DuckDBPyConnection,
    table: str,
    *,
    pairs: int = 500_000,
    seed: int = 7,
    judged: Iterable[Judged] = (),
) -> Model:
    """Learn from a table of records (columns as `Facts` has them); `pairs` are taken at random for u.

    `judged` are pairs that people answered (two keys, and whether they are one person): each counts as a pair seen, the
    same for m, another for u as one among all pairs of the table. Raises `Untrained` where there are no two records.
    """
    records = one(db, f"SELECT count(*) FROM {table}")
    if records < 2:
        raise Untrained(f"{records} records")
    same, other = judged_pairs(db, table, judged)
    prior, relatives = _prior(db, table, records), _relatives(db, table)
    met = _met(db, table, records, pairs, seed, other)
    kin = {c.name: _shares(found, EXPECTED_KIN[c.name]) for c, found in _kin(db, table)}
    shown = _shown(db, table, seed)
    for name, seen in same.items():
        shown[name] = [a + b for a, b in zip(shown[name], seen, strict=True)]
    m = {name: _shares(found, EXPECTED_M[name]) for name, found in shown.items()}
    taught = sum(shown["name"]) >= ENOUGH
    prior, relatives = prior or 1 / records, relatives or RELATIVES
    model = Model(m, em.strangers(met, m, prior), prior, kin=kin, relatives=relatives)
    return model if taught else em.learn(db, table, model, met, shown, WEIGHT)


def frequencies(db: duckdb.DuckDBPyConnection, table: str) -> Frequencies:
    """How often a stranger has each value of the columns that models ask for (`frequency_sql`)."""
    return {column: dict(db.execute(frequency_sql(column, table)).fetchall()) for column in FREQUENT}


def frequency_sql(column: str, table: str) -> str:
    """The SELECT of each value and its frequency: of the records that have it, less the two of a pair that agrees."""
    return (
        f"SELECT {column}, (greatest(count(*) - 2, 0) + {UNSEEN}) / (SELECT count(*) FROM {table}) AS tf_{column}"
        f" FROM {table} WHERE {column} <> '' GROUP BY {column}"
    )


def _met(
    db: duckdb.DuckDBPyConnection, table: str, records: int, pairs: int, seed: int, other: Counts
) -> dict[str, list[em.Met]]:
    """How often two records, whosever they are, reach each level, and how sure that is."""
    seen = counts(tally(db, _random(db, table, records, pairs, seed), COMPARISONS), COMPARISONS)
    everything = records * (records - 1) / 2
    found = {}
    for comparison in COMPARISONS:
        name, total = comparison.name, max(1.0, sum(seen[comparison.name]))
        met = [
            em.Met(count / total, (count / total**2) ** 0.5) if count >= SEEN else em.Met(min(u, SEEN / total), 0.0)
            for count, u in zip(seen[name], EXPECTED_U[name], strict=True)
        ]
        for number, level in enumerate(comparison.levels):
            if level.frequency or (number == 0 and name in _EQUAL):
                met[number] = em.Met(_coincidence(db, table, level.frequency or _EQUAL[name]), 0.0)
        found[name] = [
            em.Met(min(1.0, each.share + told / everything), each.error)
            for each, told in zip(met, other[name], strict=True)
        ]
    return found


def _random(db: duckdb.DuckDBPyConnection, table: str, records: int, pairs: int, seed: int) -> str:
    """Pairs of records far from each other in a shuffled order: as good as random, and made in linear time."""
    some = min(records, SAMPLED)
    db.execute(
        "CREATE OR REPLACE TEMP TABLE shuffled AS SELECT *, row_number() OVER (ORDER BY place) - 1 AS n"
        f" FROM (SELECT *, hash(key || '{seed}') AS place FROM {table}"
        f" WHERE hash(key || '{seed}') % {records} < {2 * some} ORDER BY place LIMIT {some})"
    )
    some = one(db, "SELECT count(*) FROM shuffled")
    shifts = max(1, min(pairs // some, 200))
    # named first: of a join over an expression of two tables DuckDB makes a nested loop
    chosen = (
        f"WITH chosen AS MATERIALIZED (SELECT n AS a, (n + shift * 7919) % {some} AS b"
        f" FROM shuffled, range(1, {shifts + 1}) s(shift))"
    )
    return (
        f"{chosen} SELECT l, r FROM chosen JOIN shuffled l ON l.n = chosen.a JOIN shuffled r ON r.n = chosen.b"
        " WHERE chosen.a <> chosen.b"
    )


def _shown(db: duckdb.DuckDBPyConnection, table: str, seed: int) -> Counts:
    """What pairs that are surely one person's show."""
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE taught AS SELECT * FROM {table} SEMI JOIN (SELECT number FROM {table}"
        f" WHERE number <> '' AND {_some(db, table, 'number', seed)}"
        f" GROUP BY 1 HAVING count(*) BETWEEN 2 AND {TEACHERS}) few USING (number)"
    )
    sharing = (
        f"SELECT l, r FROM taught l JOIN (SELECT {_TYPED}, number AS same FROM taught) r"
        " ON l.number = r.same AND l.key < r.key"
    )
    taught = [c for c in COMPARISONS if c is not NUMBER]
    shown = counts(tally(db, sharing, taught), taught)
    return shown | counts(tally(db, _agreeing(db, table, seed), (NUMBER,)), (NUMBER,))


def _agreeing(db: duckdb.DuckDBPyConnection, table: str, seed: int) -> str:
    """Pairs that agree on name, birth date and a number of their own, whatever their IDs say."""
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE agreeing AS SELECT * FROM {table} WHERE reading <> '' AND said_birth <> ''"
        f" AND (number <> '' OR typed <> '') AND {_some(db, table, 'reading || said_birth', seed)}"
    )
    return (
        "SELECT l, r FROM agreeing l JOIN agreeing r ON l.reading = r.reading AND l.said_birth = r.said_birth"
        " AND l.key < r.key"
        " AND (l.insurance = r.insurance AND l.insurance <> '' OR l.phone = r.phone AND l.phone <> '')"
    )


def _kin(db: duckdb.DuckDBPyConnection, table: str) -> Iterable[tuple[Any, Sequence[float]]]:
    """What pairs under one phone or in one home with two valid IDs show; of the ID itself they were chosen by."""
    pairs = " UNION ALL ".join(_housemates(db, table, columns) for columns in _HOMES)
    shown = counts(tally(db, pairs, _OWN), _OWN)
    for comparison in _OWN:
        yield comparison, [0] * len(comparison.names) if comparison is NUMBER else shown[comparison.name]


_HOMES: Final = (("phone",), ("unit", "estate"))


def _some(db: duckdb.DuckDBPyConnection, table: str, text: str, seed: int) -> str:
    """The condition that chooses, by their text, about as many records as teach."""
    records = one(db, f"SELECT count(*) FROM {table}")
    return f"hash({text} || '{seed}') % 1000 < {1000 * LESSONS // max(LESSONS, records)}"


def _housemates(db: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> str:
    said = " AND ".join(f"{column} <> ''" for column in columns)
    chosen = (
        f"(SELECT * FROM {table} WHERE number <> '' AND {said} AND {_some(db, table, columns[-1], 0)}"
        f" QUALIFY count(*) OVER (PARTITION BY {', '.join(columns)}) <= {TEACHERS})"
    )
    equal = " AND ".join(f"l.{column} = r.{column}" for column in columns)
    return f"SELECT l, r FROM {chosen} l JOIN {chosen} r ON {equal} AND l.number < r.number"


def _relatives(db: duckdb.DuckDBPyConnection, table: str) -> float:
    """Pairs with two valid IDs for each with one, among those that share a phone or a home; 0 where none has an ID."""
    of_two = of_one = 0
    for columns in _HOMES:
        group = ", ".join(columns)
        said = " AND ".join(f"{column} <> ''" for column in ("number", *columns))
        each = f"SELECT {group}, number, count(*) AS n FROM {table} WHERE {said} GROUP BY ALL"
        within = f"SELECT sum(n) AS records, sum(n * (n - 1)) AS same FROM ({each}) GROUP BY {group}"
        found = db.execute(
            f"SELECT sum(records * (records - 1) - same), sum(same) FROM ({within}) WHERE records <= {TEACHERS}"
        ).fetchone()
        of_two, of_one = of_two + ((found or (0,))[0] or 0), of_one + ((found or (0, 0))[1] or 0)
    return of_two / of_one if of_two and of_one else 0.0


def _shares(found: Sequence[float], expected: Sequence[float]) -> tuple[float, ...]:
    total = sum(found) + WEIGHT
    return tuple((count + WEIGHT * share) / total for count, share in zip(found, expected, strict=True))


def _coincidence(db: duckdb.DuckDBPyConnection, table: str, column: str) -> float:
    """The chance that two records that say something say the same: the sum of the squares of all shares."""
    found = one(
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
