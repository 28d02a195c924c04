"""The pages: who may see and press what, in a bounded number of queries."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from doorstep.kernel import clock
from doorstep.kernel.testing.callers import system
from doorstep.record.endpoints.actions import editing, purging
from doorstep.record.endpoints.models import Endpoint, Outbound
from doorstep.record.endpoints.tests import kit
from doorstep.record.endpoints.tests.kit import oru
from doorstep.record.endpoints.tests.receiver import ack
from doorstep.record.endpoints.tests.test_sending import queue
from doorstep.record.endpoints.tests.test_work import NO_PATIENT, told
from doorstep.registers.organisations.tests import factory as district
from doorstep.registers.staff.tests import factory as staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> UUID:
    return district.make().lead


@pytest.fixture
def operator(source: UUID):
    return staff.client_of(staff.somebody(source, "exchange_operator", "接口员", "op"))


@pytest.fixture
def looker(source: UUID):
    return staff.client_of(staff.somebody(source, "auditor", "审计员", "au"))


FORM = {
    "name": "检验系统二", "port": 2601, "ordering": "patient", "megabytes": 8, "most_connections": 4, "depth": 100,
    "silence": 5, "keep_days": 30, "mapping": "standard", "addresses": "10.0.0.0/8",
    "authorities": "LAB=urn:oid:1.2.3\n",
}  # fmt: skip


def test_an_endpoint_is_made_changed_paused_and_switched(operator, source: UUID):
    assert "还没有接口" in operator.get("/endpoints/").content.decode()
    answer = operator.post("/endpoints/add", {**FORM, "organisation": str(source)})
    row = Endpoint.objects.unscoped("test").get()
    assert answer["Location"] == f"/endpoints/{row.pk}/"
    assert (row.authorities, row.addresses, row.most_bytes) == ({"LAB": "urn:oid:1.2.3"}, ["10.0.0.0/8"], 8 << 20)
    assert "检验系统二" in operator.get("/endpoints/").content.decode()
    edit = f"/endpoints/{row.pk}/edit"
    assert 'value="检验系统二"' in operator.get(edit).content.decode()
    answer = operator.post(edit, {**FORM, "organisation": str(source), "name": "三", "expect": 1})
    assert answer.status_code == 302
    operator.post(f"/endpoints/{row.pk}/pause", {"paused": "1", "expect": 2})
    assert "暂停处理" in operator.get(f"/endpoints/{row.pk}/").content.decode()
    operator.post(f"/endpoints/{row.pk}/switch", {"on": "0", "expect": 3})
    row.refresh_from_db()
    assert (row.name, row.paused, row.is_on) == ("三", True, False)
    assert operator.post(f"/endpoints/{row.pk}/switch", {"on": "1", "expect": 3}).status_code == 409


def test_what_is_wrong_is_said_at_its_field(operator, source: UUID):
    kit.make_endpoint(source, port=2601)
    for said, words in (
        ({"port": 80}, "端口要在"), ({"addresses": "nowhere"}, "不是能用的地址"), ({"certificate": "c"}, "要一起填"),
        ({"authorities": "LAB"}, "要写成"), ({}, "已有同一发送方"),
    ):  # fmt: skip
        answer = operator.post("/endpoints/add", {**FORM, "organisation": str(source), **said})
        assert words in answer.content.decode()
        assert answer.status_code == 422
    assert Endpoint.objects.unscoped("test").count() == 1


def test_the_way_of_a_message_is_told_and_a_rest_is_mended(operator, source: UUID):
    endpoint = kit.make_endpoint(source)
    applied, resting = kit.keep(endpoint, oru(1), NO_PATIENT)
    kit.work_off()
    shown = operator.get(f"/endpoints/messages/{applied}/").content.decode()
    for words in ("保存后应答 AA", "10.1.1.1", "Observation/", "王小明", "<strong>OBX</strong>"):
        assert words in shown
    assert "&lt;p&gt;" not in shown
    rests = operator.get("/endpoints/rests", {"endpoint": endpoint, "reason": "unmappable"}).content.decode()
    assert f"/endpoints/messages/{resting}/" in rests
    assert f"/endpoints/messages/{applied}/" not in rests
    assert "不接收此" in rests or "缺少必需" in rests
    assert "unsupported-" not in rests
    page = operator.get(f"/endpoints/messages/{resting}/").content.decode()
    assert "<textarea" in page
    same = operator.post(f"/endpoints/messages/{resting}/mend", {"text": oru(1).decode()})
    assert (same.status_code, told(resting)[0]) == (422, "resting")
    answer = operator.post(f"/endpoints/messages/{resting}/mend", {"text": oru(9).decode()})
    kit.work_off()
    assert "已采用" in operator.get(answer["Location"]).content.decode()
    assert told(resting)[0] == "mended"


def test_a_rest_is_replayed_or_dismissed_and_all_of_them_are(operator, source: UUID):
    endpoint = kit.make_endpoint(source)
    one, two = kit.keep(endpoint, NO_PATIENT, b"x", reason="unreadable")
    operator.post(f"/endpoints/messages/{one}/replay")
    assert told(one)[0] == "kept"
    assert operator.post(f"/endpoints/messages/{two}/dismiss", {"reason": ""}).status_code == 422
    operator.post(f"/endpoints/messages/{two}/dismiss", {"reason": "测试"})
    assert told(two)[0] == "dismissed"
    kit.keep(endpoint, b"y", reason="unreadable")
    answer = operator.post(f"/endpoints/{endpoint}/replay", follow=True)
    assert "已放回 0 件" in answer.content.decode()


def test_who_only_looks_opens_no_message_and_presses_nothing(looker, source: UUID):
    endpoint = kit.make_endpoint(source)
    [key] = kit.keep(endpoint, NO_PATIENT, reason="unreadable")
    for address in ("/endpoints/", f"/endpoints/{endpoint}/", "/endpoints/rests"):
        shown = looker.get(address)
        assert (shown.status_code, f"/endpoints/messages/{key}/" in shown.content.decode()) == (200, False)
    assert looker.get(f"/endpoints/messages/{key}/").status_code == 403
    for name in ("mend", "replay", "dismiss"):
        assert looker.post(reverse(f"endpoints:{name}", args=[key]), {"text": "x", "reason": "x"}).status_code == 403
    assert looker.post(f"/endpoints/{endpoint}/pause", {"paused": "1", "expect": 1}).status_code == 403
    assert told(key)[0] == "resting"


@pytest.mark.parametrize("address", ["/endpoints/", "/endpoints/rests", "one"])
def test_no_query_a_row(operator, source: UUID, address: str):
    def asked() -> int:
        there = f"/endpoints/{first}/" if address == "one" else address
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert operator.get(there).status_code == 200
        return len(found)

    first = kit.make_endpoint(source)
    kit.keep(first, b"1", reason="unreadable")
    asked()
    before = asked()
    for n in range(5):
        other = kit.make_endpoint(source, port=2600 + n, name=f"{n}")
        kit.keep(other, b"x", reason="unreadable")
        kit.keep(first, f"m{n}".encode(), reason="too-long")
    # five rows more; what the session writes from time to time may be among the statements
    assert asked() < before + 5


def test_a_paused_endpoint_says_so_in_english(operator, source: UUID):
    endpoint = kit.make_endpoint(source)
    editing.pause(system(), endpoint=endpoint, expect=1, paused=True)
    operator.post("/language", {"language": "en", "next": "/"})
    assert "Paused" in operator.get(f"/endpoints/{endpoint}/", headers={"accept-language": "en"}).content.decode()


TARGET = {
    "name": "住院系统（发送）", "host": "10.1.2.3", "port": 6661, "application": "DOORSTEP", "to_application": "HIS",
    "standard": "2.4", "charset": "GBK", "carries": ["merges", "results"], "ordering": "patient", "mapping": "standard",
    "most_connections": 2, "rate": 50, "opens": "08:00", "closes": "20:00", "patience": 20, "most_tries": 5,
    "keep_days": 90, "secured": "on", "authorities": "HIS=urn:his",
}  # fmt: skip


def test_an_endpoint_to_send_to_is_made_and_changed(operator, source: UUID):
    answer = operator.post("/endpoints/add-target", {**TARGET, "organisation": str(source)})
    row = Endpoint.objects.unscoped("test").get()
    assert answer["Location"] == f"/endpoints/{row.pk}/"
    assert (row.direction, row.host, row.port, row.secured, row.carries) == (
        "out", "10.1.2.3", 6661, True, ["merges", "results"],
    )  # fmt: skip
    shown = operator.get(f"/endpoints/{row.pk}/").content.decode()
    for words in ("10.1.2.3:6661", "HL7 v2 / MLLP / TLS", "08:00–20:00", "还没有要发送的报文", "ADT A40"):
        assert words in shown
    assert "10.1.2.3:6661" in operator.get("/endpoints/").content.decode()
    form = operator.get(f"/endpoints/{row.pk}/edit").content.decode()
    for words in ('value="08:00"', 'value="10.1.2.3"', "HIS=urn:his"):
        assert words in form
    assert form.count(" checked") == 4, "two that it carries, TLS, and the order"
    said = {**TARGET, "organisation": str(source), "host": "his.example", "expect": 1, "carries": []}
    assert operator.post(f"/endpoints/{row.pk}/edit", said).status_code == 302
    row.refresh_from_db()
    assert (row.host, row.carries, row.version) == ("his.example", [], 2)


def test_what_is_wrong_with_where_we_send_is_said_at_its_field(operator, source: UUID):
    for said, words in (
        ({"host": ""}, "必填"), ({"closes": ""}, "要一起填"), ({"certificate": "c"}, "要一起填"),
        ({"carries": ["everything"]}, "everything"), ({"patience": 0}, "1"), ({"port": 70_000}, "65535"),
    ):  # fmt: skip
        answer = operator.post("/endpoints/add-target", {**TARGET, "organisation": str(source), **said})
        assert (answer.status_code, words in answer.content.decode()) == (422, True), said
    assert not Endpoint.objects.unscoped("test").exists()


def outward(target: UUID, number: int, **values) -> int:
    key = queue(target, number)
    Outbound.objects.unscoped("test").filter(pk=key).update(**values)
    return key


def test_the_way_of_what_goes_out_is_told_and_it_is_sent_again_or_not(operator, source: UUID):
    target = kit.make_target(source)
    params = {"code": "AR", "error": "204", "said": "查无此人李四"}
    rests = outward(target, 1, state="resting", tries=1, reason="answered-refused", params=params, code="AR",
                    answer=ack(oru(1), "AR", "查无此人李四", "204"))  # fmt: skip
    waits = outward(target, 2, tries=0, reason="not-reached", params={"detail": "Connection refused"})
    shown = operator.get(f"/endpoints/sent/{rests}/").content.decode()
    for words in ("对方拒收，应答 AR：不认识的号码", "查无此人李四", "<strong>OBX</strong>", "<strong>MSA</strong>"):
        assert words in shown
    listed = operator.get("/endpoints/unsent", {"endpoint": target, "reason": "answered-refused"}).content.decode()
    assert f"/endpoints/sent/{rests}/" in listed
    assert f"/endpoints/sent/{waits}/" not in listed
    assert "李四" not in listed, "the other side's own words stand on the message's page alone"
    assert "连不上对方：Connection refused" in operator.get(f"/endpoints/{target}/").content.decode()
    operator.post(f"/endpoints/sent/{rests}/replay")
    row = Outbound.objects.unscoped("test").get(pk=rests)
    assert (row.state, row.tries, row.reason) == ("waiting", 0, "")
    assert operator.post(f"/endpoints/sent/{waits}/dismiss", {"reason": " "}).status_code == 422
    operator.post(f"/endpoints/sent/{waits}/dismiss", {"reason": "重复"})
    assert Outbound.objects.unscoped("test").get(pk=waits).state == "dismissed"
    assert operator.post(f"/endpoints/sent/{waits}/replay").status_code == 409
    assert "已放弃" in operator.get(f"/endpoints/sent/{waits}/").content.decode()


def test_all_that_was_not_taken_is_sent_again(operator, source: UUID):
    target = kit.make_target(source)
    for number in range(3):
        outward(target, number, state="resting", reason="answered-error" if number else "closed")
    assert operator.post(f"/endpoints/{target}/replay", {"reason": "answered-error"}).status_code == 302
    purging.replay_some(system())
    states = Outbound.objects.unscoped("test").order_by("pk").values_list("state", flat=True)
    assert list(states) == ["resting", "waiting", "waiting"]
    nothing = kit.make_target(source, 2577)
    assert operator.post(f"/endpoints/{nothing}/replay").status_code in (409, 422)


def test_the_copies_of_what_came_in_stand_on_its_page_and_the_way_back(operator, source: UUID):
    [came] = kit.keep(kit.make_endpoint(source), oru(1))
    kit.work_off()
    copy = queue(kit.make_target(source), 1, inbound=came)
    assert f"/endpoints/sent/{copy}/" in operator.get(f"/endpoints/messages/{came}/").content.decode()
    assert f"/endpoints/messages/{came}/" in operator.get(f"/endpoints/sent/{copy}/").content.decode()


def test_who_only_looks_opens_nothing_that_goes_out(looker, operator, source: UUID):
    target = kit.make_target(source)
    key = outward(target, 1, state="resting", reason="closed")
    for address in ("/endpoints/", f"/endpoints/{target}/", "/endpoints/unsent"):
        shown = looker.get(address)
        assert (shown.status_code, f"/endpoints/sent/{key}/" in shown.content.decode()) == (200, False)
    assert looker.get(f"/endpoints/sent/{key}/").status_code == 403
    for name in ("replay_sent", "dismiss_sent"):
        assert looker.post(reverse(f"endpoints:{name}", args=[key]), {"reason": "x"}).status_code == 403
    assert looker.post("/endpoints/add-target", {**TARGET, "organisation": str(source)}).status_code == 403
    assert Outbound.objects.unscoped("test").get().state == "resting"


def test_what_is_done_with_is_deleted_when_its_days_are_over_and_what_rests_is_not(source: UUID):
    target = kit.make_target(source, keep_days=30)
    old = clock.now() - timedelta(days=31)
    for number, state in enumerate(("taken", "dismissed", "resting", "waiting")):
        outward(target, number, state=state, made_at=old)
    outward(target, 9, state="taken")
    assert purging.purge(system()) == 2
    assert sorted(Outbound.objects.unscoped("test").values_list("state", flat=True)) == ["resting", "taken", "waiting"]
