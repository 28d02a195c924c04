"""One specification: the Python tests and the SQL of every level say the same of any two records."""

from __future__ import annotations

from dataclasses import astuple

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.linkage.facts import COLUMNS, Facts, Said, standard
from doorstep.linkage.specification import (
    ADDRESS,
    BIRTH,
    CERTIFICATE,
    COMPARISONS,
    GUARDIAN,
    INSURANCE,
    NAME,
    NUMBER,
    SILENT,
    Comparison,
)
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
        # a wrong ID is never exact, nor a guardian without an ID the same by ID, nor a home without its unit; of a twin
        # the birth date is another's too
        lower = {"number": 1, "guardian": 1, "address": 6, "birth": 1}.get(comparison.name, 0)
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
        ("买买提·吐尔逊", "买买提", "given name only"),
        ("坎拜尔妮萨罕铁木尔", "坎拜尔妮萨罕", "near in sound"),
        ("王伟", "Wei Wang", "same characters"),
        ("JACOB LANYON", "LANYON JACOB", "same characters"),
        ("Jacob Lanyon", "Jakob Lanyon", "near in sound"),
        ("Robert Alan", "Rob Allan", "near in letters"),
        ("Nathan Challenor", "Challenor Nathqn", "near in letters"),
        ("Jacob", "Jacob Lanyon", "as far as it is said"),
        ("Jacob Lanyon", "Jacob Smith", "given name only"),
        ("Jacob Lanyon", "Mary Lanyon", "surname only"),
        ("Jacob Lanyon", "Mary Lanyn", "one name near in letters"),
        ("Jacob Lanyon", "Mary Smith", "else"),
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
        ("19900305", "1990-03-05", "exact"),
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


@pytest.mark.parametrize(
    ("other", "level"),
    [
        ({"guardian": "李梅"}, "same name"),
        ({"guardian": "王强", "mother": "李梅"}, "same name"),
        ({"guardian": "赵红", "father": "王强"}, "same name"),
        ({"guardian": "王强"}, "same name"),
        ({"guardian": "赵红", "mother": "张兰"}, "else"),
        ({}, "silent"),
    ],
)
def test_who_is_named_for_a_child_in_whatever_order(other: dict[str, str], level: str) -> None:
    ward = Said("a", name="李梅之子", guardian="王强")
    assert reached(GUARDIAN, ward, Said("b", name="王小宝", **other)) == level  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("R430012345", "r4300 12345", "exact"),
        ("R430012345", "R430812345", "one digit"),
        ("R430012345", "S430012345", "one digit"),
        ("R430012345", "R430012346", "else"),  # a twin's is the next one
        ("R430012345", "R430021345", "else"),
        ("R430012345", "R000000000", "silent"),
    ],
)
def test_certificates_of_birth(one: str, other: str, level: str) -> None:
    assert reached(CERTIFICATE, Said("a", certificate=one), Said("b", certificate=other)) == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("6 Tullaroop Street, Willaroo, St James, 4011, WA", "6 tullaroop st, st james, 4011", "same home"),
        ("6 Tullaroop Street, St James, 4011", "8 Tullaroop Street, St James, 4011", "same estate and place"),
        ("6 Tullaroop Street, St James, 4011", "8 Tullarop Street, Perth, 4000", "near in letters"),
        ("6 Tullaroop Street, St James, 4011", "1 High Street, Subiaco, 4011", "same district"),
        ("6 Tullaroop Street, St James, 4011", "1 High Street, Subiaco, 4012", "else"),
        ("石桥区锦绣花园3-2-501", "石桥区锦绣花园4-1-301", "same estate and place"),
        ("石桥区锦绣花园3-2-501", "石桥区和平小区3-2-502", "same district"),
    ],
)
def test_addresses(one: str, other: str, level: str) -> None:
    assert reached(ADDRESS, Said("a", address=one), Said("b", address=other)) == level


def test_what_an_id_brings_with_it_is_no_second_witness() -> None:
    card = {"birth_date": "1949-12-31", "resident_id": "11010519491231002X", "insurance": "43010000001"}
    one, other = Said("a", name="王伟", **card), Said("b", name="李梅", **card)  # type: ignore[arg-type]
    assert reached(BIRTH, one, other) == reached(INSURANCE, one, other) == "silent"


def test_the_birth_date_of_a_twin_says_less() -> None:
    one, other = Said("a", birth_date="2020-03-05", rank=1), Said("b", birth_date="2020-03-05")
    assert reached(BIRTH, one, other) == "exact, of a twin"
