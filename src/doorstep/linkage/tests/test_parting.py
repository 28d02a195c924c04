"""Pairs compared in parts: what is found is what is found at once, each pair once."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.linkage import batch, parting
from doorstep.linkage.engines import Duck
from doorstep.linkage.facts import Said, standard
from doorstep.linkage.tests.people import records, table
from doorstep.linkage.tests.test_model import MODEL

KEY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=4)


def parted(db: duckdb.DuckDBPyConnection, most: int) -> list[tuple[str, str, int]]:
    engine = Duck(db)
    engine.most = most
    parting.compare(engine, "facts", "pairs", "out", lambda pairs: f"SELECT key_l, key_r, l.day + r.day FROM {pairs}")
    return db.execute("SELECT * FROM out ORDER BY ALL").fetchall()


@settings(max_examples=40, deadline=None)
@given(st.sets(KEY | st.sampled_from(["'", "a'b", "''", "0"]), min_size=2, max_size=12), st.integers(1, 13))
def test_whatever_the_keys_each_pair_is_compared_once(keys: set[str], most: int) -> None:
    somebody = standard(Said("", birth_date="1990-03-05"))
    in_order = sorted(keys, key=str.encode)  # as DuckDB compares texts
    pairs = [*combinations(in_order, 2)]
    with table([replace(somebody, key=key) for key in keys]) as db:
        db.execute("CREATE TABLE pairs (key_l VARCHAR, key_r VARCHAR)")
        db.executemany("INSERT INTO pairs VALUES (?, ?)", [[*each] for each in pairs])
        twice = 2 * somebody.day
        found = parted(db, most)
    assert sorted(found) == sorted((one, two, twice) for one, two in pairs)


def test_a_batch_in_parts_weighs_as_one_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    db = table(records(200)[0])
    count = batch.link(db, "facts", MODEL, "whole")
    monkeypatch.setattr(Duck, "most", 70)
    assert batch.link(db, "facts", MODEL, "parted") == count > 100
    both = [db.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for name in ("whole", "parted")]
    assert both[0] == both[1]
