"""Alerts against real rows: opened once, told to whom they concern, noted, ended by themselves; rules as data."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from doorstep.kernel import clock, outbox
from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.models import Delivery, OutboxEvent, TrailLine
from doorstep.kernel.paging import Page
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.endpoints import models, reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import editing, watching
from doorstep.record.endpoints.reads import measures
from doorstep.record.endpoints.rules.watching import CALM, OF_ENDPOINT, OF_HOUSE, Kind, Watch
from doorstep.record.endpoints.tests import kit
from doorstep.registers.organisations.tests import factory as district
from doorstep.registers.staff.tests import factory as staff
from doorstep.site import certificates

pytestmark = pytest.mark.django_db
QUIET = [Watch(kind, 90, on=False) for kind in OF_HOUSE]
ALL = Page(limit=50)


@pytest.fixture(autouse=True)
def _quiet_house(db: None) -> None:
    """What stands on this machine (its disk …) is none of these tests' business."""
    watching.set_watches(system(), endpoint=None, expect=0, rules=QUIET)


@pytest.fixture
def at(monkeypatch):
    """Sets the clock of the house ahead."""

    def later(by: timedelta) -> None:
        now = datetime.now(UTC)
        monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) - now + now + by)

    return later


def kinds(call=None, **said) -> list[Kind]:
    return [each.kind for each in reads.alerts(call or system(), page=ALL, **said).items]


def rule(endpoint: UUID | None, *rules: Watch) -> None:
    _held, version = reads.rules(system(), endpoint)
    watching.set_watches(system(), endpoint=endpoint, expect=version, rules=rules)


def test_what_rests_opens_one_alert_that_ends_by_itself(endpoint: UUID, at):
    [key] = kit.keep(endpoint, b"x", reason="unreadable")
    assert [watching.watch(system()) for _ in range(3)] == [1, 0, 0]
    assert kinds() == [Kind.RESTS]
    models.Inbound.objects.unscoped("test").filter(pk=key).update(state="dismissed")
    assert watching.watch(system()) == 0
    assert kinds() == [Kind.RESTS]
    at(CALM + timedelta(seconds=5))
    assert watching.watch(system()) == 1
    assert (kinds(), kinds(past=True)) == ([], [Kind.RESTS])
    models.Inbound.objects.unscoped("test").filter(pk=key).update(state="resting")
    assert watching.watch(system()) == 1
    assert len(kinds(past=True)) == 2


def test_only_what_changes_is_trailed(endpoint: UUID):
    kit.keep(endpoint, b"x", reason="unreadable")
    for _ in range(3):
        watching.watch(system())
    [line] = TrailLine.objects.filter(action="endpoints.watch")
    assert line.detail["turns"] == [f"open rests {endpoint}"]


def test_what_waits_too_long_and_what_fails_too_often(endpoint: UUID, at):
    kit.keep(endpoint, *(kit.oru(n) for n in range(3)))
    rule(endpoint, Watch(Kind.BEHIND, 30), Watch(Kind.RESTS, 100), Watch(Kind.FAULTS, 20, 15))
    watching.watch(system())
    assert kinds() == []
    at(timedelta(seconds=31))
    watching.watch(system())
    assert kinds() == [Kind.BEHIND]
    editing.pause(system(), endpoint=endpoint, expect=1, paused=True)  # then nobody works on it, as was wanted
    watching.watch(system())
    assert kinds() == []
    kit.keep(endpoint, b"a", b"b", b"c", b"d", reason="unreadable")
    watching.watch(system())
    assert kinds() == []  # four are too few
    kit.keep(endpoint, b"e", reason="unreadable")
    watching.watch(system())
    assert kinds() == [Kind.FAULTS]
    editing.switch(system(), endpoint=endpoint, expect=2, on=False)
    watching.watch(system())
    assert kinds() == []


def test_silence_is_counted_from_the_last_message_or_the_beginning(endpoint: UUID, at):
    rule(endpoint, Watch(Kind.SILENT, 10))
    watching.watch(system())
    assert kinds() == []
    at(timedelta(minutes=11))
    watching.watch(system())
    [found] = reads.alerts(system(), page=ALL).items
    assert (found.kind, round(found.value), found.limit) == (Kind.SILENT, 11, 10)


def test_a_certificate_that_ends(source: UUID, endpoint: UUID, tmp_path: Path, monkeypatch):
    path, key = certificates.own(tmp_path, ["localhost"])
    row = models.Endpoint.objects.unscoped("test").get()
    row.certificate, row.key = str(path), str(key)
    row.save()
    left = certificates.days_left(path)
    rule(endpoint, Watch(Kind.CERTIFICATE, 365), Watch(Kind.RESTS, 5))
    monkeypatch.setenv("DOORSTEP_TLS_CERT_FILE", str(path))
    rule(None, *QUIET[:-1], Watch(Kind.HOUSE_CERTIFICATE, 365))
    watching.watch(system())
    wanted = {Kind.CERTIFICATE, Kind.HOUSE_CERTIFICATE} if left < 365 else set()
    assert set(kinds()) == wanted
    real = measures.days_left(path, clock.now())
    assert left <= real <= left + 1
    with monkeypatch.context() as soon:
        soon.setattr(measures, "days_left", lambda *_: 3.0)
        watching.watch(system())
    assert set(kinds()) == {Kind.CERTIFICATE, Kind.HOUSE_CERTIFICATE}
    path.write_text("nonsense")  # what cannot be read opens and ends nothing
    assert watching.watch(system()) == 0


def test_the_house_is_measured(monkeypatch, tmp_path: Path):
    found = measures.house()
    assert set(found) == set(OF_HOUSE)
    assert 0 < found[Kind.DISK] < 100
    assert 0 <= found[Kind.CLOCK] < 60
    assert (found[Kind.OUTBOX], found[Kind.DEAD]) == (0, 0)
    event = OutboxEvent.objects.create(name="x.y", subject="1", body={}, at=clock.now() - timedelta(minutes=9))
    for n, state in enumerate(("waiting", "dead")):
        Delivery.objects.create(event=event, handler=f"h{n}", subject="1", state=state, due_at=clock.now())
    found = measures.house()
    assert 540 <= found[Kind.OUTBOX] < 1200
    assert found[Kind.DEAD] == 1
    monkeypatch.setattr(measures, "home", lambda: tmp_path / "gone")
    assert Kind.DISK not in measures.house()


def test_a_clock_that_is_off_is_seen(at):
    at(timedelta(seconds=30))
    assert 25 < measures.house()[Kind.CLOCK] < 35


def test_dead_letters_open_an_alert_of_the_house_that_the_district_sees(source: UUID):
    rule(None, *QUIET[:1], Watch(Kind.DEAD, 0), *QUIET[2:])
    event = OutboxEvent.objects.create(name="x.y", subject="1", body={}, at=clock.now())
    letter = Delivery.objects.create(event=event, handler="h", subject="1", state="dead", due_at=clock.now())
    watching.watch(system())
    assert kinds() == [Kind.DEAD]
    assert kinds(member(source)) == []
    assert reads.waiting(member(source)) == 0
    assert reads.waiting(system()) == 1
    assert outbox.dismiss(letter.pk)


def test_each_institution_sees_its_own(source: UUID, other: UUID, endpoint: UUID):
    kit.keep(endpoint, b"x", reason="unreadable")
    kit.keep(kit.make_endpoint(other, port=2600), b"x", reason="unreadable")
    watching.watch(system())
    assert len(kinds()) == 2
    [mine] = reads.alerts(member(source), page=ALL).items
    assert (mine.endpoint, reads.waiting(member(source))) == (endpoint, 1)
    with pytest.raises(Refused, match="not_found"):
        reads.alert(member(other), mine.id)
    with pytest.raises(Refused, match="not_found"):
        watching.note(member(other), alert=mine.id, expect=1, text="x")
    with pytest.raises(Refused, match="permission"):
        reads.alerts(stranger(), page=ALL)


def test_somebody_sees_to_it(source: UUID, endpoint: UUID):
    kit.keep(endpoint, b"x", reason="unreadable")
    watching.watch(system())
    [found] = reads.alerts(system(), page=ALL).items
    call = member(source)
    watching.note(call, alert=found.id, expect=1, text="已请检验科重启")
    with pytest.raises(Stale):
        watching.note(call, alert=found.id, expect=1, text="我也来")
    found = reads.alert(call, found.id)
    assert (found.noted_by, found.note, found.closed_at) == ("成员", "已请检验科重启", None)
    assert (reads.waiting(call), kinds(call)) == (0, [Kind.RESTS])
    models.Alert.objects.unscoped("test").update(closed_at=clock.now())
    with pytest.raises(Refused, match=r"alert\.closed"):
        watching.note(call, alert=found.id, expect=2, text="晚了")


def test_rules_are_set_by_those_who_may_for_their_own(source: UUID, other: UUID, endpoint: UUID):
    wanted = [Watch(Kind.RESTS, 7)]

    def refused(call, where, expect=0, rules=wanted) -> str:
        before = list(models.Watch.objects.unscoped("test").order_by("pk").values())
        with pytest.raises(Refused) as why:
            watching.set_watches(call, endpoint=where, expect=expect, rules=rules)
        assert list(models.Watch.objects.unscoped("test").order_by("pk").values()) == before
        return why.value.decision.reason

    assert refused(stranger(), endpoint) == "permission"
    assert refused(member(source, {Permission.READ}), endpoint) == "permission"
    assert refused(member(other), endpoint) == "not_found"
    assert refused(member(source), None, rules=QUIET) == "elsewhere"
    assert refused(system(), endpoint, rules=[Watch(Kind.DISK, 90)]) == "not_found"
    assert refused(system(), endpoint, rules=[Watch(Kind.FAULTS, 100)]) == "watch.limit"
    assert refused(system(), endpoint, expect=3) == "stale"
    watching.set_watches(member(source), endpoint=endpoint, expect=0, rules=wanted)
    held, version = reads.rules(member(source), endpoint)
    assert (version, [each.limit for each in held if each.kind is Kind.RESTS]) == (1, [7])
    assert refused(member(source), endpoint, expect=0) == "stale"


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_at_once_one_opens_it(endpoint: UUID):
    kit.keep(endpoint, b"x", reason="unreadable")
    gate, found = threading.Barrier(2), []

    def go() -> None:
        try:
            gate.wait(20)
            found.append(watching.watch(system()))
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert len(found) == 2
    assert kinds() == [Kind.RESTS]


class TestPages:
    @pytest.fixture
    def source(self) -> UUID:
        return district.make().lead

    @pytest.fixture
    def operator(self, source: UUID):
        return staff.client_of(staff.somebody(source, "exchange_operator", "接口员", "op"))

    @pytest.fixture
    def administrator(self, source: UUID):
        return staff.client_of(staff.somebody(source, "administrator", "管理员", "ad"))

    def test_an_alert_is_seen_where_one_works_and_noted(self, operator, source: UUID):
        assert "没有告警" in operator.get("/endpoints/alerts").content.decode()
        endpoint = kit.make_endpoint(source)
        kit.keep(endpoint, b"x", reason="unreadable")
        watching.watch(system())
        for address in ("/endpoints/", f"/endpoints/{endpoint}/", "/endpoints/alerts"):
            shown = operator.get(address).content.decode()
            assert "有 1 件报文不能采用" in shown, address
            assert "修正、重放或放弃" in shown
            assert "我来处理" in shown
        alert = models.Alert.objects.unscoped("test").get()
        there = f"/endpoints/alerts/{alert.pk}/note"
        assert operator.post(there, {"expect": 1, "text": ""}).status_code == 422
        answer = operator.post(there, {"expect": 1, "text": "正在看"}, follow=True)
        assert "正在看" in answer.content.decode()
        assert operator.post(there, {"expect": 1, "text": "正在看"}).status_code == 409
        models.Alert.objects.unscoped("test").update(closed_at=clock.now())
        assert "没有告警" in operator.get("/endpoints/alerts").content.decode()
        assert "正在看" in operator.get("/endpoints/alerts?state=all").content.decode()

    def test_rules_are_set_on_a_page(self, operator, administrator, source: UUID):
        endpoint = kit.make_endpoint(source)
        there = f"/endpoints/{endpoint}/watch"
        assert "久未收到报文" in operator.get(there).content.decode()
        form = {
            "expect": 0, "silent_on": "on", "silent_limit": 30, "silent_working": "on", "faults_limit": 10,
            "faults_minutes": 5, "behind_on": "on", "behind_limit": 90, "rests_limit": 0, "certificate_limit": 14,
        }  # fmt: skip
        wrong = operator.post(there, {**form, "behind_limit": 1})
        assert (wrong.status_code, 'value="30"' in wrong.content.decode()) == (422, True)
        assert operator.post(there, form).status_code == 302
        held = {each.kind: each for each in reads.rules(system(), endpoint)[0]}
        assert held[Kind.SILENT] == Watch(Kind.SILENT, 30, 15, working=True)
        assert held[Kind.FAULTS] == Watch(Kind.FAULTS, 10, 5, on=False)
        assert operator.post(there, form).status_code == 409
        assert set(held) == set(OF_ENDPOINT)
        assert "磁盘快满" in administrator.get("/endpoints/watch").content.decode()
        house = {f"{each.kind}_limit": each.limit for each in QUIET} | {"expect": 5, "disk_on": "on", "disk_limit": 80}
        assert administrator.post("/endpoints/watch", house).status_code == 302
        assert Watch(Kind.DISK, 80) in reads.rules(system(), None)[0]

    def test_no_query_an_alert_and_pages_go_on(self, operator, source: UUID):
        def asked(address: str) -> int:
            with CaptureQueriesContext(connection) as found:
                assert operator.get(address).status_code == 200
            return len(found)

        def more(count: int, first: int) -> None:
            for n in range(count):
                key = kit.make_endpoint(source, port=3000 + first + n, name=f"接口{first + n}")
                kit.keep(key, b"x", reason="unreadable")
            watching.watch(system())

        more(1, 0)
        addresses = ("/endpoints/alerts", "/endpoints/")
        first = [(asked(each), asked(each))[1] for each in addresses]
        more(33, 1)
        assert all(asked(each) < before + 5 for each, before in zip(addresses, first, strict=True))
        shown = operator.get("/endpoints/alerts").content.decode()
        assert "after=" in shown
        assert operator.get("/endpoints/alerts?after=x").status_code == 400
