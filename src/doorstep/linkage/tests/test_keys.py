"""The keys by which candidates are found: a batch's SQL and the register's hashes agree on every pair."""

from __future__ import annotations

from dataclasses import astuple

import duckdb
from hypothesis import given

from doorstep.linkage.facts import COLUMNS, Facts
from doorstep.linkage.keys import KEYS, hashes
from doorstep.linkage.tests.making import facts


@given(facts("a"), facts("b"))
def test_sql_and_hashes_find_the_same_pairs(a: Facts, b: Facts) -> None:
    columns = ", ".join(f"? AS {name}" for name in COLUMNS)
    asked = ", ".join(key.sql for key in KEYS)
    row = duckdb.execute(
        f"SELECT {asked} FROM (SELECT {columns}) l, (SELECT {columns}) r", [*astuple(a), *astuple(b)]
    ).fetchone()
    assert row == tuple(bool(key.value(a)) and key.value(a) == key.value(b) for key in KEYS)
    assert any(row) == bool(set(hashes(a)) & set(hashes(b)))


@given(facts())
def test_a_record_has_few_keys_and_each_once(one: Facts) -> None:
    found = hashes(one)
    assert len(found) == len(set(found)) <= len(KEYS)
    assert all(-(2**63) <= each < 2**63 for each in found)
