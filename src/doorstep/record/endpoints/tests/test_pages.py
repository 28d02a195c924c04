"""The pages: who may see and press what, in a bounded number of queries."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from doorstep.kernel.testing.callers import system
from doorstep.record.endpoints.actions import editing
from doorstep.record.endpoints.models import Endpoint
from doorstep.record.endpoints.tests import kit
from doorstep.record.endpoints.tests.kit import oru
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
    "keep_days": 30, "mapping": "standard", "addresses": "10.0.0.0/8", "authorities": "LAB=urn:oid:1.2.3\n",
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
        assert answer.status_code in (409, 422)
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
