"""The messages of the Sichuan guides, sent to the door as they are published: kept, answered, worked on, or refused.

| files of `sichuan-referral/examples` | what comes of them |
|---|---|
| Bundle-hospital-referral-example (C01001) | a referral on the receiver's desk |
| Bundle-hospital-referral-response-example (C01002) | answered ok; rests, for we have asked nothing of that number |
| all others | each is one resource and no message: 400 `not-bundle`, kept, and rests |
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection

from doorstep.adapters.fhirmessaging import composing
from doorstep.fhir.tests.samples import ROOT
from doorstep.kernel import ledger, outbox
from doorstep.kernel.call import Scope
from doorstep.kernel.decision import Refused
from doorstep.kernel.testing import callers
from doorstep.record.endpoints.actions import editing, mending
from doorstep.record.endpoints.models import Inbound, Outbound
from doorstep.record.endpoints.rules.facts import MESSAGES
from doorstep.record.endpoints.shapes import Facts, Outward
from doorstep.record.endpoints.tests import kit
from doorstep.registers.organisations import api as organisations
from doorstep.services.referrals.actions import moving
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.shapes import Answer
from tests.door import RunningDoor, running, two_keys

EMPTY = "TRUNCATE endpoints_inbound, endpoints_outbound, referrals_referral, kernel_outboxevent CASCADE"
XML = {"Content-Type": "application/fhir+xml"}
GUIDES = ROOT / "cn-fhir"


def sample(name: str) -> bytes:
    """A file of the guides; the test is skipped where they are not on this machine."""
    if not GUIDES.exists():
        pytest.skip(f"test data is not on this machine: {name}")
    return next(GUIDES.rglob(name)).read_bytes()


class Houses:
    """A door and three institutions: ``there`` and ``third`` are platforms with an endpoint for each way, whose
    messages are for ``here`` where they name nobody."""

    def __init__(self, door: RunningDoor, places: dict[str, tuple[UUID, str]]) -> None:
        self.door = door
        (self.here, self.key_here), (self.there, self.key_there) = places["a"], places["b"]
        self.partner("省转诊平台", self.there, 8443)
        self.third, self.key_third = self._third()

    def partner(self, name: str, whose: UUID, port: int) -> None:
        facts = Facts(name, whose, 0, protocol=MESSAGES, mapping="sichuan", receiver=self.here)
        away = Outward("127.0.0.1", to_facility="fhir")
        out = Facts(name, whose, port, protocol=MESSAGES, mapping="sichuan", out=away)
        for each in (facts, out):
            editing.make(callers.system(), facts=each)

    def _third(self) -> tuple[UUID, str]:
        """Another platform: its institution and key."""
        from doorstep.registers.organisations.tests import factory
        from doorstep.registers.staff import api as staff

        whose = organisations.by_uscc([factory.CENTRE])[factory.CENTRE]
        key = staff.issue_key(callers.system(), organisation=whose, name="检验平台")[1]
        self.partner("检验平台", whose, 8444)
        return whose, key

    def send(self, body: bytes, **more: Any) -> Any:
        return self.door.send("POST", "$process-message", body, **{"headers": XML, "key": self.key_there, **more})

    def desk(self) -> Any:
        return callers.member(self.here, scope=Scope(frozenset({self.here, self.there})))


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[Houses]:
    with django_db_blocker.unblock():
        try:
            places = two_keys()
            with running() as door:
                yield Houses(door, places)
        finally:
            call_command("flush", verbosity=0, interactive=False, reset_sequences=False, allow_cascade=False)


@pytest.fixture
def houses(built: Houses, django_db_blocker: Any) -> Iterator[Houses]:
    """The same door for every test, with no message and no referral; the door is of another connection, so that what a
    test writes is committed."""
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(EMPTY)
        yield built


def response(answer: Any) -> tuple[str, str]:
    """What the header of an answer says, and to which message."""
    assert answer.status_code == 200, answer.text
    header = json.loads(answer.text)["entry"][0]["resource"]
    return header["response"]["code"], header["response"]["identifier"]


def told(answer: Any) -> list[tuple[str, str]]:
    """The problems that an answer tells, and their places."""
    body = json.loads(answer.text)
    outcome = body["entry"][1]["resource"] if body["resourceType"] == "Bundle" else body
    wrong = [issue for issue in outcome["issue"] if issue["severity"] == "error"]
    return [(each["details"]["coding"][0]["code"], each.get("expression", [""])[0]) for each in wrong]


def worked() -> list[Inbound]:
    """Let the worker work, and services act; what came in then."""
    kit.work_off()
    outbox.drain()
    return kit.inbound()


def sent() -> list[Outbound]:
    return list(Outbound.objects.unscoped("test").order_by("id"))


def message(event: str, *resources: dict[str, Any], **header: Any) -> dict[str, Any]:
    """A message as R4 has it, of no guide."""
    said = {
        "resourceType": "MessageHeader", "id": f"m-{event}", "source": {"endpoint": "urn:x"},
        "eventCoding": {"system": "http://CodeSystem.hl7fhir.cn/activity-code", "code": event}, **header,
    }  # fmt: skip
    return {"resourceType": "Bundle", "type": "message", "entry": [{"resource": each} for each in (said, *resources)]}


def body(bundle: dict[str, Any], dialect: str = "sichuan") -> bytes:
    return composing.encoded(bundle, dialect)


ASKED = {"resourceType": "Appointment", "id": "a-1", "status": "proposed", "participant": [{"status": "accepted"}]}
PATIENT = {"resourceType": "Patient", "id": "p-1", "name": [{"text": "李四"}], "birthDate": "1960-01-01"}


def test_the_referral_as_published_and_our_answers(houses: Houses) -> None:
    raw = sample("Bundle-hospital-referral-example.xml")
    first = houses.send(raw)
    assert response(first) == ("ok", "MessageHeader-0001")
    assert houses.send(raw).text == first.text
    [row] = kit.inbound()
    assert (bytes(row.raw), row.control, row.kind) == (raw, "MessageHeader-0001", "C01001")
    kit.work_off()
    assert kit.inbound()[0].state == "handed"
    outbox.drain()
    assert kit.inbound()[0].state == "applied"
    [referral] = Referral.objects.unscoped("test")
    assert (referral.status, referral.desk, referral.origin_id) == ("sent", houses.here, houses.there)
    assert (referral.name, referral.person["birth"], referral.outside) == (
        "张三", "1980-02-01", "Appointment/HospitalReferral-example",
    )  # fmt: skip
    moving.accept(houses.desk(), referral=referral.pk, expect=None, answer=Answer(note="已保留床位"))
    moving.arrive(houses.desk(), referral=referral.pk, expect=None, answer=Answer())
    assert [(each.kind, each.inbound, each.key) for each in sent()] == [
        (kind, row.pk, referral.outside) for kind in ("C01002", "C01003")
    ]
    assert b'<participantStatus value="accepted">' in bytes(sent()[0].body)


def test_each_example_of_the_referral_guide_goes_in_or_is_refused_for_a_reason(houses: Houses) -> None:
    sample("Bundle-hospital-referral-example.xml")
    found = {}
    for path in sorted((GUIDES / "sichuan-referral" / "examples").glob("*.xml")):
        answer = houses.send(path.read_bytes())
        found[path.name] = response(answer)[0] if answer.status_code == 200 else (answer.status_code, told(answer))
    assert len(found) == 16
    messages = {name: said for name, said in found.items() if name.startswith("Bundle-")}
    assert set(messages.values()) == {"ok"}
    assert len(messages) == 2
    others = [said for name, said in found.items() if name not in messages]
    assert others == [(400, [("not-bundle", "resourceType")])] * 14
    rows = worked()
    assert len(rows) == 16  # nothing that came is lost, whatever it was
    states = {row.kind: (row.state, row.reason, row.params.get("code")) for row in rows if row.kind}
    assert states == {
        "C01001": ("applied", "", None),
        "C01002": ("resting", "message-refused", "referral.message_unknown"),
    }


def test_the_laboratory_flow_between_two_platforms_through_us(houses: Houses) -> None:
    lab, key = houses.third, houses.key_third
    asked = sample("Bundle-laboratory-request-example.xml").replace(
        b"<focus>", f'<destination><endpoint value="urn:lab"/><receiver><identifier><value value="{lab}"/>'
        "</identifier></receiver></destination><focus>".encode(), 1,
    )  # fmt: skip
    report = sample("Bundle-laboratory-report-release-example.xml")
    assert response(houses.send(asked)) == ("ok", "MessageHeader-0005")
    [row] = worked()
    assert (row.state, row.reason) == ("applied", "")
    assert ledger.read("ServiceRequest", "LaboratoryRequest-example").source == houses.there  # type: ignore[union-attr]
    assert response(houses.send(report, key=key)) == ("ok", "MessageHeader-0006")
    asked_row, report_row = worked()
    assert (report_row.state, report_row.reason) == ("applied", "")
    named = {"DiagnosticReport/LaboratoryReport-example", "Task/LaboratoryReportRelease-example"}
    assert named <= set(report_row.wrote)
    assert sum(each.startswith("Observation/") for each in report_row.wrote) == 3
    passed = [(each.receiver_id, each.kind, each.inbound, bytes(each.body)) for each in sent()]
    assert passed == [(lab, "C01005", asked_row.pk, asked), (houses.there, "C01006", report_row.pk, report)]


def test_a_referral_for_a_third_platform_is_passed_on_and_so_is_its_answer(houses: Houses) -> None:
    third, key = houses.third, houses.key_third
    raw = body(message("C01001", ASKED, PATIENT, destination=[
        {"endpoint": "urn:third", "receiver": {"identifier": {"value": str(third)}}}]))  # fmt: skip
    assert response(houses.send(raw)) == ("ok", "m-C01001")
    [row] = worked()
    assert (row.state, row.wrote) == ("applied", [])
    answered = {"resourceType": "AppointmentResponse", "id": "r", "participantStatus": "accepted",
                "appointment": {"reference": "Appointment/a-1"}, "participantType": [{"text": "医生"}]}  # fmt: skip
    back = body(message("C01002", answered))
    assert response(houses.send(back, key=key)) == ("ok", "m-C01002")
    assert [each.state for each in worked()] == ["applied", "applied"]
    assert [(each.receiver_id, bytes(each.body)) for each in sent()] == [(third, raw), (houses.there, back)]
    assert not Referral.objects.unscoped("test").exists()  # it is theirs, and nothing of it was written into a chart
    assert not any(row.wrote for row in kit.inbound())


def test_json_is_taken_too_and_answered_in_the_form_that_is_asked_for(houses: Houses) -> None:
    raw = body(message("C01001", ASKED, PATIENT), "standard")
    answer = houses.send(raw, headers={"Content-Type": "application/fhir+json", "Accept": "application/fhir+xml"})
    assert answer.status_code == 200
    assert b'<code value="ok"/>' in answer.content
    assert [row.state for row in worked()] == ["applied"]


def test_sent_again_in_other_bytes_it_has_no_second_effect_and_an_id_of_anothers_is_refused(houses: Houses) -> None:
    bundle = message("C01001", ASKED, PATIENT)
    first = houses.send(body(bundle))
    again = houses.send(body({**bundle, "id": "again", "timestamp": "2026-03-01T08:00:00Z"}))
    assert again.text == first.text
    other = houses.send(body(message("C01001", {**ASKED, "comment": "别的"}, PATIENT)))
    assert (response(other)[0], told(other)) == ("fatal-error", [("id-reused", "Bundle.entry[0].resource.id")])
    rows = worked()
    assert [(row.state, row.params.get("repeats")) for row in rows] == [
        ("applied", None), ("applied", rows[0].pk), ("resting", None),
    ]  # fmt: skip
    assert Referral.objects.unscoped("test").count() == 1


@pytest.mark.parametrize(
    ("bundle", "code", "place"),
    [
        (message("C09999", ASKED), "unknown-event", "event"),
        (message("C01001", PATIENT), "no-focus", "focus"),
        (message("C01001", ASKED, sender={"identifier": {"value": "nobody"}}), "other-sender", "sender"),
        (message("C01001", ASKED, destination=[{"endpoint": "urn:x", "receiver": {"identifier": {"value": "nobody"}}}]),
         "no-receiver", "destination"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_with_its_place(houses: Houses, bundle: Any, code: str, place: str) -> None:
    answer = houses.send(body(bundle))
    assert response(answer)[0] == "fatal-error"
    assert told(answer) == [(code, f"Bundle.entry[0].resource.{place}")]
    [row] = worked()
    assert (row.state, row.reason, row.params["code"]) == ("resting", "message-unreadable", code)
    assert not Referral.objects.unscoped("test").exists()


def test_who_has_no_endpoint_or_no_key_sends_nothing(houses: Houses) -> None:
    raw = body(message("C01001", ASKED, PATIENT))
    assert houses.send(raw, key="").status_code == 401
    refused = houses.send(raw, key=houses.key_here)
    assert (refused.status_code, told(refused)[0][0]) == (403, "message-no-endpoint")
    assert houses.send(raw, headers={"Content-Type": "text/plain"}).status_code == 415
    asynchronous = houses.door.send("POST", "$process-message?async=true", raw, headers=XML, key=houses.key_there)
    assert (asynchronous.status_code, told(asynchronous)[0][0]) == (400, "message-async")
    assert houses.door.get("$process-message", key=houses.key_there).status_code == 405
    assert kit.inbound() == []


def test_what_rests_is_mended_by_hand_and_used(houses: Houses) -> None:
    wrong = body(message("C01001", {**ASKED, "status": "proposed"}, PATIENT)).replace(b'"proposed"', b'"wished"')
    assert told(houses.send(wrong)) == [("bad-code", "Bundle.entry[1].resource.status")]
    [row] = worked()
    assert row.state == "resting"
    mending.mend(callers.system(), inbound=row.pk, text=wrong.decode().replace("wished", "proposed"))
    old, new = worked()
    assert (old.state, new.state, new.kind, new.key) == ("mended", "applied", "C01001", "Appointment/a-1")
    assert Referral.objects.unscoped("test").count() == 1


def test_given_back_and_asked_again_by_the_same_number(houses: Houses) -> None:
    houses.send(body(message("C01001", ASKED, PATIENT)))
    worked()
    [referral] = Referral.objects.unscoped("test")
    moving.give_back(houses.desk(), referral=referral.pk, expect=None, answer=Answer(note="请补充检查结果"))
    assert b'<participantStatus value="tentative">' in bytes(sent()[0].body)
    more = message("C01001", {**ASKED, "comment": "补充：血压 190/115"}, PATIENT, id="m-2")
    assert response(houses.send(body(more)))[0] == "ok"
    assert [row.state for row in worked()] == ["applied", "applied"]
    referral.refresh_from_db()
    assert referral.status == "sent"
    late = message("C01001", {**ASKED, "comment": "又改"}, PATIENT, id="m-3")
    houses.send(body(late))
    assert worked()[-1].params["code"] == "referral.message_state"
    gone = message("C01001", {**ASKED, "status": "cancelled"}, PATIENT, id="m-4")
    houses.send(body(gone))
    assert worked()[-1].state == "applied"
    referral.refresh_from_db()
    assert referral.status == "withdrawn"


@pytest.mark.django_db
def test_an_endpoint_names_institutions_that_are_there_and_not_its_own_as_receiver(built: Houses) -> None:
    facts = Facts("平台", built.here, 0, protocol=MESSAGES, mapping="sichuan")
    for wrong in ({"receiver": built.here}, {"receiver": uuid4()}, {"speaks_for": (uuid4(),)}):
        with pytest.raises(Refused, match=r"endpoint\.parties"):
            editing.make(callers.system(), facts=replace(facts, **wrong))
    with pytest.raises(
        Refused, match=r"endpoint\.parties"
    ):  # what is meant for another is not drawn to one's own system
        editing.make(callers.member(built.here), facts=replace(facts, speaks_for=(built.there,)))
    editing.make(callers.system(), facts=facts)
    with pytest.raises(Refused, match=r"endpoint\.taken_message"):
        editing.make(callers.system(), facts=facts)
