"""Messages read, mended, answered: the guides' own examples, made-up ones by property, and hostile ones."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.fhirmessaging import answering, client, composing, mending, reading
from doorstep.adapters.fhirmessaging.answering import Code, Kept
from doorstep.adapters.fhirmessaging.reading import Unreadable
from doorstep.adapters.fhirmessaging.words import LEFT, WORDS, say
from doorstep.fhir import xml
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.validation import check
from doorstep.linkage.numbers import check_digit

EVENT = composing.Event("C01001", "http://CodeSystem.hl7fhir.cn/activity-code", "转诊预约申请")
HERE = composing.Correspondent("甲医院", "12439921WY0000007W", "https://jia.example/fhir")
THERE = composing.Correspondent("乙医院", "12439921WY0000015P", "https://yi.example/fhir")
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
FIRST = UUID(int=1)
KEPT = Kept(UUID(int=7), 12, AT)
ASKED: dict[str, Any] = {
    "resourceType": "Appointment", "id": "a-1", "status": "proposed",
    "participant": [{"actor": {"reference": "Patient/p-1"}, "status": "accepted"}],
}  # fmt: skip
PATIENT = {"resourceType": "Patient", "id": "p-1", "name": [{"text": "王小明"}]}


def message(*more: Any, control: UUID = FIRST) -> dict[str, Any]:
    return composing.message(control, EVENT, HERE, THERE, [ASKED, PATIENT, *more], AT)


def faults(data: bytes, dialect: str = "sichuan") -> list[tuple[str, str]]:
    with pytest.raises(Unreadable) as caught:
        reading.read(data, dialect)
    assert all(each.zh and each.en for each in caught.value.faults)
    return [(each.code, each.place) for each in caught.value.faults]


@given(st.sampled_from(["sichuan", "standard"]), st.uuids(version=4))
def test_what_is_composed_is_read_as_it_was_meant(dialect: str, control: UUID) -> None:
    made = message(control=control)
    assert check("Bundle", made) == []
    found = reading.read(composing.encoded(made, dialect), dialect)
    assert (found.control, found.event, found.conversation) == (str(control), "C01001", "Appointment/a-1")
    assert (found.sender.identifiers, found.receivers[0].identifiers) == ((HERE.code,), (THERE.code,))
    assert found.receivers[0].endpoint == THERE.address
    assert found.first("Appointment") == ASKED
    assert found.mended == ()
    assert reading.is_xml(composing.encoded(made, dialect)) == (dialect == "sichuan")


def test_a_byte_order_mark_another_encoding_and_decimals_change_nothing() -> None:
    made = message({"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "体温"},
                    "valueQuantity": {"value": 1}})  # fmt: skip
    text = composing.encoded(made, "sichuan").decode().replace('<value value="1"/>', '<value value="36.50"/>')
    plain = reading.read(text.encode())
    assert b'"value":36.50' in reading.json_of(plain.bundle)
    declared = text.replace('encoding="UTF-8"', 'encoding="GB18030"').encode("gb18030")
    assert reading.read(b"\xef\xbb\xbf" + text.encode()).bundle == reading.read(declared).bundle == plain.bundle
    body = b"\xef\xbb\xbf" + reading.json_of(plain.bundle)
    assert reading.read(body, "standard").bundle == plain.bundle


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda b: b.update(type="collection"), ("not-message", "Bundle.type")),
        (lambda b: b.update(entry=[]), ("no-header", "Bundle.entry[0].resource")),
        (lambda b: b["entry"].reverse(), ("no-header", "Bundle.entry[0].resource")),
        (lambda b: b["entry"][0]["resource"].pop("id"), ("no-id", "Bundle.entry[0].resource.id")),
        (lambda b: b["entry"][0]["resource"].pop("eventCoding"), ("no-event", "Bundle.entry[0].resource.event")),
        (lambda b: b["entry"][0]["resource"].update(response={"identifier": "x", "code": "ok"}),
         ("not-a-response", "Bundle.entry[0].resource.response")),
        (lambda b: b["entry"][1]["resource"].pop("status"), ("missing", "Bundle.entry[1].resource.status")),
        (lambda b: b["entry"][2]["resource"].update(gender="男"), ("bad-code", "Bundle.entry[2].resource.gender")),
        (lambda b: b.update(resourceType="Patient"), ("not-bundle", "resourceType")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(change: Any, found: tuple[str, str]) -> None:
    made = json.loads(json.dumps(message()))
    change(made)
    assert found in faults(json.dumps(made).encode(), "standard")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf  ", "empty"),
        (b"MSH|^~\\&|A", "syntax"),
        (b'{"resourceType":"Bundle","type":"message","type":"message"}', "duplicate-key"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><Bundle xmlns="http://hl7.org/fhir"/>', "xml-doctype"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><Bundle xmlns="http://hl7.org/fhir"/>', "xml-doctype"),
        (b'<Bundle xmlns="http://hl7.org/fhir"><type value="message"', "xml-syntax"),
        (b'<Bundle><type value="message"/></Bundle>', "xml-namespace"),
        (b'<?xml version="1.0" encoding="utf-7"?><Bundle/>', "xml-encoding"),
        (b'<Bundle xmlns="http://hl7.org/fhir">' + b"<contained>" * 9000, "xml-syntax"),
    ],
)
def test_hostile_bytes_are_refused(data: bytes, code: str) -> None:
    assert [each for each, _ in faults(data)] == [code]


def test_a_deep_document_is_refused_and_not_followed() -> None:
    deep = b'<extension url="a">' * 200 + b'<valueBoolean value="true"/>' + b"</extension>" * 200
    bundle = b'<Bundle xmlns="http://hl7.org/fhir"><type value="message"/><entry><resource><Patient>'
    assert [code for code, _ in faults(bundle + deep + b"</Patient></resource></entry></Bundle>")] == ["too-deep"]


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"<Bundle>{text}</Bundle>".encode()))
def test_no_bytes_bring_anything_but_our_own_refusal(data: bytes) -> None:
    for dialect in reading.DIALECTS:
        with pytest.raises(Unreadable):
            reading.read(data, dialect)


@given(st.integers(0, 4000), st.binary(min_size=1, max_size=3))
def test_a_message_that_was_broken_on_the_way_is_read_or_refused(place: int, put: bytes) -> None:
    whole = composing.encoded(message(), "sichuan")
    with suppress(Unreadable):
        found = reading.read(whole[:place] + put + whole[place + len(put) :])
        assert found.control


WRAPPED = """<?xml version="1.0" encoding="utf-8"?>
<Bundle xmlns="http://hl7.org/fhir"><type value="message"/>
<entry><resource><MessageHeader><id value="m"/><eventCoding><code value="C01001"/></eventCoding>
<source><endpoint value="urn:x"/></source>
<definition>
  <!-- a canonical -->
  <reference value="MessageDefinition/a&gt;b"/>
</definition></MessageHeader></resource></entry>
<entry><resource><Encounter><id value="e"/><status><extension url="http://StructureDefinition.hl7fhir.cn/resource-status">
<valueCoding><code value=" arrived "/></valueCoding></extension></status>
<class><coding><code value="IMP"/></coding></class>
<extension url="x"><ValueAttachment><contentType value="HTML"/><url value=" http://a "/></ValueAttachment></extension>
</Encounter></resource></entry></Bundle>"""


def test_each_mend_and_its_place() -> None:
    mended: list[mending.Mend] = []
    found = reading.resource(WRAPPED.encode(), "sichuan", mended)
    header, encounter = (entry["resource"] for entry in found["entry"])
    assert header["definition"] == "MessageDefinition/a>b"
    assert encounter["class"] == {"code": "IMP"}
    assert encounter["status"] == "arrived"
    assert encounter["extension"][0]["valueAttachment"] == {"contentType": "text/html", "url": "http://a"}
    assert [(each.rule, each.place) for each in mended] == [
        ("definition", "7:3"), ("class", "11:8"), ("value", "12:20"),
        ("code", "Bundle.entry[1].resource.status"),
        ("mime", "Bundle.entry[1].resource.extension[0].valueAttachment.contentType"),
        ("space", "Bundle.entry[1].resource.extension[0].valueAttachment.url"),
    ]  # fmt: skip
    with pytest.raises(FhirProblem, match=r"coding|reference"):
        reading.resource(WRAPPED.encode(), "standard", [])


def test_what_is_wrong_behind_a_mend_is_at_its_own_line() -> None:
    broken = WRAPPED.replace(
        '<class><coding><code value="IMP"/></coding></class>', '<class><coding><kode value="x"/></coding></class>'
    )
    with pytest.raises(Unreadable) as caught:
        reading.read(broken.encode())
    [fault] = caught.value.faults
    assert (fault.code, fault.line) == ("xml-element", 11)


@given(st.from_regex(r"[1-9][0-9]{16}[0-9X]", fullmatch=True))
def test_a_wrong_id_number_is_another_documents_and_a_right_one_stays(number: str) -> None:
    kind = {"coding": [{"system": mending.NUMBER, "code": "01"}]}
    right = f"43992119850315{number[:3]}"
    for value, code in ((number, "99"), (right + check_digit(right), "01")):
        person = {"resourceType": "Patient", "identifier": [{"type": json.loads(json.dumps(kind)), "value": value}]}
        told = mending.values_of(person)
        found = person["identifier"][0]["type"]["coding"][0]["code"]  # type: ignore[index]  # as it was made above
        if mending.read_id(value) == "id_check_digit" or code == "01":
            assert found == code
        assert bool(told) == (found == "99")


@pytest.mark.parametrize("code", [*WORDS, *LEFT])
def test_every_word_has_both_languages(code: str) -> None:
    given_ = dict.fromkeys(("type", "event", "sender", "receiver", "number"), "x")
    assert say(code, given_, "zh") != say(code, given_, "en")


@given(st.sampled_from(Code), st.booleans())
def test_an_answer_says_what_it_was_made_of(code: Code, as_xml: bool) -> None:
    asked = reading.read(composing.encoded(message(), "standard"), "standard")
    wrong = [] if code is Code.OK else [reading.own("unknown-event", "Bundle.entry[0].resource.event", event="X")]
    made = answering.answer(asked, code, wrong, KEPT, "https://here/fhir/", "en")
    assert check("Bundle", made) == []
    assert made == answering.answer(asked, code, wrong, KEPT, "https://here/fhir/", "en")
    data = reading.json_of(made)
    said = answering.said(xml.write(data) if as_xml else data)
    assert (said.control, said.code) == (asked.control, code)
    assert (said.words == "") == (code is Code.OK)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", Code.OK),
        (b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","diagnostics":"x"}]}', Code.FATAL),
        (b'{"resourceType":"OperationOutcome","issue":[{"severity":"information"}]}', Code.OK),
        (answering.refusal(404, b"<html>"), Code.FATAL),
        (answering.refusal(403, b""), Code.FATAL),
    ],
)
def test_answers_that_are_no_messages(data: bytes, code: Code) -> None:
    assert answering.said(data).code is code


@pytest.mark.parametrize(
    "data", [b"ok", b'{"resourceType":"Bundle","entry":[1]}', b'{"resourceType":"Patient"}', b"[]"]
)
def test_what_is_no_answer_is_told(data: bytes) -> None:
    with pytest.raises(FhirProblem):
        answering.said(data)


def test_a_repeated_sending_is_the_same_and_another_message_is_not() -> None:
    one, again, other = message(), message(), message({"resourceType": "Basic", "id": "b", "code": {"text": "x"}})
    again |= {"id": str(uuid4()), "timestamp": "2027-01-01T00:00:00Z"}
    data = [composing.encoded(each, "standard") for each in (one, again, other)]
    assert reading.same(data[0], data[1], "standard")
    assert reading.same(data[0], composing.encoded(one, "sichuan"), "sichuan")
    assert not reading.same(data[0], data[2], "standard")
    assert not reading.same(data[0], b"{", "standard")


def test_nothing_about_a_person_leaves_this_machine_without_tls() -> None:
    with pytest.raises(client.NotReached) as caught:
        client.ask(client.Address("example.org", 80, "fhir", secured=False), b"{}", 1)
    assert caught.value.reason == "not-secured"
    assert client.Address("h", 1, "/a/fhir/").url == "https://h:1/a/fhir/$process-message"
    assert client.Address("h", 1, "").url == "https://h:1/$process-message"
