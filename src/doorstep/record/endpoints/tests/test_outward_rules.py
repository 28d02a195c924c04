"""Rules of what goes out, by properties: what an answer comes to, hours, waits, keys; and who is told what of whom."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.hl7v2 import acks
from doorstep.adapters.hl7v2.codec import header_of
from doorstep.adapters.hl7v2.shapes import Problem
from doorstep.kernel.clock import CHINA
from doorstep.record.endpoints import fhir
from doorstep.record.endpoints.rules import answers, outward, words
from doorstep.record.endpoints.rules.answers import Outcome, Verdict, judge, move_of
from doorstep.record.endpoints.rules.facts import Ordering
from doorstep.record.endpoints.tests import kit

HEADER = header_of(kit.oru(7))
AT = datetime(2026, 3, 1, tzinfo=UTC)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


@given(st.sampled_from(sorted(acks.CODES)), st.sampled_from(["2.3.1", "2.4", "2.5.1", "2.8"]), st.text(max_size=40))
def test_our_own_acknowledgements_are_understood(code: str, version: str, text: str):
    header = header_of(kit.oru(7).replace(b"|2.5.1", f"|{version}".encode()))
    raw = acks.acknowledge(
        header, code, text=text, error=Problem("unknown-key", "PID-3"), at=AT, control_id="A"
    )  # fmt: skip
    found = judge("C7", raw)
    outcome = {"A": Outcome.TAKEN, "E": Outcome.AGAIN, "R": Outcome.REFUSED}[code[1]]
    assert (found.outcome, found.code) == (outcome, code)
    assert outcome is Outcome.TAKEN or found.params["error"] == "204"
    assert judge("C8", raw).reason == "answer-of-another"


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_none(raw: bytes):
    found = judge("C7", raw)
    assert found.outcome is Outcome.AGAIN
    assert words.has_words(found.reason)


@given(st.sampled_from(list(Outcome)), st.integers(1, 50), st.integers(1, 50))
def test_nothing_is_tried_for_ever_nor_rests_before_its_time(outcome: Outcome, tries: int, most: int):
    move = move_of(Verdict(outcome), tries, most)
    if outcome is Outcome.AGAIN:
        assert move == ("rest" if tries >= most else "")
    else:
        assert move == {"taken": "take", "refused": "rest"}[outcome]


@given(st.integers(1, 1000), st.floats(0, 1))
def test_waits_grow_to_a_bound_and_are_spread(times: int, chance: float):
    for wait, most in ((outward.reach_again, outward.LONGEST), (outward.try_again, outward.SLOWEST)):
        assert most >= wait(times, chance) >= min(timedelta(seconds=1), most / 2)
        assert wait(times + 1, chance) >= wait(times, chance)


@given(moments, st.times(), st.times())
def test_hours_are_chinas_and_one_of_the_two_spans_of_a_day(now: datetime, opens: time, closes: time):
    if opens != closes:
        assert outward.is_open(now, opens, closes) != outward.is_open(now, closes, opens)
    assert outward.is_open(now, None, None)
    assert outward.is_open(datetime.combine(now.date(), opens, CHINA), opens, closes)


@given(st.sampled_from(list(Ordering)), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_a_key_is_never_empty_and_of_a_patient_the_same(ordering: Ordering, key: str, cause: str, other: str):
    one, two = outward.key_of(ordering, key, cause), outward.key_of(ordering, key, other)
    assert one
    assert one == two or ordering is Ordering.NONE or (ordering is Ordering.PATIENT and not key)


def test_both_hours_or_none():
    assert outward.hours(time(8), time(9)).allowed
    assert outward.hours(None, None).allowed
    assert outward.hours(time(8), None).reason == "endpoint.hours"


def test_every_reason_has_words_in_both_languages():
    for code in answers.TAKEN | answers.AGAIN | answers.REFUSED:
        assert code in acks.CODES
    for code in ("closed", "too-slow", "answered-error", "answer-of-another"):
        assert words.advice(code, "zh")
        assert words.words(code, {"code": "AE", "error_words": "x", "detail": "y"}, "en").isascii()
    assert words.error("204", "zh") == "不认识的号码"
    assert words.error("9", "en") == "9"
    assert words.error("", "en") == "no reason given"


NAMES = {"HIS": "urn:his"}


def record(number: str, system: str = "urn:his", **more: object) -> dict[str, object]:
    return {"identifier": [{"system": system, "value": number}], "name": [{"text": f"名{number}"}], **more}


numbers = st.lists(st.text("AB12", min_size=1, max_size=3), max_size=3, unique=True)


@given(st.uuids(), st.uuids(), numbers, numbers)
def test_of_a_merge_no_number_is_told_to_be_dead_that_is_all_there_is(kept: UUID, gone: UUID, stay: list, come: list):
    stayed, came = [record(n) for n in stay], [record(n) for n in come]
    said = fhir.merged(kept, gone, stayed, came, NAMES)
    live = {each["value"] for each in said["patient"]["identifier"]}
    dead = {each["value"] for each in said["prior"]["identifier"]}
    assert str(kept) in live
    assert str(gone) in dead
    assert live - {str(kept)} == set(stay or come)
    assert dead - {str(gone)} == (set(come) if stay else set())


@given(st.uuids(), st.uuids(), numbers, st.booleans())
def test_of_a_move_both_sides_name_the_same_numbers(now: UUID, before: UUID, moved: list, restored: bool):
    said = fhir.moved(now, before, [record(n) for n in moved], NAMES, restored=restored)
    assert said["patient"]["identifier"] == said["prior"]["identifier"]
    assert {each["value"] for each in said["patient"]["identifier"]} == {*moved, *([str(now)] if restored else [])}
    ends = [said[name]["link"][0]["other"]["identifier"]["value"] for name in ("patient", "prior")]
    assert ends == [str(now), str(before)]


def test_of_a_record_no_more_is_told_than_who_it_is():
    body = record("1", contact=[{"name": {"text": "妻"}}], photo=[{"data": "x"}], birthDate="1985-03-15")
    said = fhir.person(uuid4(), [body], fhir.numbers_of([body], NAMES))
    assert set(said) == {"resourceType", "identifier", "name", "birthDate"}
    assert said["identifier"][1]["system"].endswith(":id:HIS:MR")


@pytest.mark.parametrize(("identity", "birth"), [("", ""), ("43992119850315001X", "1985-03")])
def test_of_one_without_a_record_there_is_the_least(identity: str, birth: str):
    key = uuid4()
    said = fhir.stranger(key, "王", "1", birth, identity)
    assert [each["value"] for each in said["identifier"]] == [str(key), *([identity] if identity else [])]
    assert ("birthDate" in said, said["gender"]) == (bool(birth), "male")
