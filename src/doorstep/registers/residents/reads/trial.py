"""Matching rules tried on the records of the register: how right one is where valid IDs or people tell the truth, and
what another one would do otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

import duckdb
from django.db import connection

from doorstep.linkage.conflicts import conflict
from doorstep.linkage.facts import COLUMNS, Facts
from doorstep.linkage.model import Frequencies
from doorstep.linkage.patterns import Judged
from doorstep.linkage.training import FREQUENT
from doorstep.registers.residents.reads.workspace import link, one
from doorstep.registers.residents.rules import modelling
from doorstep.registers.residents.rules.modelling import SIDES
from doorstep.registers.residents.rules.placing import Near, Rule, Weighed, opposed, sure

HELD: Final = 20_000
"""Records that are held out of training, to try on: a fifth of those with a valid ID, at most."""
RECENT: Final = 20_000
"""Records whose pairs a shadow run compares: the last."""
EXAMPLES: Final = 5
"""Pairs that are shown of each change."""
ANSWERS: Final = 20_000
NOBODY: Final = UUID(int=0)
_ANSWERS: Final = f"""
SELECT coalesce(l.patient_id, l.id::text), coalesce(r.patient_id, r.id::text), d.state = 'same' FROM residents_doubt d
JOIN residents_residentrecord l ON l.id = d.left_id JOIN residents_residentrecord r ON r.id = d.right_id
WHERE d.state IN ('same', 'different') AND d.detail <> 'unmerged' ORDER BY d.id DESC LIMIT {ANSWERS}
"""
_HIDDEN: Final = (
    "* REPLACE (said_birth AS birth, coalesce(epoch(TRY_CAST(said_birth AS DATE)) // 86400, 0)::INTEGER AS day,"
    " '' AS number)"
)


def answers() -> list[Judged]:
    """What people answered of pairs that they were shown: the keys of both records, and whether one person's."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS)
        return [(left, right, same) for left, right, same in cursor.fetchall()]


def hold_out(db: duckdb.DuckDBPyConnection) -> int:
    """Make the tables ``held`` (keys of records whose IDs are a fifth of all) and ``lessons`` (the records without
    them); answers how many are held out."""
    with_id = one(db, "SELECT count(*) FROM records WHERE number <> ''")
    share = min(0.2, HELD / max(with_id, 1))
    db.execute(
        f"CREATE TABLE held AS SELECT key FROM records WHERE number <> '' AND hash(number) % 10000 < {share * 10_000}"
    )
    db.execute("CREATE TABLE lessons AS SELECT * FROM records ANTI JOIN held USING (key)")
    return int(one(db, "SELECT count(*) FROM held"))


def evaluate(db: duckdb.DuckDBPyConnection, rule: Rule) -> dict[str, Any]:
    """How right a rule is on the records held out, compared with all as if nobody had an ID; IDs tell the truth.

    Counts are of pairs; one with a single end held out counts half, as both its records may be drawn.
    """
    db.execute(f"CREATE TABLE hidden AS SELECT {_HIDDEN} FROM records WHERE number <> ''")
    link(db, "hidden", rule.model, "tried", "held")
    rows = db.execute(
        "SELECT side, same, sum(ends) / 2 FROM (SELECT"
        f" {modelling.side_sql(rule)} AS side, lt.number = rt.number AS same,"
        " (p.key_l IN (SELECT key FROM held))::INT + (p.key_r IN (SELECT key FROM held))::INT AS ends"
        f" FROM tried p JOIN hidden l ON l.key = p.key_l JOIN hidden r ON r.key = p.key_r {modelling.joins_sql()}"
        " JOIN records lt ON lt.key = p.key_l JOIN records rt ON rt.key = p.key_r) GROUP BY ALL"
    ).fetchall()
    found = {(side, same): float(count) for side, same, count in rows}
    true = one(
        db,
        "SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM records JOIN held USING (key) GROUP BY number)",
    )
    db.execute("DROP TABLE hidden")
    db.execute("DROP TABLE tried")
    right = found.get((2, True), 0.0)
    return {
        "right": right,
        "linked": right + found.get((2, False), 0.0),
        "true": float(true or 0),
        "review": found.get((1, True), 0.0) + found.get((1, False), 0.0),
        "review_true": found.get((1, True), 0.0),
    }


def answered(db: duckdb.DuckDBPyConnection, rule: Rule, judged: Iterable[Judged]) -> dict[str, Any]:
    """How a rule agrees with people."""
    said = list(judged)
    keys = list({key for left, right, _ in said for key in (left, right)})
    found = db.execute(
        f"SELECT {', '.join(COLUMNS)} FROM records WHERE key IN (SELECT unnest(?::VARCHAR[]))", [keys]
    ).fetchall()
    facts = {row[0]: Facts(*row) for row in found}
    frequent = _frequencies(db, facts.values())
    return modelling.agreement(
        (same, _side(rule, facts[left], facts[right], frequent))
        for left, right, same in said
        if left in facts and right in facts
    )


def _side(rule: Rule, a: Facts, b: Facts, frequent: Frequencies) -> str:
    score = rule.model.score(a, b, frequent)
    if sure(a, Weighed(Near(NOBODY, NOBODY, "", b), score), rule):
        return SIDES[2]
    return SIDES[1] if conflict(a, b) or (score.bits >= rule.review and not opposed(a, b)) else SIDES[0]


def _frequencies(db: duckdb.DuckDBPyConnection, facts: Iterable[Facts]) -> Frequencies:
    records = list(facts)
    found = {}
    for column in FREQUENT:
        values = list({getattr(each, column) for each in records})
        found[column] = dict(
            db.execute(f"FROM {modelling.tables(column)} WHERE {column} IN (SELECT unnest(?::VARCHAR[]))", [values])
            .fetchall()
        )  # fmt: skip
    return found


def beside(db: duckdb.DuckDBPyConnection, old: Rule, new: Rule) -> dict[str, Any]:
    """What another rule would do otherwise with the pairs of the last records: how many pairs change side, and some."""
    db.execute(f"CREATE TABLE recent AS SELECT key FROM homes ORDER BY record DESC LIMIT {RECENT}")
    sides = "key_l, key_r, bits, side"
    for name, rule in (("before", old), ("after", new)):
        link(db, "records", rule.model, f"{name}_bits", "recent")
        db.execute(
            f"CREATE TABLE {name}_sides AS SELECT key_l, key_r, bits, {modelling.side_sql(rule)} AS side"
            f" FROM {name}_bits p JOIN records l ON l.key = p.key_l JOIN records r ON r.key = p.key_r"
            f" {modelling.joins_sql()} WHERE NOT {modelling.ODD_SQL}"
        )
    both = f"(SELECT {sides} FROM before_sides) a JOIN (SELECT {sides} FROM after_sides) b USING (key_l, key_r)"
    matrix = db.execute(f"SELECT a.side, b.side, count(*) FROM {both} GROUP BY ALL").fetchall()
    examples = db.execute(
        f"SELECT l.record, r.record, a.side, b.side, a.bits, b.bits FROM {both} JOIN homes l ON l.key = key_l"
        " JOIN homes r ON r.key = key_r WHERE a.side <> b.side"
        " QUALIFY row_number() OVER (PARTITION BY a.side, b.side ORDER BY abs(b.bits - a.bits) DESC, key_l, key_r)"
        f" <= {EXAMPLES} ORDER BY a.side, b.side, abs(b.bits - a.bits) DESC, key_l, key_r"
    ).fetchall()
    return {
        "records": one(db, "SELECT count(*) FROM recent"),
        "pairs": sum(count for _, _, count in matrix),
        "changed": modelling.moved({(before, after): count for before, after, count in matrix}),
        "examples": [
            {
                "left": str(left), "right": str(right), "before": SIDES[was], "after": SIDES[now],
                "before_bits": round(bits, 1), "after_bits": round(new_bits, 1),
            }
            for left, right, was, now, bits, new_bits in examples
        ],
    }  # fmt: skip
