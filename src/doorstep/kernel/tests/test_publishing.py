"""Projections: written with the change they tell of or not at all, once, checked, never in another's place."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from doorstep.kernel import clock, ledger, publishing
from doorstep.kernel.act import action, publish, withdraw
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.fhir_index import index_of
from doorstep.kernel.ids import new_id
from doorstep.kernel.models import JobRun, TrailLine
from doorstep.kernel.publishing import Unpublishable
from doorstep.kernel.room import Room
from doorstep.kernel.testing import houses
from doorstep.kernel.testing.callers import stranger, system
from doorstep.kernel.testing.statements import statements

pytestmark = pytest.mark.django_db
MINE, THEIRS = UUID(int=1), UUID(int=2)


class Permission(StrEnum):
    WRITE = "test.write"


class Elsewhere(StrEnum):
    WRITE = "elsewhere.write"


@pytest.fixture(autouse=True)
def _house(settings):
    rooms = (
        Room("test", "试", permissions=Permission, publishes=("Location", "OrganizationAffiliation")),
        Room("elsewhere", "别处", permissions=Elsewhere, publishes=("Practitioner",)),
    )
    with houses.house(settings, {}):
        houses.rooms = rooms
        houses._forget()
        yield


def caller():
    return replace(system(), permissions=frozenset([*Permission, *Elsewhere]))


def place(key: str = "a", name: str = "门诊楼", **more):
    return {"resourceType": "Location", "id": key, "name": name, **more}


@action(Permission.WRITE, audits="test.write")
def write(call, *resources, source=MINE, fail=None, inner=None, gone=()) -> None:
    JobRun.objects.create(name=str(new_id()), at=call.at)
    for each in resources:
        publish(each, source=source)
    for key in gone:
        withdraw("Location", key, source=source)
    if inner:
        inner(call)
    if fail:
        raise fail


@action(Elsewhere.WRITE, audits="elsewhere.write")
def write_elsewhere(call, *resources) -> None:
    for each in resources:
        publish(each, source=MINE)


def stands(key: str = "a", kind: str = "Location"):
    found = ledger.read(kind, key)
    return found and (found.version, found.source, found.message, found.deleted)


def sent(key: str, source: UUID, kind: str = "Location", name: str = "送来的") -> None:
    body = {"resourceType": kind, "id": key, "name": name}
    row = ledger.Fresh(kind, key, json.dumps(body).encode(), source, 7, index_of(kind, body))
    with transaction.atomic():
        ledger.write([row], clock.now())


def test_what_is_published_stands_with_the_change_and_came_from_no_message():
    write(caller(), place(position={"longitude": Decimal("112.340000"), "latitude": Decimal("27.5")}))
    assert stands() == (1, MINE, None, False)
    body = ledger.read("Location", "a").body.decode()
    assert body == (
        '{"resourceType":"Location","id":"a","name":"门诊楼","position":{"longitude":112.340000,"latitude":27.5}}'
    )
    assert JobRun.objects.count() == TrailLine.objects.count() == 1


def test_it_is_found_by_what_it_says():
    write(caller(), place(status="active"))
    from doorstep.fhir.indexing import token_hash

    assert ledger.matching("Location", [[token_hash("status", None, "active")]], 2) == [[("a", MINE)]]


def test_equal_content_makes_no_new_version_and_other_content_one():
    for name in ("楼", "楼", "新楼", "新楼"):
        write(caller(), place(name=name))
    assert stands() == (2, MINE, None, False)
    assert [json.loads(old.body)["name"] for old in ledger.past("Location", "a")] == ["楼"]


def test_the_last_of_several_in_one_action_holds_and_makes_one_version():
    write(caller(), place(name="一"), place("b"), place(name="二"))
    assert (stands(), stands("b")) == ((1, MINE, None, False), (1, MINE, None, False))
    assert json.loads(ledger.read("Location", "a").body)["name"] == "二"


@pytest.mark.parametrize("fault", [Refused(refuse("too_late")), ZeroDivisionError()])
def test_an_action_that_fails_publishes_nothing(fault):
    with pytest.raises(type(fault)):
        write(caller(), place(), fail=fault)
    with pytest.raises(Refused):
        write(stranger(), place())
    assert (stands(), JobRun.objects.count()) == (None, 0)


def test_a_publication_that_fails_takes_the_change_back_with_it(monkeypatch):
    def broken(*_):
        raise IntegrityError

    monkeypatch.setattr(ledger, "write", broken)
    with pytest.raises(IntegrityError):
        write(caller(), place())
    assert (JobRun.objects.count(), TrailLine.objects.count()) == (0, 0)


class TestNested:
    def test_all_is_written_once_at_the_end_of_the_outermost(self, monkeypatch):
        writes = []
        real = ledger.write
        monkeypatch.setattr(ledger, "write", lambda rows, at, *held: writes.append(len(rows)) or real(rows, at, *held))

        def inner(call):
            write(call, place("b"))
            write_elsewhere(call, {"resourceType": "Practitioner", "id": "c"})
            assert stands("b") is None

        write(caller(), place(), inner=inner)
        assert writes == [3]
        assert [stands(), stands("b"), stands("c", "Practitioner")] == [(1, MINE, None, False)] * 3

    def test_what_a_refused_inner_action_said_is_not_published(self):
        def inner(call):
            with pytest.raises(Refused):
                write(call, place("b"), place(name="falsch"), fail=Refused(refuse("no")))

        write(caller(), place(), inner=inner)
        assert (stands(), stands("b")) == ((1, MINE, None, False), None)
        assert json.loads(ledger.read("Location", "a").body)["name"] == "门诊楼"


class TestWithdrawn:
    def test_what_was_there_stands_as_deleted_once_and_can_return(self):
        write(caller(), place())
        write(caller(), gone=["a"])
        write(caller(), gone=["a"])
        assert stands() == (2, MINE, None, True)
        write(caller(), place())
        assert stands() == (3, MINE, None, False)

    def test_what_never_was_keeps_its_id(self):
        write(caller(), gone=["a"])
        write(caller(), gone=["a"])
        assert stands() == (1, MINE, None, True)
        with pytest.raises(ledger.Claimed):
            sent("a", THEIRS)

    def test_what_another_institution_sent_is_not_withdrawn(self):
        sent("a", THEIRS)
        with pytest.raises(Refused):
            write(caller(), gone=["a"])
        assert stands() == (1, THEIRS, 7, False)


class TestFaultsOfTheProgram:
    @pytest.mark.parametrize(
        "bad",
        [
            place(status="broken"),
            place(name=""),
            place(colour="red"),
            {"resourceType": "Location"},
            {"resourceType": "Location", "id": 7},
            place("not an id"),
            {},
        ],
    )
    def test_what_is_no_valid_resource_raises_and_nothing_is_done(self, bad):
        with pytest.raises(Unpublishable):
            write(caller(), place("fine"), bad)
        assert (stands("fine"), JobRun.objects.count()) == (None, 0)

    def test_the_fault_names_no_value(self):
        with pytest.raises(Unpublishable) as fault:
            write(caller(), place(status="13900000000"))
        assert "13900000000" not in str(fault.value)
        assert "Location.status" in str(fault.value)

    def test_a_room_publishes_only_what_it_says(self):
        with pytest.raises(Unpublishable):
            write(caller(), {"resourceType": "Practitioner", "id": "c"})
        with pytest.raises(Unpublishable):
            write_elsewhere(caller(), place())

        @action(Elsewhere.WRITE, audits="elsewhere.take")
        def take(call):
            withdraw("Location", "a", source=MINE)

        with pytest.raises(Unpublishable):
            take(caller())

    def test_it_belongs_inside_an_action(self):
        with pytest.raises(RuntimeError, match="inside an action"):
            publish(place(), source=MINE)
        with pytest.raises(RuntimeError, match="inside an action"):
            withdraw("Location", "a", source=MINE)


class TestWhoseItIs:
    def test_an_id_that_another_institution_sent_is_refused_and_the_change_with_it(self):
        sent("a", THEIRS)
        with pytest.raises(Refused) as refused:
            write(caller(), place(), place("b"))
        assert refused.value.decision.reason == publishing.CLAIMED
        assert refused.value.decision.detail["id"] == "a"
        assert (stands(), stands("b"), JobRun.objects.count()) == ((1, THEIRS, 7, False), None, 0)
        assert TrailLine.objects.get().outcome == "refused"

    def test_what_was_published_keeps_the_source_that_first_published_it(self):
        write(caller(), place())
        write(caller(), place(name="新楼"), source=THEIRS)
        assert stands() == (2, MINE, None, False)

    def test_what_the_institution_itself_sent_under_the_id_is_published_over(self):
        sent("a", MINE)
        write(caller(), place())
        assert stands() == (2, MINE, None, False)


@pytest.mark.parametrize("kind", ["Location", "OrganizationAffiliation"])
def test_many_cost_as_many_queries_as_one(kind):
    def cost(count: int) -> int:
        said = {"name": "楼"} if kind == "Location" else {"active": True}
        with statements() as asked:
            write(caller(), *({"resourceType": kind, "id": f"{count}-{n}", **said} for n in range(count)))
        return len(asked)

    one = cost(1)
    assert one == cost(400)
    assert one < 20


def test_ids_are_what_uuids_are():
    write(caller(), place(key := str(new_id())))
    assert stands(key) == (1, MINE, None, False)
