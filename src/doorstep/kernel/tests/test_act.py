"""Actions: all or nothing, a permission, a line of the trail, also where the answer was no."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import pytest
from django.db import connection

from doorstep.kernel.act import about, action, ask
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.ids import new_id
from doorstep.kernel.models import JobRun, TrailLine
from doorstep.kernel.testing.callers import member, stranger, system

pytestmark = pytest.mark.django_db
WHO = new_id()


class Permission(StrEnum):
    WRITE = "test.write"
    READ = "test.read"


def caller():
    return replace(system(), permissions=frozenset(Permission))


def leave(name: str) -> None:
    JobRun.objects.create(name=name, at=caller().at)


@action(Permission.WRITE, audits="test.write")
def write(call, *, fail: Exception | None = None, inner=None) -> str:
    about("Thing", 7, resident=WHO, colour="red")
    leave("outer")
    if inner:
        inner(call)
    if fail:
        raise fail
    about("Thing", 8, size=2)
    return "done"


@ask(Permission.READ, audits="test.read")
def look(call) -> int:
    return JobRun.objects.count()


def lines() -> list[tuple[str, str, str, str]]:
    rows = TrailLine.objects.order_by("pk")
    return [(r.action, r.outcome, r.subject_type, r.subject_id) for r in rows]


def test_an_action_leaves_one_line_with_all_that_it_said():
    assert write(caller()) == "done"
    [line] = TrailLine.objects.all()
    assert lines() == [("test.write", "done", "Thing", "8")]
    assert (line.resident, line.detail, line.actor) == (WHO, {"colour": "red", "size": 2}, "system:test")


@pytest.mark.parametrize("call", [stranger(), member(new_id(), [Permission.READ])])
def test_without_the_permission_nothing_is_done_and_that_is_written(call):
    with pytest.raises(Refused) as refused:
        write(call)
    assert refused.value.decision.reason == "permission"
    assert lines() == [("test.write", "refused", "", "")]
    assert TrailLine.objects.get().detail == {"reason": "permission"}
    assert JobRun.objects.count() == 0


def test_a_refusal_on_the_way_undoes_all_but_the_line():
    with pytest.raises(Refused):
        write(caller(), fail=Refused(refuse("too_late")))
    assert lines() == [("test.write", "refused", "Thing", "7")]
    assert TrailLine.objects.get().detail == {"reason": "too_late", "colour": "red"}
    assert JobRun.objects.count() == 0


def test_an_accident_undoes_all():
    with pytest.raises(ZeroDivisionError):
        write(caller(), fail=ZeroDivisionError())
    assert (lines(), JobRun.objects.count()) == ([], 0)


def test_a_read_about_a_person_is_guarded_and_written_down():
    assert look(caller()) == 0
    with pytest.raises(Refused):
        look(stranger())
    assert [(a, o) for a, o, *_ in lines()] == [("test.read", "done"), ("test.read", "refused")]


class TestNested:
    def test_each_leaves_its_line_and_keeps_to_its_own_subject(self):
        write(caller(), inner=lambda call: write(call) if JobRun.objects.count() > 9 else look(call))
        assert lines() == [("test.read", "done", "", ""), ("test.write", "done", "Thing", "8")]

    def test_a_refusal_inside_undoes_the_whole_and_is_written_once(self):
        def inner(call):
            look(replace(call, permissions=frozenset()))

        with pytest.raises(Refused):
            write(caller(), inner=inner)
        assert lines() == [("test.write", "refused", "Thing", "7")]
        assert JobRun.objects.count() == 0

    def test_a_refusal_inside_that_is_dealt_with_undoes_only_the_inside(self):
        def inner(call):
            with pytest.raises(Refused):
                write(replace(call, permissions=frozenset()))

        write(caller(), inner=inner)
        assert lines()[-1] == ("test.write", "done", "Thing", "8")
        assert JobRun.objects.count() == 1


def test_about_belongs_inside():
    with pytest.raises(RuntimeError, match="inside an action"):
        about("Thing", 1)
    write(caller())
    with pytest.raises(RuntimeError):
        about("Thing", 1)


def test_the_decorator_tells_what_it_guards():
    assert (write.permission, write.audits, write.__name__) == (Permission.WRITE, "test.write", "write")


@pytest.mark.django_db(transaction=True)
def test_the_line_is_durable_when_the_answer_is_out():
    with pytest.raises(Refused):
        write(stranger())
    write(caller())
    connection.close()
    assert [outcome for _, outcome, *_ in lines()] == ["refused", "done"]
