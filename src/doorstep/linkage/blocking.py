"""The pairs that a batch compares: records that share a key, each pair once, never all pairs of many records.

A telephone may be a whole hospital's, and a test patient may be there a hundred thousand times: of a key that many
share, records are compared with their neighbours in the order of what they say (the sorted neighbourhood of Hernández
and Stolfo 1995), so that work grows with records and not with their square. What was narrowed is told.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, NamedTuple

from doorstep.linkage.engines import Engine
from doorstep.linkage.keys import Key

NEIGHBOURS: Final = 10
"""How many records after it each is compared with, where too many share a key."""
_ORDER: Final = "name, birth, number, typed, insurance, phone, estate, unit, t.key"
EMPTY: Final = "''"
_log = logging.getLogger(__name__)


class Narrowed(NamedTuple):
    """A key that too many records shared: in how many blocks, of how many records in all."""

    key: str
    blocks: int
    records: int


def candidates(engine: Engine, table: str, keys: Sequence[Key], out: str, fresh: str = "") -> list[Narrowed]:
    """Make the table `out` (key_l, key_r) of pairs to compare, each once, the smaller key first.

    With `fresh` (a table of keys) only pairs with one of those records, the same as there are without.
    """
    codes, narrowed = f"{out}_codes", {}
    engine.make(codes, _codes(engine, table, keys, fresh))
    made = []
    for at in sorted(range(len(keys)), key=lambda at: bool(keys[at].within)):
        key, column, found, blocks = keys[at], f"c{at}", f"{out}_{at}", f"{out}_blocks"
        if key.within and key.within not in narrowed and any(each.name == key.within for each in keys):
            continue
        engine.make(blocks, _blocks(codes, column, new=bool(fresh)))
        hot = engine.rows(f"SELECT count(*), sum(n) FROM {blocks} WHERE n > {key.most}")[0]
        ways = [_within(codes, column, blocks, key.most)]
        if hot[0] and not key.rare:
            ways.append(_beside(codes, column, blocks, key.most, table))
            narrowed[key.name] = Narrowed(key.name, int(hot[0]), int(hot[1]))
            _log.warning("key %r: %s blocks of %s records in all compared with neighbours only", *narrowed[key.name])
        engine.make(found, " UNION ALL ".join(ways))
        engine.drop(blocks)
        made.append(found)
    every = " UNION ALL ".join(f"SELECT a, b FROM {name}" for name in made)
    new, keep = "WHERE l.fresh OR r.fresh" if fresh else "", engine.make
    for some in _slices(engine, codes):
        keep(
            out,
            "SELECT least(l.key, r.key) AS key_l, greatest(l.key, r.key) AS key_r"
            f" FROM (SELECT DISTINCT a, b FROM ({every}) every WHERE {some.format('a')}) pairs"
            f" JOIN (SELECT * FROM {codes} WHERE {some.format('n')}) l ON l.n = a JOIN {codes} r ON r.n = b {new}",
        )
        keep = engine.add
    for name in (codes, *made):
        engine.drop(name)
    return list(narrowed.values())


def _slices(engine: Engine, codes: str) -> list[str]:
    """Conditions on a number, each of which about so many records meet as the engine joins at once."""
    count = int(engine.rows(f"SELECT count(*) FROM {codes}")[0][0])
    if count <= engine.most:
        return ["TRUE"]
    return [f"{{0}} > {low} AND {{0}} <= {low + engine.most}" for low in range(0, count, engine.most)]


def _codes(engine: Engine, table: str, keys: Sequence[Key], fresh: str) -> str:
    """Each record with a number (n) and, for each key that it has, 64 bits (c0, c1, …)."""
    columns = (
        f"CASE WHEN {' AND '.join(f'{column} <> {EMPTY}' for column in key.columns)}"
        f" THEN {engine.hash}({', '.join(key.columns)}) END AS c{at}"
        for at, key in enumerate(keys)
    )
    new = f"key IN (SELECT key FROM {fresh})" if fresh else "FALSE"
    return f"SELECT key, {engine.number} AS n, {new} AS fresh, {', '.join(columns)} FROM {table}"


def _blocks(codes: str, column: str, *, new: bool) -> str:
    """The codes that two records or more have, and how many (n); with `new`, one of them a new record."""
    only = " AND max(CASE WHEN fresh THEN 1 ELSE 0 END) = 1" if new else ""
    return (
        f"SELECT {column} AS code, count(*) AS n FROM {codes} WHERE {column} IS NOT NULL"
        f" GROUP BY {column} HAVING count(*) > 1{only}"
    )


def _members(codes: str, column: str, blocks: str, size: str) -> str:
    return f"SELECT c.n AS n, code FROM {codes} c JOIN {blocks} b ON c.{column} = b.code WHERE b.n {size}"


def _within(codes: str, column: str, blocks: str, most: int) -> str:
    members = _members(codes, column, blocks, f"<= {most}")
    return f"SELECT l.n AS a, r.n AS b FROM ({members}) l JOIN ({members}) r ON l.code = r.code AND l.n < r.n"


def _beside(codes: str, column: str, blocks: str, most: int, table: str) -> str:
    """Neighbours in the order of what records say."""
    members = _members(codes, column, blocks, f"> {most}")
    placed = (
        f"SELECT members.n, code, row_number() OVER (PARTITION BY code ORDER BY {_ORDER}) AS place"
        f" FROM ({members}) members JOIN {codes} c ON c.n = members.n JOIN {table} t ON t.key = c.key"
    )
    shifts = " UNION ALL ".join(f"SELECT {shift} AS shift" for shift in range(1, NEIGHBOURS + 1))
    return (
        "SELECT least(l.n, r.n) AS a, greatest(l.n, r.n) AS b"
        f" FROM (SELECT * FROM ({placed}) placed CROSS JOIN ({shifts}) shifts) l JOIN ({placed}) r"
        " ON l.code = r.code AND r.place = l.place + l.shift"
    )
