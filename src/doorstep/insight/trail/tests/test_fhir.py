"""The projection of a line as AuditEvent: whatever the line, valid R4, and the same codes as the search's."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.validation.checking import check
from doorstep.fhir.validation.invariants import invariants
from doorstep.insight.trail import fhir
from doorstep.insight.trail.reads import events as reads
from doorstep.insight.trail.shapes import Entry
from doorstep.kernel.call import Call
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing import callers

ACTORS = st.sampled_from(["staff:0191f0c0-0000-7000-8000-000000000001", "source:9", "system:worker", "staff:a b"])
VERBS = (
    "charts.read staff.sign_in residents.merge exchange.export fhir.search fhir.read fhir.vread trail.verify staff.add"
    " organisations.open_department outbox.open exchange.message staff.end_post residents.model.train"
    " exchange.read_back"
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20).map(
    lambda text: f"x{text}x"
)
ENTRIES = st.builds(
    Entry,
    id=st.integers(1, 10**17),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    actor=ACTORS,
    name=st.one_of(st.just(""), WORDS),
    organisation=st.none() | st.uuids(),
    purpose=st.sampled_from(["TREAT", "HOPERAT", ""]),
    action=st.sampled_from(VERBS.split()),
    outcome=st.sampled_from(["done", "refused", "set_aside"]),
    subject_type=st.sampled_from(["", "Patient", "Trail", "Delivery", "Number"]),
    subject_id=st.sampled_from(["", "p1", "a b", "王?", "_id=7&name=王"]),
    resident=st.none() | st.uuids(),
    detail=st.dictionaries(st.sampled_from(["reason", "count", "residents"]), st.integers() | WORDS | st.lists(WORDS)),
    request=st.sampled_from(["", "r-1"]),
)


@given(ENTRIES)
def test_every_line_is_valid_r4_and_can_be_found_again_by_its_id(entry: Entry) -> None:
    event = json.loads(json.dumps(fhir.audit_event(entry)))
    said = [*check("AuditEvent", event), *invariants("AuditEvent", event)]
    assert [each for each in said if each.severity in ("error", "fatal")] == []
    assert fhir.place(event["id"]) == (entry.at, entry.id)
    assert event["recorded"].endswith("Z")
    assert event["agent"][0]["altId"] == entry.actor


@pytest.mark.parametrize(
    ("action", "letter", "code"),
    [
        ("charts.read", "R", "110110"), ("fhir.vread", "R", "rest"), ("staff.sign_in", "E", "110114"),
        ("residents.merge", "U", "110110"), ("exchange.export", "E", "110106"), ("staff.end_post", "D", "110110"),
        ("exchange.message", "C", "110107"), ("trail.search", "E", "110101"), ("outbox.open", "R", "110110"),
        ("organisations.open_department", "C", "110110"), ("organisations.close_department", "D", "110110"),
    ],
)  # fmt: skip
def test_codes_of_actions(action: str, letter: str, code: str) -> None:
    line = Entry(
        1, datetime(2026, 1, 1, tzinfo=UTC), "staff:1", "王", None, "", action, "done", "", "", fhir_uuid(), {}, ""
    )
    assert (fhir.action(line), fhir.kind(line)[1]) == (letter, code)


def fhir_uuid():
    from doorstep.kernel.ids import new_id

    return new_id()


@pytest.mark.django_db
def test_the_search_s_codes_are_those_of_the_projection() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    for number, action in enumerate(VERBS.split()):
        TrailLine.objects.create(
            at=at + timedelta(seconds=number), actor="staff:1", name="王", action=action, outcome="done",
            resident=fhir_uuid() if number % 2 else None,
        )  # fmt: skip
    call = callers.system()
    found, _ = reads.events(call, [], 99, None)
    assert len(found) == len(VERBS.split())
    for entry in found:
        pairs = [("action", fhir.action(entry)), ("type", fhir.kind(entry)[1])]
        assert entry in reads.events(call, pairs, 99, None)[0]
        wrong = [("action", "U" if fhir.action(entry) != "U" else "C")]
        assert entry not in reads.events(call, wrong, 99, None)[0]


@pytest.mark.django_db
def test_without_the_permission_nothing_is_read(as_caller) -> None:
    from doorstep.kernel.decision import Refused

    stranger: Call = callers.stranger()
    with pytest.raises(Refused):
        reads.events(stranger, [], 9, None)
    with pytest.raises(Refused):
        reads.event(stranger, "trail-1-1")


@given(st.text(max_size=40))
def test_no_text_is_taken_for_an_id_that_it_is_not(text: str) -> None:
    found = fhir.place(text)
    assert found is None or text.startswith("trail-")
