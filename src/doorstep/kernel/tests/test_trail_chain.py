"""Walking the chain without a database: whatever is done to a chain is found, and nothing where nothing was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.trail_chain import GENESIS, LATE, NEAR, Breach, Fields, Mark, Row, Walk, link

START = datetime(2026, 3, 1, tzinfo=UTC)
Chain = list[Row]


def line(number: int, word: str = "") -> Fields:
    at = START + timedelta(minutes=number)
    return (
        number, at, "staff:1", "张三", None, None, "TREAT", "charts.read", "done", "Patient", word or f"p{number}",
        None, {"n": number}, "",
    )  # fmt: skip


def chained(lines: list[Fields]) -> Chain:
    rows, previous = [], GENESIS
    for position, fields in enumerate(lines, start=1):
        previous = link(previous, fields)
        rows.append(Row(position, fields[0], fields[1], previous, fields))
    return rows


def chain(length: int) -> Chain:
    return chained([line(number) for number in range(1, length + 1)])


def numbered(rows: Chain) -> Chain:
    """What a forger does who knows that positions have no gaps."""
    return [replace(row, position=position) for position, row in enumerate(rows, start=1)]


def walked(rows: Chain, marks: list[Mark] | None = None) -> list[Breach]:
    walk = Walk(marks or [])
    for row in rows:
        walk.take(row)
    return walk.end()


def mark(rows: Chain, position: int) -> Mark:
    row = rows[position - 1]
    return Mark(position, row.hash, row.at)


def places(found: list[Breach]) -> list[tuple[int, str]]:
    return [(breach.position, breach.kind) for breach in found]


FORGED = line(99, "forged")


def change(rows: Chain, n: int) -> Chain:
    fields = rows[n].fields
    if fields is None:
        return rows
    return [*rows[:n], replace(rows[n], fields=(*fields[:3], "李四", *fields[4:])), *rows[n + 1 :]]


def remove(rows: Chain, n: int) -> Chain:
    return [*rows[:n], *rows[n + 1 :]]


def remove_renumbered(rows: Chain, n: int) -> Chain:
    return numbered(remove(rows, n))


def insert(rows: Chain, n: int) -> Chain:
    before = rows[n - 1].hash if n else GENESIS
    at = rows[n].at
    fields = (FORGED[0], at, *FORGED[2:])
    return numbered([*rows[:n], Row(0, 99, at, link(before, fields), fields), *rows[n:]])


def insert_with_a_made_up_hash(rows: Chain, n: int) -> Chain:
    made = insert(rows, n)
    return [*made[:n], replace(made[n], hash=b"x" * 32), *made[n + 1 :]]


def swap_whole(rows: Chain, n: int) -> Chain:
    return numbered([*rows[:n], rows[n + 1], rows[n], *rows[n + 2 :]])


def swap_lines(rows: Chain, n: int) -> Chain:
    a, b = rows[n], rows[n + 1]
    return [*rows[:n], replace(b, position=n + 1, hash=a.hash), replace(a, position=n + 2, hash=b.hash), *rows[n + 2 :]]


def lose_the_line(rows: Chain, n: int) -> Chain:
    return [*rows[:n], replace(rows[n], fields=None), *rows[n + 1 :]]


SEEN: dict[Callable[[Chain, int], Chain], str] = {
    change: "changed",
    remove: "removed",
    insert: "inserted",
    insert_with_a_made_up_hash: "inserted",
    swap_whole: "reordered",
    swap_lines: "reordered",
    lose_the_line: "removed",
}


@given(st.integers(0, 30))
def test_a_whole_chain_has_no_breach(length: int) -> None:
    rows = chain(length)
    assert walked(rows, [mark(rows, p) for p in range(1, length + 1)]) == []


@given(st.sampled_from(list(SEEN)), st.integers(3, 20), st.data())
def test_what_was_done_is_told_with_its_place(what: Callable[[Chain, int], Chain], length: int, data: st.DataObject):
    n = data.draw(st.integers(0, length - 2))
    found = walked(what(chain(length), n))
    assert found[0].position == n + 1
    assert found[0].kind == SEEN[what]
    if SEEN[what] != "reordered":
        assert len(found) == 1


@given(st.integers(3, 20), st.data())
def test_a_line_taken_out_with_all_places_renumbered_is_told_by_the_head(length: int, data: st.DataObject) -> None:
    rows = chain(length)
    n = data.draw(st.integers(0, length - 2))
    assert places(walked(remove_renumbered(rows, n), [mark(rows, length)])) == [(n + 1, "removed")]


@given(st.integers(2, 20), st.data())
def test_a_chain_laid_anew_is_told_by_the_head(length: int, data: st.DataObject) -> None:
    rows = chain(length)
    n = data.draw(st.integers(0, length - 1))
    lines = [line(i, "forged" if i == n + 1 else "") for i in range(1, length + 1)]
    assert walked(chained(lines)) == []
    heads = [mark(rows, p) for p in range(1, length + 1)]
    assert places(walked(chained(lines), heads)) == [(n + 1, "rewritten")]


@given(st.integers(1, 20), st.data())
def test_a_tail_cut_off_is_told_by_the_head(length: int, data: st.DataObject) -> None:
    rows = chain(length)
    left = data.draw(st.integers(0, length - 1))
    assert walked(rows[:left]) == []
    assert places(walked(rows[:left], [mark(rows, length)])) == [(left + 1, "truncated")]


@given(st.lists(st.tuples(st.sampled_from(list(SEEN)), st.integers(0, 30)), min_size=1, max_size=4))
def test_no_sequence_of_tampering_goes_unseen(acts: list[tuple[Callable[[Chain, int], Chain], int]]) -> None:
    rows = whole = chain(12)
    for act, n in acts:
        if len(rows) > 2:
            rows = act(rows, n % (len(rows) - 1))
    if rows == whole:  # two exchanges may undo each other
        return
    found = walked(rows, [mark(whole, 12)])
    first = next((n for n, (a, b) in enumerate(zip(rows, whole, strict=False)) if a != b), min(len(rows), 12))
    assert found
    assert found[0].position <= first + 2


def test_many_lines_put_in_at_once_are_told_each() -> None:
    rows = chain(5)
    assert NEAR > 3
    for _ in range(3):
        rows = insert(rows, 2)
    assert {kind for _, kind in places(walked(rows))} == {"inserted"}
    assert walked(rows)[0].position == 3


def test_a_line_that_stands_far_behind_younger_ones_was_dated_back() -> None:
    lines = [line(1), line(2), line(2 - int(LATE.total_seconds() // 60) - 1), line(3)]
    assert places(walked(chained(lines))) == [(3, "backdated")]
    lines[2] = line(2 - int(LATE.total_seconds() // 60))
    assert walked(chained(lines)) == []


def test_a_walk_from_a_head_needs_nothing_before_it() -> None:
    rows = chain(9)
    walk = Walk([mark(rows, 9)], since=mark(rows, 4))
    for row in rows[4:]:
        walk.take(row)
    assert (walk.end(), walk.position, walk.marks_held) == ([], 9, 1)
    walk = Walk(since=replace(mark(rows, 4), hash=b"y" * 32))
    for row in rows[4:]:
        walk.take(row)
    assert places(walk.end()) == [(5, "changed")]


def test_lines_that_are_retired_and_away_are_counted_and_the_rest_still_holds() -> None:
    rows = [replace(row, fields=None) if row.position <= 3 else row for row in chain(6)]
    walk = Walk([mark(rows, 6)], away=lambda at: at <= rows[2].at)
    for row in rows:
        walk.take(row)
    assert (walk.end(), walk.not_here) == ([], 3)


def test_where_everything_is_wrong_it_stops() -> None:
    walk = Walk()
    for row in chain(400):
        if walk.full:
            break
        walk.take(replace(row, hash=b"z" * 31 + bytes([row.position % 256])))
    assert walk.full
    assert walk.position < 400


@pytest.mark.parametrize("at", [START, START.astimezone()])
def test_a_hash_knows_no_zone(at: datetime) -> None:
    assert link(GENESIS, (1, at, *line(1)[2:])) == link(GENESIS, (1, START, *line(1)[2:]))
