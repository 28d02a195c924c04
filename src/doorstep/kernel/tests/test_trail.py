"""The trail: nothing in it can be changed, and where somebody did who owns the database, the place is found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import InternalError, ProgrammingError

from doorstep.kernel import clock, trail, trail_months, trail_search, trail_verify
from doorstep.kernel.ids import new_id
from doorstep.kernel.models import TrailLine, TrailSeal
from doorstep.kernel.paging import Page
from doorstep.kernel.testing.at_once import at_once
from doorstep.kernel.testing.callers import system
from doorstep.kernel.testing.tampering import alter
from doorstep.kernel.trail_chain import LATE

WHO = new_id()


def write(*names: str) -> None:
    for name in names:
        detail = {"n": 1.5, "词": [True, None, "é"], "z": {"b": 1, "a": 2}}
        trail.write(system(), f"test.{name}", subject=("Thing", name), resident=WHO, detail=detail)


def write_at(name: str, back: timedelta) -> int:
    line = TrailLine.objects.create(
        at=clock.now() - back, actor="staff:x", name=name, action="test.back", outcome="done"
    )
    return int(line.pk)


def found() -> list[tuple[int, int, str]]:
    return [(b.position, b.line, b.kind) for b in trail_verify.verify().breaches]


def numbers() -> list[int]:
    return list(TrailSeal.objects.order_by("position").values_list("line_id", flat=True))


@pytest.mark.django_db
class TestChain:
    def test_lines_are_chained_once_in_their_order(self):
        write("a", "b", "c")
        assert trail.seal(2) == 2
        write("d")
        assert (trail.seal(), trail.seal(), found()) == (2, 0, [])
        lines = dict(TrailLine.objects.values_list("pk", "subject_id"))
        assert [lines[n] for n in numbers()] == ["a", "b", "c", "d"]
        assert len({bytes(h) for h in TrailSeal.objects.values_list("hash", flat=True)}) == 4

    def test_an_empty_trail_holds(self):
        assert (trail.seal(), found()) == (0, [])

    def test_many_lines_at_once_are_lines_like_others(self):
        rows = [
            {"outcome": "done", "subject": ("Thing", str(n)), "resident": None, "detail": {"n": n}} for n in range(3)
        ]
        trail.write_many(system(), "test.many", rows)
        trail.write_many(system(), "test.none", [])
        assert (trail.seal(), found()) == (3, [])
        assert list(TrailLine.objects.order_by("pk").values_list("subject_id", "detail")) == [
            (str(n), {"n": n}) for n in range(3)
        ]

    def test_a_line_that_was_committed_late_is_sealed_too(self):
        write("a", "b")
        trail.seal()
        write_at("late", timedelta(hours=1))
        assert trail.seal() == 0
        assert (trail.seal(whole=True), found()) == (1, [])

    def test_what_is_sealed_in_blocks_is_verified_in_blocks(self, monkeypatch):
        monkeypatch.setattr(trail_verify, "BLOCK", 3)
        write(*"abcdefgh")
        seen = []
        report = trail_verify.verify(progress=lambda at, of: seen.append((at, of)))
        assert (report.breaches, report.position, seen) == ((), 8, [(3, 8), (6, 8)])


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["kernel_trailline", "kernel_trailseal", "the month", "kernel_trailline_rest"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_no_statement_of_the_program_changes_it(table, statement):
    write("a")
    trail.seal()
    table = f"kernel_trailline_{clock.today():%Y_%m}" if table == "the month" else table
    column = "position = 9" if table == "kernel_trailseal" else "name = 'x'"
    text = statement.replace("{} = {}", column).format(table)
    with (
        connection.cursor() as cursor,
        pytest.raises((InternalError, ProgrammingError), match="append-only"),
        transaction.atomic(),
    ):
        cursor.execute(text)
    assert (TrailLine.objects.count(), TrailSeal.objects.count()) == (1, 1)


FIELDS = {
    "at": "at + interval '1 microsecond'", "actor": "'staff:x'", "name": "'某人'", "post": "gen_random_uuid()",
    "organisation": "gen_random_uuid()", "purpose": "'X'", "action": "'x'", "outcome": "'refused'",
    "subject_type": "'X'", "subject_id": "'9'", "resident": "NULL", "detail": "'{\"n\": 2}'", "request": "'r'",
}  # fmt: skip


@pytest.mark.django_db
class TestTampering:
    @pytest.mark.parametrize("column", FIELDS)
    def test_a_changed_column_is_found_with_its_place(self, column):
        write("a", "b", "c")
        trail.seal()
        line = numbers()[1]
        alter(f"UPDATE kernel_trailline SET {column} = {FIELDS[column]} WHERE id = %s", line)
        assert found() == [(2, line, "changed")]

    def test_a_line_taken_out_is_found(self):
        write("a", "b", "c")
        trail.seal()
        _, line, after = numbers()
        alter("DELETE FROM kernel_trailline WHERE id = %s", line)
        assert found() == [(2, line, "removed")]
        alter("DELETE FROM kernel_trailseal WHERE line_id = %s", line)
        assert found() == [(2, after, "removed")]

    def test_a_line_put_between_with_its_own_seal_is_found(self):
        write("a", "b", "c")
        trail.seal()
        forged = write_at("forged", timedelta(0))
        line = TrailLine.objects.get(pk=forged)
        alter("UPDATE kernel_trailseal SET position = -position - 1 WHERE position > 1")
        alter("UPDATE kernel_trailseal SET position = -position WHERE position < 0")
        TrailSeal.objects.create(position=2, line_id=forged, at=line.at, hash=b"x" * 32)
        assert found() == [(2, forged, "inserted")]

    def test_two_lines_that_changed_places_are_found(self):
        write("a", "b")
        trail.seal()
        first, second = TrailSeal.objects.order_by("position")
        alter("DELETE FROM kernel_trailseal")
        for position, moved, kept in ((1, second, first), (2, first, second)):
            TrailSeal.objects.create(position=position, line_id=moved.line_id, at=moved.at, hash=bytes(kept.hash))
        assert found() == [(1, second.line_id, "reordered"), (2, first.line_id, "reordered")]

    def test_a_changed_hash_is_found(self):
        write("a", "b")
        trail.seal()
        alter("UPDATE kernel_trailseal SET hash = '\\x00' WHERE position = 1")
        assert found()[0][0] == 1

    def test_a_line_dated_back_is_found_where_it_was_sealed(self):
        write("a", "b")
        trail.seal()
        line = write_at("forged", LATE * 2)
        alter("UPDATE kernel_trailline SET id = id WHERE false")
        assert found() == [(0, line, "unsealed")]
        assert trail.seal(whole=True) == 0, "it gets no seal that would make it look like the others"

    def test_a_line_moved_to_another_month_is_a_changed_line(self):
        write("a", "b")
        trail.seal()
        line = numbers()[0]
        alter("UPDATE kernel_trailline SET at = at - interval '70 days' WHERE id = %s", line)
        assert found() == [(1, line, "changed")]


@pytest.mark.django_db(transaction=True)
def test_many_sealers_at_once_lay_one_chain():
    write(*"abcdefgh")
    done = at_once(*[trail.seal] * 4)
    while trail.seal():
        pass
    assert sum(done) <= 8
    assert (TrailSeal.objects.count(), found()) == (8, [])


@pytest.mark.django_db
def test_found_by_person_and_page():
    write(*"abcde")
    page = trail_search.find(trail_search.Wanted(resident=WHO), Page((), 2))
    assert [line.subject_id for line in page.items] == ["e", "d"]
    after = trail_search.find(trail_search.Wanted(resident=WHO), Page.read(page.next, 9, parts=2))
    assert [line.subject_id for line in after.items] == ["c", "b", "a"]


@pytest.mark.django_db
class TestMonths:
    def test_a_line_stands_in_the_table_of_its_month(self):
        write("a")
        with connection.cursor() as cursor:
            cursor.execute("SELECT tableoid::regclass::text FROM kernel_trailline")
            assert cursor.fetchall() == [(f"kernel_trailline_{clock.today():%Y_%m}",)]
        assert len(trail_months.parts()) >= trail_months.AHEAD + 1

    def test_a_month_begins_in_china(self):
        trail_months.make_ahead()
        part = trail_months.parts()[0]
        assert (part.lower.astimezone(clock.CHINA).day, part.lower.astimezone(clock.CHINA).hour) == (1, 0)

    def test_lines_of_a_month_without_a_table_wait_in_the_rest_and_are_moved(self):
        write("a")
        old = write_at("old", timedelta(days=800))
        trail.seal()
        assert trail_months.make_ahead() != []
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM kernel_trailline_rest")
            assert cursor.fetchone() == (0,)
        assert TrailLine.objects.filter(pk=old).exists()
        assert found() == []
        assert trail_months.make_ahead() == []
        month = f"kernel_trailline_{clock.now() - timedelta(days=800):%Y_%m}"
        with (
            connection.cursor() as cursor,
            pytest.raises((InternalError, ProgrammingError), match="append-only"),
            transaction.atomic(),
        ):
            cursor.execute(f"TRUNCATE {month}")
