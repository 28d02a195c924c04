"""One specification: the Python tests and the SQL of every level say the same of any two records."""

from __future__ import annotations

from dataclasses import astuple

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.linkage.facts import COLUMNS, Facts, Said, standard
from doorstep.linkage.specification import BIRTH, COMPARISONS, NAME, NUMBER, SILENT, Comparison
from doorstep.linkage.tests.making import facts

KINDS = ", ".join(f"{name} {'INTEGER' if name in ('day', 'rank') else 'VARCHAR'}" for name in COLUMNS)


def by_sql(pairs: list[tuple[Facts, Facts]], comparison: Comparison) -> list[int]:
    with duckdb.connect() as db:
        for side in ("l", "r"):
            db.execute(f"CREATE TABLE {side}_ (n INTEGER, {KINDS})")
        marks = ", ".join(["?"] * (len(COLUMNS) + 1))
        for number, side in enumerate(("l", "r")):
            rows = [[n, *astuple(pair[number])] for n, pair in enumerate(pairs)]
            db.executemany(f"INSERT INTO {side}_ VALUES ({marks})", rows)
        found = db.execute(f"SELECT {comparison.sql} FROM l_ l JOIN r_ r USING (n) ORDER BY n").fetchall()
    return [row[0] for row in found]


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda c: c.name)
def test_sql_and_python_agree(comparison: Comparison) -> None:
    @settings(max_examples=6, deadline=None)
    @given(st.lists(st.tuples(facts("a"), facts("b")), min_size=30, max_size=60))
    def judge(pairs: list[tuple[Facts, Facts]]) -> None:
        assert by_sql(pairs, comparison) == [comparison.level(a, b) for a, b in pairs]

    judge()


@given(facts("a"), facts("b"))
def test_levels_do_not_depend_on_which_comes_first(a: Facts, b: Facts) -> None:
    for comparison in COMPARISONS:
        assert comparison.level(a, b) == comparison.level(b, a)


@given(facts("a"))
def test_a_record_reaches_the_first_level_with_itself(a: Facts) -> None:
    for comparison in COMPARISONS:
        # a wrong ID is never exact, nor a guardian without an ID the same by ID, nor a home without its unit
        lower = {"number": 1, "guardian": 1, "address": 4}.get(comparison.name, 0)
        assert SILENT <= comparison.level(a, a) <= lower, comparison.name


def reached(comparison: Comparison, a: Said, b: Said) -> str:
    level = comparison.level(standard(a), standard(b))
    return "silent" if level == SILENT else comparison.names[level]


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("王伟", "王 伟", "exact"),
        ("歐陽若蘭", "欧阳若兰", "exact"),
        ("ＷＡＮＧ ＷＥＩ", "wang wei", "exact"),
        ("王伟", "王玮", "same sound"),
        ("王伟", "WANG WEI", "same sound"),
        ("曾小明", "ZENG XIAOMING", "same sound"),
        ("王文博", "王博文", "same characters"),
        ("王晓未", "王晓末", "one character"),
        ("王文博", "王文", "one character"),
        ("李张明亮", "章明亮", "else"),
        ("张小明", "陈小明", "given name only"),
        ("王建国", "王美丽", "surname only"),
        ("李梅之子", "王小宝", "silent"),
        ("买买提·吐尔逊", "买买提•吐尔逊", "exact"),
    ],
)
def test_names(one: str, other: str, level: str) -> None:
    assert reached(NAME, Said("a", name=one), Said("b", name=other)) == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("1990-03-05", "1990-03-05", "exact"),
        ("1990-03-05", "1990-03-06", "slip"),
        ("1990-03-05", "1990-05-03", "slip"),
        ("1990-03-05", "1990-01-01", "slip"),
        ("1990-03-05", "1990-04-09", "lunar"),
        ("1990-03-05", "1990-11-28", "same year"),
        ("1990-03-05", "1962-03-05", "same day"),
        ("1990-03-05", "1962-11-28", "else"),
        ("1990-03-05", "1990-02-30", "silent"),
    ],
)
def test_birth_dates(one: str, other: str, level: str) -> None:
    assert reached(BIRTH, Said("a", birth_date=one), Said("b", birth_date=other)) == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("11010519491231002X", "11010519491231002x", "exact"),
        ("110105491231002", "11010519491231002X", "exact"),
        ("11010519491231002X", "11010519491231020X", "typing error"),
        ("11010519491231002X", "439921198503150023", "another valid"),
        ("11010519491231002X", "11010519490000000X", "else"),
        ("11010519491231002X", "", "silent"),
    ],
)
def test_numbers(one: str, other: str, level: str) -> None:
    assert reached(NUMBER, Said("a", resident_id=one), Said("b", resident_id=other)) == level
