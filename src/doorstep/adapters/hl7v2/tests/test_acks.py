"""Acknowledgements: who gets which, in both modes, in the sender's version, separators and character set."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.hl7v2 import acks
from doorstep.adapters.hl7v2.acks import CODES, ERRORS, acknowledge, fault_of, wanted
from doorstep.adapters.hl7v2.codec import header_of, parse
from doorstep.adapters.hl7v2.shapes import PLAIN, Header, Problem, separators_of
from doorstep.adapters.hl7v2.tests.samples import ORU, files

AT = datetime(2026, 3, 1, 8, 0, tzinfo=timezone(timedelta(hours=8)))
HEADER = header_of(ORU.encode())
ENHANCED = {  # MSH-15 or MSH-16: which of A, E, R is sent
    "AL": "AER",
    "NE": "",
    "SU": "A",
    "ER": "ER",
    "": "",
}


def answer(header=HEADER, code="AA", **more) -> str:
    return acknowledge(header, code, at=AT, control_id="K1", **more).decode("utf-8")


class TestWhichIsWanted:
    @pytest.mark.parametrize("code", sorted(CODES))
    def test_original_mode_knows_the_applications_codes_alone(self, code):
        assert wanted(HEADER, code) == "A" + code[1]
        assert wanted(None, code) == "A" + code[1]

    @pytest.mark.parametrize("accept", ENHANCED)
    @pytest.mark.parametrize("application", ENHANCED)
    def test_enhanced_mode_asks_each_field(self, accept, application):
        if not accept + application:
            return
        header = replace(HEADER, accept_ack=accept, application_ack=application)
        for letter in "AER":
            assert wanted(header, "C" + letter) == ("C" + letter if letter in ENHANCED[accept] else None)
            assert wanted(header, "A" + letter) == ("A" + letter if letter in ENHANCED[application] else None)


class TestWhatItSays:
    def test_word_for_word(self):
        assert answer().split("\r") == [
            "MSH|^~\\&|HUB|医共体|LIS|山口医院|20260301080000+0800||ACK^R01^ACK|K1|P|2.5.1||||||UNICODE UTF-8",
            "MSA|AA|M1",
            "",
        ]

    def test_an_error_since_2_5(self):
        said = answer(code="AE", error=Problem("missing-field", "OBX[2]-5[1].2", "没有|值"))
        assert said.split("\r")[1:3] == [
            "MSA|AE|M1",
            "ERR||OBX^2^5^1^2|101^Required field missing^HL70357|E|missing-field|||OBX[2]-5[1].2: 没有\\F\\值",
        ]

    def test_an_error_before_2_5(self):
        header = replace(HEADER, version="2.3")
        said = answer(header, "AR", text="no", error=Problem("unsupported-kind", "MSH-9"))
        assert said.split("\r")[1:3] == ["MSA|AR|M1|no", "ERR|MSH^1^9^200&Unsupported message type&HL70357"]
        assert "||ACK^R01|K1|" in said

    def test_an_error_without_a_place_in_the_message(self):
        assert "ERR|||207^Application internal error^HL70357|E|fell-over|||byte 17" in answer(
            code="AE", error=Problem("fell-over", "byte 17")
        )
        assert answer(replace(HEADER, version="2.4"), "AE", error=Problem("not-in-charset", "byte 1")).endswith(
            "ERR|^^^102&Data type error&HL70357\r"
        )
        assert "ERR||PID|100^" in answer(code="AE", error=Problem("missing-segment", "PID"))

    def test_words_for_people_left_msa_with_2_7(self):
        assert "MSA|AA|M1|好\r" in answer(text="好")
        assert "MSA|AA|M1\r" in answer(replace(HEADER, version="2.7"), text="好")

    def test_nobody_can_be_told_from(self):
        said = answer(None, "AR", error=Problem("no-header", "byte 0"))
        assert said.split("\r")[:2] == ["MSH|^~\\&|||||20260301080000+0800||ACK|K1|P|2.5.1", "MSA|AR"]

    def test_in_the_senders_separators_and_charset(self):
        raw = "MSH#*!%$#山口*1#B###20260301##ADT*A01#a%T%1#P#2.5######GBK\r".encode("gb18030")
        header = header_of(raw)
        made = acknowledge(header, "AA", text="收到#", at=AT, control_id="K1")
        message = parse(made)
        assert made.decode("gb18030").startswith("MSH#*!%$###山口*1#B#")
        assert (message.get("MSA-2"), message.get("MSA-3")) == ("a$1", "收到#")

    def test_an_undeclared_charset_is_answered_in_what_was_read(self):
        raw = ORU.replace("UNICODE UTF-8", "").encode("gb18030")
        assert "山口医院".encode("gb18030") in acknowledge(header_of(raw), "AA", at=AT, control_id="1")

    def test_what_the_senders_charset_has_not_does_not_stop_it(self):
        header = replace(HEADER, charset="8859/1")
        assert b"MSA|AE|M1|??" in acknowledge(header, "AE", text="错误", at=AT, control_id="1")

    def test_no_such_code(self):
        with pytest.raises(ValueError, match="XX"):
            answer(code="XX")

    @given(
        st.builds(
            Header,
            *[st.text(st.characters(codec="utf-8", exclude_characters="\r\n\v\x1c|"), max_size=8)] * 4,
            control_id=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
            version=st.sampled_from(["", "2.3", "2.5.1", "2.8", "x"]),
            kind=st.just("ADT"),
            trigger=st.text(st.characters(codec="utf-8"), max_size=4),
        ),
        st.sampled_from(sorted(CODES)),
        st.text(st.characters(codec="utf-8"), max_size=20),
        st.sampled_from(sorted(ERRORS)),
    )
    def test_any_is_a_message_that_names_what_it_answers(self, header, code, text, reason):
        made = acknowledge(header, code, text=text, error=Problem(reason, text, text), at=AT, control_id="K")
        message = parse(made)
        assert (message.get("MSA-1"), message.get("MSA-2")) == (code, header.control_id)
        assert message.header.kind == "ACK"
        assert message.header.receiving_application == header.sending_application


WORDS = st.text(st.sampled_from("aZ9|^&~\\#-_.<gap> 山é"), max_size=12)


@given(
    st.builds(
        Header, *[WORDS] * 4, control_id=WORDS, processing=WORDS, version=st.sampled_from(["", "2.3", "2.7"]),
        trigger=WORDS, charset=st.sampled_from(["", "GBK", "UNICODE UTF-8", "8859/1"]),
        separators=st.sampled_from([PLAIN, separators_of("#", "*!%$"), separators_of("-", "^~\\&")]),
    ),
    st.sampled_from(sorted(CODES)), st.sampled_from(["", "AL"]), WORDS,
    st.datetimes(timezones=st.sampled_from([None, UTC, AT.tzinfo]) , min_value=datetime(1900, 1, 1)),
)  # fmt: skip
def test_what_is_remembered_of_a_sender_changes_no_acknowledgement(header, code, accept, number, at):
    known = acknowledge(header, code, at=at, control_id=number, accept=accept)
    assert known == acks._whole(header, code, "", None, at.strftime(acks.STAMP), number, accept)


class TestHeaders:
    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({}, None),
            ({"version": "", "processing": ""}, None),
            ({"kind": ""}, Problem("missing-field", "MSH-9")),
            ({"control_id": ""}, Problem("missing-field", "MSH-10")),
            ({"processing": "X"}, Problem("unsupported-processing", "MSH-11", "X")),
            ({"version": "3.0"}, Problem("unsupported-version", "MSH-12", "3.0")),
        ],
    )
    def test_what_is_refused_by_the_header_alone(self, change, problem):
        assert fault_of(replace(HEADER, **change)) == problem

    def test_without_one(self):
        assert fault_of(None) == Problem("no-header", "MSH")


def test_every_sample_is_acknowledged_to_its_sender():
    for path in files():
        header = header_of(path.read_bytes())
        assert fault_of(header) is None, path.name
        message = parse(acknowledge(header, "AA", at=datetime.now(UTC), control_id="1"))
        assert message.get("MSA-2") == header.control_id, path.name
        assert message.header.receiving_facility == header.sending_facility, path.name
        assert message.header.version == (header.version or "2.5.1"), path.name
