"""All records of the register compared at once: which residents a batch would join or part, and which pairs are
doubtful. As ``reads.around`` decides it around one newcomer: the same rule, the same keys, the same judgements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import duckdb
import numpy as np
from django.db import connection

from doorstep.linkage.ambiguity import EITHER
from doorstep.linkage.ambiguity import doubtful as fits_two
from doorstep.linkage.conflicts import conflict
from doorstep.linkage.deciding import TOGETHER
from doorstep.linkage.facts import COLUMNS, Facts
from doorstep.registers.residents.reads.rule import shares
from doorstep.registers.residents.reads.workspace import copy, link, one, read_frequencies
from doorstep.registers.residents.rules import clusters, modelling
from doorstep.registers.residents.rules.placing import Question, Rule, risky
from doorstep.registers.residents.rules.runs import Fresh

ROUNDS: Final = 10
"""How often residents who are joined to those that were looked at are looked at too."""
_AT_ONCE: Final = 2_000
_PAIR: Final = {"one": "UUID", "two": "UUID"}
_BOUND: Final = """
SELECT r.id, r.against FROM residents_residentrecord r WHERE r.how = 'number' AND r.against IS NOT NULL
UNION ALL SELECT left_id, right_id FROM residents_doubt WHERE state = 'same'
UNION ALL SELECT (m.moved -> 'records' ->> 0)::uuid, (
  SELECT id FROM residents_residentrecord WHERE resident_id = m.kept_id ORDER BY id LIMIT 1)
FROM residents_merge m WHERE m.undone_at IS NULL AND m.how IN ('hand', 'review') AND m.moved -> 'records' ->> 0 <> ''
"""
_SAME: Final = "SELECT left_id, right_id FROM residents_doubt WHERE state = 'same'"
_DIFFERENT: Final = "SELECT left_id, right_id FROM residents_doubt WHERE state = 'different'"
_ASKED: Final = "SELECT left_id, right_id FROM residents_doubt"
_FRESH: Final = """
SELECT id FROM residents_residentrecord r WHERE (first_seen >= '{since}' OR last_seen >= '{since}' AND version > 1)
"""
_SURE: Final = "bits >= {link!r} AND certain AND NOT opposed"
_SIDES: Final = ", ".join(f"{side}.{column}" for side in "lr" for column in COLUMNS)


@dataclass(frozen=True, slots=True)
class Regrouping:
    """Records that hang together, in groups (by place): their ids, residents and versions when they were read."""

    groups: list[list[int]]
    ids: list[UUID]
    homes: list[UUID]
    versions: list[int]


def compare(db: duckdb.DuckDBPyConnection, rule: Rule, fresh: Fresh | None) -> int:
    """Compare all records that share a key, or the fresh ones with all and then all of the residents whom those would
    be joined to; makes the table ``weighed``. Answers how many pairs were compared last."""
    read_frequencies(db, rule.model)
    copy(db, "bound", _BOUND, _PAIR)
    copy(db, "same", _SAME, _PAIR)
    copy(db, "different", _DIFFERENT, _PAIR)
    if fresh is None:
        db.execute("CREATE TABLE touched AS SELECT DISTINCT home FROM homes")
        return _compared(db, rule, "")
    copy(db, "chosen", _chosen(fresh), {"record": "UUID"})
    db.execute("CREATE TABLE touched AS SELECT DISTINCT home FROM homes SEMI JOIN chosen USING (record)")
    return _outwards(db, rule)


def any_fresh(fresh: Fresh) -> bool:
    """Whether there is any record to compare."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_chosen(fresh)} LIMIT 1")
        return cursor.fetchone() is not None


def _chosen(fresh: Fresh) -> str:
    if fresh.organisation is not None:
        return f"SELECT id FROM residents_residentrecord r WHERE organisation_id = '{fresh.organisation}'"
    assert fresh.since is not None
    return _FRESH.format(since=fresh.since.isoformat())


def _outwards(db: duckdb.DuckDBPyConnection, rule: Rule) -> int:
    compared = 0
    for _ in range(ROUNDS):
        db.execute("CREATE OR REPLACE TABLE fresh AS SELECT key FROM homes SEMI JOIN touched USING (home)")
        before = one(db, "SELECT count(*) FROM touched")
        if not before:
            db.execute("CREATE OR REPLACE TABLE linked (key_l VARCHAR, key_r VARCHAR, bits DOUBLE)")
            _weigh(db, rule)
            return 0
        compared = _compared(db, rule, "fresh")
        db.execute(
            "CREATE OR REPLACE TABLE touched AS SELECT home FROM touched UNION"
            f" SELECT unnest([l.home, r.home]) FROM ({_edges(rule)}) e"
            " JOIN homes l ON l.n = e.a JOIN homes r ON r.n = e.b"
        )
        if one(db, "SELECT count(*) FROM touched") == before:
            break
    return compared


def _compared(db: duckdb.DuckDBPyConnection, rule: Rule, fresh: str) -> int:
    db.execute("DROP TABLE IF EXISTS linked")
    compared = link(db, "records", rule.model, "linked", fresh)
    _weigh(db, rule)
    return compared


def _weigh(db: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    """The table ``weighed`` of pairs that matter, by numbers, and ``contradicting``: why one ID is two people's."""
    db.execute(
        "CREATE OR REPLACE TABLE weighed AS SELECT hl.n AS a, hr.n AS b, p.bits,"
        f" ({modelling.certain_sql(rule.model)}) AS certain, {modelling.OPPOSED_SQL} AS opposed,"
        f" {modelling.ODD_SQL} AS odd FROM linked p JOIN records l ON l.key = p.key_l JOIN records r ON r.key = p.key_r"
        f" JOIN homes hl ON hl.key = p.key_l JOIN homes hr ON hr.key = p.key_r {modelling.joins_sql()}"
        f" WHERE p.bits >= {rule.review!r} OR {modelling.SHARED_SQL}"
    )
    found: list[tuple[int, int, str]] = []
    for (a, b), one_, two in _facts(db, "weighed WHERE odd", "a, b"):
        if why := conflict(one_, two):
            found.append((a, b, why))
    rows = {
        "a": np.array([a for a, _, _ in found], dtype=np.int64),
        "b": np.array([b for _, b, _ in found], dtype=np.int64),
        "why": np.array([why for _, _, why in found], dtype=object),
    }
    db.execute("CREATE OR REPLACE TABLE contradicting (a BIGINT, b BIGINT, why VARCHAR)")
    if found:
        db.execute("INSERT INTO contradicting SELECT a, b, why FROM rows")
    del rows


def _facts(db: duckdb.DuckDBPyConnection, chosen: str, columns: str) -> Iterator[tuple[tuple[Any, ...], Facts, Facts]]:
    """Pairs of a table with both their records."""
    count = len(columns.split(","))
    found = db.execute(
        f"SELECT {columns}, {_SIDES} FROM (SELECT * FROM {chosen}) w"
        " JOIN homes hl ON hl.n = a JOIN homes hr ON hr.n = b"
        " JOIN records l ON l.key = hl.key JOIN records r ON r.key = hr.key"
    )
    while rows := found.fetchmany(_AT_ONCE):
        for row in rows:
            said = row[count:]
            yield row[:count], Facts(*said[: len(COLUMNS)]), Facts(*said[len(COLUMNS) :])


def _edges(rule: Rule) -> str:
    """The pairs that join: those that are sure, and those that a number or a person binds."""
    bound = (
        "SELECT least(l.n, r.n) AS a, greatest(l.n, r.n) AS b FROM {table} t JOIN homes l ON l.record = t.one"
        " JOIN homes r ON r.record = t.two WHERE l.n <> r.n"
    )
    return (
        f"SELECT a, b, bits FROM weighed ANTI JOIN contradicting USING (a, b) WHERE {_SURE.format(link=rule.link)}"
        f" UNION ALL SELECT a, b, {TOGETHER} FROM ({bound.format(table='bound')}) x"
        " ANTI JOIN contradicting USING (a, b)"
        f" UNION ALL SELECT a, b, {TOGETHER} FROM ({bound.format(table='same')}) y"
    )


def grouped(db: duckdb.DuckDBPyConnection, rule: Rule) -> Iterator[Regrouping]:
    """The residents of whom records would go elsewhere; makes the table ``placed``: the group of each record."""
    facts = db.execute(
        "SELECT CASE WHEN number = '' THEN -1 ELSE dense_rank() OVER (ORDER BY number) END::BIGINT AS trusted,"
        " rank::BIGINT AS ranks, home::BIGINT AS homes, home IN (SELECT home FROM touched) AS touched,"
        f" {EITHER.format(table='records')} AS either"
        " FROM homes JOIN records USING (key) ORDER BY n"
    ).fetchnumpy()
    edges = db.execute(
        f"SELECT a::BIGINT AS a, b::BIGINT AS b, bits FROM ({_edges(rule)}) e"
        " SEMI JOIN (FROM homes SEMI JOIN touched USING (home)) l ON l.n = a"
        " SEMI JOIN (FROM homes SEMI JOIN touched USING (home)) r ON r.n = b"
    ).fetchnumpy()
    edges = _no_guesses(db, edges, facts["trusted"], np.asarray(facts["either"]).astype(np.bool_))
    apart = db.execute(
        "SELECT a, b FROM (SELECT least(l.n, r.n) AS a, greatest(l.n, r.n) AS b FROM different d"
        " JOIN homes l ON l.record = d.one JOIN homes r ON r.record = d.two UNION SELECT a, b FROM contradicting) x"
        " ANTI JOIN (SELECT least(l.n, r.n) AS a, greatest(l.n, r.n) AS b FROM same s"
        " JOIN homes l ON l.record = s.one JOIN homes r ON r.record = s.two) y USING (a, b)"
    ).fetchall()
    homes = facts["homes"]
    case = clusters.Case(
        facts["trusted"], facts["ranks"], homes, edges["a"], edges["b"], edges["bits"], apart, rule.link, rule.bridge
    )
    labels = clusters.labels(case)
    # who was not looked at stays as they are
    labels = np.where(facts["touched"], labels, len(labels) + homes)
    numbered = {"n": np.arange(len(labels)), "label": labels}
    db.execute("CREATE OR REPLACE TABLE placed AS SELECT * FROM numbered")
    del numbered
    for groups in clusters.changed(labels, homes):
        yield _regrouping(db, groups)


def _no_guesses(db: duckdb.DuckDBPyConnection, edges: dict[str, Any], trusted: Any, either: Any) -> dict[str, Any]:
    """The pairs without those of a record that fits two people, which ``guesses`` keeps for a person to look at."""
    fits = fits_two(edges["a"], edges["b"], edges["bits"], trusted=trusted, either=either)
    guess = fits & (edges["bits"] < TOGETHER)
    rows = {name: edges[name][guess] for name in ("a", "b")}
    db.execute("CREATE OR REPLACE TABLE guesses AS SELECT * FROM rows")
    del rows
    return {name: values[~guess] for name, values in edges.items()}


def _regrouping(db: duckdb.DuckDBPyConnection, groups: list[list[int]]) -> Regrouping:
    numbers = sorted(n for group in groups for n in group)
    found = db.execute(
        "SELECT n, record, resident, version FROM homes WHERE n IN (SELECT unnest(?::BIGINT[])) ORDER BY n", [numbers]
    ).fetchall()
    place = {n: at for at, n in enumerate(numbers)}
    return Regrouping(
        [[place[n] for n in group] for group in groups],
        [row[1] for row in found],
        [row[2] for row in found],
        [row[3] for row in found],
    )


def doubtful(db: duckdb.DuckDBPyConnection, rule: Rule, most: int) -> tuple[list[tuple[UUID, Question]], int]:
    """Pairs that a person should look at, once for two groups and not again for two residents, at most so many, the
    likeliest first; and how many there are in all."""
    copy(db, "asked", _ASKED, _PAIR)
    db.execute(
        "CREATE OR REPLACE TABLE doubtful AS SELECT w.a, w.b, w.bits, coalesce(c.why, '') AS why, l.record AS one,"
        " r.record AS two FROM weighed w LEFT JOIN contradicting c USING (a, b)"
        " JOIN placed pl ON pl.n = a JOIN placed pr ON pr.n = b JOIN homes l ON l.n = a JOIN homes r ON r.n = b"
        " ANTI JOIN (SELECT least(x.label, y.label) AS one, greatest(x.label, y.label) AS two FROM asked"
        " JOIN homes h ON h.record = asked.one JOIN placed x ON x.n = h.n"
        " JOIN homes g ON g.record = asked.two JOIN placed y ON y.n = g.n) before"
        " ON before.one = least(pl.label, pr.label) AND before.two = greatest(pl.label, pr.label)"
        f" WHERE pl.label <> pr.label AND NOT opposed AND (c.why IS NOT NULL OR NOT ({_SURE.format(link=rule.link)})"
        " OR (a, b) IN (SELECT (a, b) FROM guesses))"
        " QUALIFY row_number() OVER (PARTITION BY least(pl.label, pr.label), greatest(pl.label, pr.label)"
        " ORDER BY w.bits DESC, a, b) = 1"
    )
    chosen = f"doubtful ORDER BY bits DESC, a, b LIMIT {most}"
    pairs = list(_facts(db, chosen, "one, two, bits, why"))
    frequent = shares([facts for _, *both in pairs for facts in both])
    asked = []
    for (left, right, bits, why), own, other in pairs:
        needed = 2 if why or risky(rule.model.score(own, other, frequent)) else 1
        asked.append((left, Question(right, "number" if why else "weight", why, bits, needed)))
    return asked, one(db, "SELECT count(*) FROM doubtful")
