"""Pairs to compare: each once, all of small blocks, neighbours of large ones, and with `fresh` those of new records."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import combinations

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.linkage import batch, engines
from doorstep.linkage.blocking import NEIGHBOURS, candidates
from doorstep.linkage.clustering import cluster
from doorstep.linkage.facts import COLUMNS, Facts, Said, standard
from doorstep.linkage.keys import KEYS, RARE
from doorstep.linkage.model import LINK
from doorstep.linkage.patterns import one
from doorstep.linkage.tests.making import facts
from doorstep.linkage.tests.people import records, table
from doorstep.linkage.tests.test_model import MODEL

MANY = 100_000
NAMES = ("name", "reading", "bag")


def found(db: duckdb.DuckDBPyConnection, fresh: str = "") -> set[tuple[str, str]]:
    candidates(engines.of(db), "facts", (*KEYS, *RARE), "pairs", fresh)
    rows = db.execute("SELECT key_l, key_r FROM pairs").fetchall()
    assert len(rows) == len(set(rows))
    return set(rows)


@settings(max_examples=10, deadline=None)
@given(st.lists(facts(), min_size=2, max_size=12))
def test_pairs_are_those_that_share_a_key(made: list[Facts]) -> None:
    made = [replace(each, key=f"{n:03}") for n, each in enumerate(made)]
    few = [key for key in (*KEYS, *RARE) if not key.rare or key.most >= len(made)]
    shared = {
        (a.key, b.key) for a, b in combinations(made, 2) if any(k.value(a) and k.value(a) == k.value(b) for k in few)
    }
    with table(made) as db:
        assert shared <= found(db)


@settings(max_examples=10, deadline=None)
@given(st.lists(facts(), min_size=2, max_size=30), st.sets(st.integers(0, 29)))
def test_new_against_all_is_what_all_against_all_gives_of_them(made: list[Facts], new: set[int]) -> None:
    made = [replace(each, key=f"{n:03}") for n, each in enumerate(made)]
    fresh = {f"{n:03}" for n in new}
    with table(made) as db:
        db.execute("CREATE TABLE fresh (key VARCHAR)")
        db.executemany("INSERT INTO fresh VALUES (?)", [[key] for key in [*fresh, "none"]])
        assert found(db, "fresh") == {pair for pair in found(db) if fresh & set(pair)}


def test_a_batch_of_new_records_weighs_as_the_whole_does() -> None:
    made, _ = records(200)
    db = table(made)
    db.execute("CREATE TABLE fresh AS SELECT key FROM facts WHERE hash(key) % 5 = 0")
    batch.link(db, "facts", MODEL, "whole")
    count = batch.link(db, "facts", MODEL, "part", fresh="fresh")
    few = "SELECT * FROM whole WHERE key_l IN (FROM fresh) OR key_r IN (FROM fresh) ORDER BY ALL"
    assert count > 50
    assert db.execute("SELECT * FROM part ORDER BY ALL").fetchall() == db.execute(few).fetchall()


def copies(said: Said, change: str) -> duckdb.DuckDBPyConnection:
    """A hundred thousand times one record, but for what `change` says of number n."""
    one = standard(said)
    db = table([])
    columns = ", ".join(f"? AS {column}" for column in COLUMNS)
    values = [getattr(one, column) for column in COLUMNS]
    changed = f"printf('%06d', n) AS key{change}"
    db.execute(
        f"INSERT INTO facts WITH r AS (SELECT range AS n FROM range({MANY}))"
        f" SELECT * EXCLUDE (n) REPLACE ({changed}) FROM (SELECT {columns}), r",
        values,
    )
    return db


SOMEBODY = Said("", "王伟", "1", "1990-03-05", "", "13912345678", "430100000001", "石桥区锦绣花园3-2-501", "李梅")


@pytest.mark.parametrize(
    ("said", "change"),
    [
        (SOMEBODY, ""),  # all identical
        (replace(SOMEBODY, address="", guardian="", insurance=""), "".join(f", 'n' || n AS {c}" for c in NAMES)),
        (replace(SOMEBODY, name="王" * 10_000, address="石桥镇" * 4_000), ""),
    ],
    ids=["identical", "a phone of all", "long names"],
)
def test_a_hundred_thousand_that_share_a_key_take_linear_time(
    said: Said, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    db = copies(said, change)
    start = time.process_time()
    keys = (*KEYS, *RARE)
    narrowed = candidates(engines.of(db), "facts", keys, "pairs")
    pairs = one(db, "SELECT count(*) FROM pairs")
    assert narrowed
    assert all(each.records == MANY for each in narrowed)
    assert "compared with neighbours only" in caplog.text
    assert pairs <= len(KEYS) * NEIGHBOURS * MANY
    assert time.process_time() - start < 60


def test_identical_records_beyond_the_block_still_come_together() -> None:
    db = copies(SOMEBODY, "")
    db.execute("DELETE FROM facts WHERE key >= '002000'")
    batch.link(db, "facts", MODEL, "edges")
    rows = db.execute("SELECT key_l::BIGINT AS l, key_r::BIGINT AS r, bits FROM edges").fetchnumpy()
    nobody = np.full(2000, -1, dtype=np.int64)
    labels = cluster(2000, rows["l"], rows["r"], rows["bits"], trusted=nobody, threshold=LINK, bridge=LINK)
    assert set(labels.tolist()) == {0}
