"""Endpoints for FHIR messages: registered on pages, seen with what came, and what an answer comes to."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from doorstep.adapters.fhirmessaging import composing, reading
from doorstep.kernel.testing.callers import member, system
from doorstep.record.endpoints import api
from doorstep.record.endpoints.actions import work
from doorstep.record.endpoints.actions.protocols import PROTOCOLS
from doorstep.record.endpoints.models import Endpoint
from doorstep.record.endpoints.rules.answers import Outcome
from doorstep.record.endpoints.rules.facts import MESSAGES
from doorstep.record.endpoints.rules.message_answers import judge
from doorstep.record.endpoints.tests import kit
from doorstep.registers.organisations import api as organisations
from doorstep.registers.organisations.tests import factory as district
from doorstep.registers.staff.tests import factory as staff

pytestmark = pytest.mark.django_db
IN = {
    "name": "省转诊平台", "mapping": "sichuan", "ordering": "patient", "keep_days": 30, "megabytes": 8, "depth": 100,
    "silence": 5, "speaks_for": district.SECOND, "receiver": "", "application": "urn:x", "addresses": "127.0.0.0/8",
}  # fmt: skip
OUT = {
    "name": "送平台", "mapping": "standard", "ordering": "patient", "keep_days": 30, "host": "platform.example",
    "port": 443, "path": "fhir", "secured": "on", "patience": 20, "most_tries": 5, "most_connections": 2,
    "credential": "/etc/doorstep/platform.token",
}  # fmt: skip
REFUSAL = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]}


@pytest.fixture
def source() -> UUID:
    return district.make().lead


@pytest.fixture
def operator(source: UUID) -> Any:
    return staff.client_of(staff.somebody(source, "exchange_operator", "接口员", "op"))


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_both_ways_are_registered_shown_and_changed(operator: Any, source: UUID) -> None:
    made = operator.post("/endpoints/add/messages-in", {**IN, "organisation": source})
    row = Endpoint.objects.unscoped("test").get()
    assert made["Location"] == f"/endpoints/{row.pk}/"
    assert (row.protocol, row.port, row.direction, row.mapping) == (MESSAGES, 0, "in", "sichuan")
    assert row.speaks_for == [organisations.by_uscc([district.SECOND])[district.SECOND]]
    page = text(operator.get(made["Location"]))
    assert "清禾县中医医院" in page
    assert "$process-message" in page
    edit = f"/endpoints/{row.pk}/edit"
    assert district.SECOND in text(operator.get(edit))
    assert operator.post(edit, {**IN, "organisation": source, "name": "改名", "expect": 1}).status_code == 302
    wrong = operator.post(edit, {**IN, "organisation": source, "speaks_for": "没有", "expect": 2})
    assert (wrong.status_code, "没有这家机构：没有" in text(wrong)) == (422, True)
    twice = operator.post("/endpoints/add/messages-in", {**IN, "organisation": source})
    assert (twice.status_code, "已有接收同一系统消息的接口" in text(twice)) == (422, True)
    away = operator.post("/endpoints/add/messages-out", {**OUT, "organisation": source})
    page = text(operator.get(away["Location"]))
    assert "https://platform.example:443/fhir" in page
    edit = away["Location"] + "edit"
    assert "/etc/doorstep/platform.token" in text(operator.get(edit))
    assert operator.post(edit, {**OUT, "organisation": source, "port": 8443, "expect": 1}).status_code == 302
    listed = text(operator.get("/endpoints/"))
    assert "platform.example:8443" in listed
    assert "改名" in listed


def arrived(call: Any, raw: bytes) -> None:
    """Keep a message as the door does."""
    found = api.arriving(call, raw, "127.0.0.1")
    with connection.cursor() as cursor:
        cursor.execute(re.sub(r"\$[0-9]+", "%s", api.KEEP), api.columns([found.arrival]))


def message(**patient: Any) -> dict[str, Any]:
    header = {
        "resourceType": "MessageHeader",
        "id": "m-1",
        "source": {"endpoint": "urn:x"},
        "eventCoding": {"code": "C01005"},
    }
    asked = {"resourceType": "ServiceRequest", "id": "s-1", "status": "active", "intent": "order",
             "subject": {"reference": "Patient/p-1"}, "requester": {"reference": "Practitioner/nobody"}}  # fmt: skip
    who = {"resourceType": "Patient", "id": "p-1", "name": [{"text": "李四"}], "birthDate": "1960-01-01"} | patient
    return {"resourceType": "Bundle", "type": "message", "entry": [{"resource": each} for each in (header, asked, who)]}


def test_the_journey_of_a_message_and_its_mending_by_hand(operator: Any, source: UUID) -> None:
    receiver = organisations.by_uscc([district.CENTRE])[district.CENTRE]
    operator.post("/endpoints/add/messages-in", {**IN, "organisation": source, "application": "", "receiver": ""})
    Endpoint.objects.unscoped("test").update(receiver=receiver)
    call = member(source)
    arrived(call, composing.encoded(message(), "sichuan"))
    arrived(call, composing.encoded(message(gender="男"), "sichuan").replace(b"m-1", b"m-2"))
    while work.run(system()):
        pass
    good, bad = kit.inbound()
    assert (good.state, bad.state, bad.reason) == ("applied", "resting", "message-unreadable")
    page = text(operator.get(f"/endpoints/messages/{good.pk}/"))
    assert "保存后应答 ok" in page
    assert "引用的资源不在消息里" in page
    assert "ServiceRequest/s-1" in page
    page = text(operator.get(f"/endpoints/messages/{bad.pk}/"))
    assert "保存后应答 fatal-error" in page
    assert "Bundle.entry[2].resource.gender" in page
    assert "不是能用的 FHIR 消息" in text(operator.get("/endpoints/rests"))
    mended = bytes(bad.raw).decode().replace("男", "male").replace("s-1", "s-2")
    answer = operator.post(f"/endpoints/messages/{bad.pk}/mend", {"text": mended})
    assert answer.status_code == 302
    while work.run(system()):
        pass
    assert [row.state for row in kit.inbound()] == ["applied", "mended", "applied"]
    new = text(operator.get(answer["Location"], headers={"accept-language": "en"}))
    assert "ServiceRequest/s-2" in new


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (
            {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]},
            "refused",
            "fatal-error",
        ),
        ({"response": {"identifier": "c", "code": "ok"}}, "taken", "ok"),
        ({"response": {"identifier": "c", "code": "transient-error"}}, "again", "transient-error"),
        ({"response": {"identifier": "c", "code": "fatal-error"}}, "refused", "fatal-error"),
        ({"response": {"identifier": "another", "code": "ok"}}, "again", "ok"),
        ({"resourceType": "Patient"}, "again", ""),
    ],
)
def test_what_an_answer_comes_to(answer: dict[str, Any], outcome: str, code: str) -> None:
    said = answer if "resourceType" in answer else {"resourceType": "Bundle", "entry": [
        {"resource": {"resourceType": "MessageHeader", **answer}}]}  # fmt: skip
    found = judge("c", json.dumps(said).encode())
    assert (found.outcome, found.code) == (Outcome(outcome), code)
    assert bool(found.reason) == (found.outcome is not Outcome.TAKEN)


def test_a_message_is_known_by_its_header_also_where_it_is_sent() -> None:
    assert PROTOCOLS[MESSAGES].control(composing.encoded(message(), "sichuan")) == "m-1"
    assert reading.read(composing.encoded(message(), "standard"), "standard").control == "m-1"
