"""What a referral says by messages and what one says of it: letters, urgency, who and when, patients."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.fhirmessaging import reading
from doorstep.adapters.fhirmessaging.reading import Message, Party
from doorstep.services.referrals.fhir import messages
from doorstep.services.referrals.flow import FLOW
from doorstep.services.referrals.rules.kinds import Urgency
from doorstep.services.referrals.rules.letters import FIELDS, Part, kept
from doorstep.services.referrals.shapes import Appointed, Detail, Line, Person, Times, Wish

# no line ends and no heading of ours: a letter of such words cannot be told from its headings
WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"), exclude_characters="【】"))
LETTERS = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS[Part.OUT], WORDS))


def said(*resources: dict[str, Any], focus: str = "") -> Message:
    entries = [{"resource": each} for each in ({"resourceType": "MessageHeader"}, *resources)]
    return Message("m", "C01001", "", Party(), Party(), (), "", (focus,), {"entry": entries})


def document(text: str = "", **attachment: str) -> dict[str, Any]:
    if text:
        attachment |= {"contentType": "text/plain;charset=utf-8", "data": base64.b64encode(text.encode()).decode()}
    return {"resourceType": "DocumentReference", "content": [{"attachment": attachment}]}


@given(LETTERS)
def test_a_letter_is_read_as_it_was_written(letter: dict[str, str]) -> None:
    wanted = {name: text for name, text in kept(Part.OUT, letter).items() if text}
    assert messages.letter_of(messages.letter_text(letter)) == wanted


@given(st.text())
def test_any_text_is_a_letter(text: str) -> None:
    found = messages.letter_of(text)
    assert set(found) <= set(FIELDS[Part.OUT])
    assert found or not text.strip() or "【" in text


@given(st.sampled_from(Urgency))
def test_an_urgency_comes_back(urgency: Urgency) -> None:
    assert messages.urgency_of(messages.PRIORITIES[urgency]) is urgency


@pytest.mark.parametrize("priority", [None, 0, -3, 10, "1", 8])
def test_what_says_no_urgency_is_routine(priority: Any) -> None:
    assert messages.urgency_of(priority) is Urgency.ROUTINE


def test_a_wish_takes_the_letter_from_the_document_else_from_the_appointment() -> None:
    asked = {"resourceType": "Appointment", "description": "脑出血", "comment": "头痛", "priority": 2,
             "serviceType": [{"coding": [{"code": "03"}]}, {"text": "神经内科"}]}  # fmt: skip
    plain = messages.wish_of(said(asked), ())
    assert (plain.letter, plain.urgency, plain.department_name) == (
        {"impression": "脑出血", "present": "头痛"}, "emergency", "神经内科",
    )  # fmt: skip
    written = document(messages.letter_text({"present": "头痛三天", "past": "高血压"}), title="转诊记录")
    found = messages.wish_of(said(asked, written), ("Patient/p", "DocumentReference/d-1"))
    assert found.letter == {"impression": "脑出血", "present": "头痛三天", "past": "高血压"}
    assert [(each.kind, each.key, each.title) for each in found.enclosures] == [
        ("DocumentReference", "d-1", "转诊记录")
    ]
    elsewhere = messages.wish_of(said(document(title="转诊记录", url="http://a/1")), ())
    assert elsewhere.letter["present"] == "转诊记录：http://a/1"
    broken = {"resourceType": "DocumentReference", "description": "文", "content": [
        {"attachment": {"contentType": "text/plain", "data": "???"}}]}  # fmt: skip
    assert messages.wish_of(said(broken), ()).letter["present"] == "文"


def test_when_whom_and_whether() -> None:
    asked = {"resourceType": "Appointment", "start": "2026-03-01", "end": "2026-03-05", "patientInstruction": "带病历"}
    assert messages.note_of(said(asked)) == "希望时间 2026-03-01 至 2026-03-05；带病历"
    assert messages.note_of(said()) == messages.doctor_of(said()) == ""
    assert messages.doctor_of(said({"resourceType": "Practitioner", "name": [{}, {"text": "何医生"}]})) == "何医生"
    assert messages.is_cancelled(said(asked | {"status": "cancelled"}))
    assert not messages.is_cancelled(said(asked))
    assert messages.title_of({}) == "文书"


def test_a_patient_is_named_and_no_more_is_told() -> None:
    numbers = [{"system": "urn:oid:2.16.156.10011.1.3", "value": "1"}, {"system": "urn:mr", "value": "2"}, {}]
    record = {
        "resourceType": "Patient", "id": "x", "name": [{"text": "李秀英"}], "gender": "female", "identifier": numbers,
        "photo": [{"title": "x"}],
    }  # fmt: skip
    found = messages.person_of(record, "p-1")
    assert set(found) == {"resourceType", "id", "meta", "identifier", "_gender", "name"}
    assert [each["system"] for each in found["identifier"]] == [
        "http://NamingSystem.hl7fhir.cn/identityDocument",
        "urn:mr",
    ]
    assert "_gender" not in messages.person_of({}, "p-1")
    # read again by the guide's own way it is the same person
    assert reading.resource(json.dumps(found).encode(), "sichuan", [])["gender"] == "female"


def test_every_answer_is_a_move_of_the_flow_and_comes_back_as_one() -> None:
    names = {move.name for move in FLOW.moves}
    assert set(messages.STATES) <= names
    assert set(messages.MOVES.values()) <= names
    assert {messages.MOVES[messages.STATES[name]] for name in ("accept", "decline", "give_back", "arrive")} == {
        "accept", "decline", "give_back", "arrive",
    }  # fmt: skip
    assert messages.MOVES[messages.STATES["redirect"]] == "give_back"


def test_a_heading_of_others_is_left_out_and_an_agreed_time_has_both_ends() -> None:
    assert messages.letter_of("【其他】\n甲\n【初步印象】\n乙") == {"impression": "乙"}
    at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    line = Line(
        UUID(int=1), 1, "ZZ1", "某某", "up", "inpatient", "routine", "accepted", UUID(int=2), UUID(int=3), "甲", "乙",
        "", None, at, at, None, False, False, False, "", "", False,
    )  # fmt: skip
    one = Detail(
        line, UUID(int=4), Person("某某"), Wish(), "", "", "", None, Appointed(None, None, at, ""),
        Times(valid_until=at + timedelta(days=7)), None, None,
    )  # fmt: skip
    found = messages.answer(one, "accept", "Appointment/x", "何医生", 3, "")[0]
    assert (found["start"], found["end"]) == ("2026-03-01T08:00:00+00:00", "2026-03-08T08:00:00+00:00")
