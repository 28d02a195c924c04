"""The trail: nothing in it can be changed, and where somebody did, the place is found."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.utils import InternalError, ProgrammingError

from doorstep.kernel import trail, trail_search
from doorstep.kernel.ids import new_id
from doorstep.kernel.models import TrailLine, TrailSeal
from doorstep.kernel.paging import Page
from doorstep.kernel.testing.at_once import at_once
from doorstep.kernel.testing.callers import system

WHO = new_id()


def write(*names: str) -> None:
    for name in names:
        detail = {"n": 1.5, "词": [True, None, "é"], "z": {"b": 1, "a": 2}}
        trail.write(system(), f"test.{name}", subject=("Thing", name), resident=WHO, detail=detail)


def alter(statement: str, *values: object) -> None:
    """What only one with the rights of the tables' owner can do: put the guard to sleep, and change."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("kernel_trailline", "kernel_trailseal"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        for table in ("kernel_trailline", "kernel_trailseal"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.django_db
class TestChain:
    def test_lines_are_chained_once_in_their_order(self):
        write("a", "b", "c")
        assert trail.seal(2) == 2
        write("d")
        assert (trail.seal(), trail.seal(), trail.verify()) == (2, 0, None)
        seals = TrailSeal.objects.select_related("line").order_by("position")
        assert [(s.position, s.line.subject_id) for s in seals] == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
        assert len({bytes(s.hash) for s in seals}) == 4

    def test_an_empty_trail_holds(self):
        assert (trail.seal(), trail.verify()) == (0, None)

    def test_many_lines_at_once_are_lines_like_others(self):
        rows = [
            {"outcome": "done", "subject": ("Thing", str(n)), "resident": None, "detail": {"n": n}} for n in range(3)
        ]
        trail.write_many(system(), "test.many", rows)
        trail.write_many(system(), "test.none", [])
        assert (trail.seal(), trail.verify()) == (3, None)
        assert list(TrailLine.objects.order_by("pk").values_list("subject_id", "detail")) == [
            (str(n), {"n": n}) for n in range(3)
        ]

    def test_a_line_that_was_committed_late_is_sealed_too(self):
        write("a", "b")
        trail.seal()
        alter("DELETE FROM kernel_trailseal")
        alter("UPDATE kernel_trailline SET id = id + 300000")
        trail.seal(whole=True)
        write("late")
        assert trail.seal() == 0
        assert (trail.seal(whole=True), trail.verify()) == (1, None)


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["kernel_trailline", "kernel_trailseal"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_no_statement_of_the_program_changes_it(table, statement):
    write("a")
    trail.seal()
    column = "name = 'x'" if table == "kernel_trailline" else "position = 9"
    text = statement.replace("{} = {}", column).format(table)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises((InternalError, ProgrammingError), match="append-only"), transaction.atomic():
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
        line = TrailLine.objects.order_by("pk")[1].pk
        alter(f"UPDATE kernel_trailline SET {column} = {FIELDS[column]} WHERE id = %s", line)
        assert trail.verify() == trail.Breach(2, line, "changed")

    def test_a_line_taken_out_is_found(self):
        write("a", "b", "c")
        trail.seal()
        line, after = (seal.line_id for seal in TrailSeal.objects.order_by("position")[1:3])
        alter("DELETE FROM kernel_trailseal WHERE line_id = %s", line)
        alter("DELETE FROM kernel_trailline WHERE id = %s", line)
        assert trail.verify() == trail.Breach(2, after, "removed")

    def test_two_lines_that_changed_places_are_found(self):
        write("a", "b")
        trail.seal()
        first, second = TrailSeal.objects.order_by("position")
        alter("DELETE FROM kernel_trailseal")
        for position, line, seal in ((1, second.line_id, first), (2, first.line_id, second)):
            TrailSeal.objects.create(position=position, line_id=line, hash=bytes(seal.hash))
        assert trail.verify() == trail.Breach(1, second.line_id, "changed")

    def test_a_changed_hash_is_found(self):
        write("a", "b")
        trail.seal()
        alter("UPDATE kernel_trailseal SET hash = '\\x00' WHERE position = 1")
        assert trail.verify().position == 1


def test_the_command_line_says_where(transactional_db, capsys):
    from doorstep.site import desk

    write("a", "b")
    assert desk.verify_trail() == 0
    line = TrailLine.objects.order_by("pk")[0].pk
    alter("UPDATE kernel_trailline SET name = 'x' WHERE id = %s", line)
    assert desk.verify_trail() == 1
    assert f"第 1 环（记录 {line}）" in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_many_sealers_at_once_lay_one_chain():
    write(*"abcdefgh")
    done = at_once(*[trail.seal] * 4)
    while trail.seal():
        pass
    assert sum(done) <= 8
    assert (TrailSeal.objects.count(), trail.verify()) == (8, None)


@pytest.mark.django_db
def test_found_by_person_and_page():
    write(*"abcde")
    page = trail_search.find(trail_search.Wanted(resident=WHO), Page((), 2))
    assert [line.subject_id for line in page.items] == ["e", "d"]
    after = trail_search.find(trail_search.Wanted(resident=WHO), Page.read(page.next, 9, parts=1))
    assert [line.subject_id for line in after.items] == ["c", "b", "a"]
