"""What a source sends is checked on every way in, at the level that is set for it; all that is wrong is told."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorstep.fhir.validation import check
from doorstep.fhir.validation.findings import WORDS
from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.at_once import at_once
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.exchange import api, rules
from doorstep.record.exchange.api import Checks, Level, Problem
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.kit import Json, bundle, entry, observation, patient, send, urn
from doorstep.record.exchange.tests.test_interact import create, do, patched, update

pytestmark = pytest.mark.django_db
# three faults of structure in one patient, each in another place
THRICE = patient(1, gender="男", birthdate="1985-03-15", contact=[{"relationship": [{"text": ""}]}])
FAULTS = {
    ("bad-code", "gender"),
    ("unknown-element", "birthdate"),
    ("empty-string", "contact[0].relationship[0].text"),
}
# right in structure, but a period that ends before it begins, and a contact without anything (per-1, pat-1)
RULELESS = patient(2, contact=[{"gender": "male"}], address=[{"period": {"start": "2026-02-01", "end": "2026-01-01"}}])


def said(problems: Any) -> set[tuple[str, str]]:
    return {(p.code, p.path) for p in problems}


def at(place: str) -> set[tuple[str, str]]:
    """The faults of ``THRICE``, placed in what it stood in."""
    return {(code, f"{place}{path}") for code, path in FAULTS}


def setting(source: UUID, **how: Any) -> None:
    values = {"level": Level.STRUCTURE, "strict_bundles": True} | how
    api.set_checks(system(), source=source, expect=api.checks_of(source).version, **values)


def test_all_that_is_wrong_with_an_entry_is_told_with_its_place_and_the_others_go_in(source):
    sent = bundle("batch", entry(patient(3), 3), entry(THRICE, 1), entry(patient(5), 5))
    [receipt] = send(source, sent)
    assert (receipt.state, receipt.created, receipt.set_aside) == ("applied", 2, 1)
    assert said(receipt.problems) == at("Bundle.entry[1].resource.")
    [child] = kit.messages().filter(state="set_aside")
    assert {(p["code"], p["path"]) for p in child.problems} == at("Bundle.entry[1].resource.")
    assert (child.place.startswith("Bundle.entry[1].resource."), child.waits) == (True, False)


def test_a_transaction_is_set_aside_whole_with_the_faults_of_all_its_entries(source):
    sent = bundle("transaction", entry(patient(3), 3), entry(THRICE, 1), entry(observation(urn(3), status="fertig"), 4))
    [receipt] = send(source, sent)
    assert (receipt.state, kit.ledger()) == ("set_aside", {})
    wanted = at("Bundle.entry[1].resource.") | {("bad-code", "Bundle.entry[2].resource.status")}
    assert said(receipt.problems) == wanted
    assert {(p.code, p.path) for p in api.detail(system(), message=receipt.message).problems} == wanted


def test_a_line_of_a_file_is_told_with_its_line(source):
    lines = [orjson.dumps(r | {"id": f"p{n}"}) for n, r in enumerate((patient(3), THRICE, patient(5)))]
    [receipt] = send(source, b"\n".join(lines), kind="ndjson")
    assert (receipt.state, receipt.created) == ("applied", 2)
    assert {(p.code, p.path, p.line) for p in receipt.problems} == {(c, p, 2) for c, p in FAULTS}


def test_a_resource_alone_is_told_without_a_bundle(source):
    [receipt] = send(source, orjson.dumps(THRICE), kind="resource")
    assert (receipt.state, said(receipt.problems)) == ("set_aside", FAULTS)


def test_what_a_patch_makes_is_checked_as_what_is_sent(source):
    [made] = do(source, create(patient(1)))
    [answer] = do(source, patched("Patient", made.id, {"op": "replace", "path": "/gender", "value": "男"}))
    assert (answer.status, said(answer.problems)) == (422, {("bad-code", "gender")})
    [answer] = do(source, patched("Patient", made.id, {"op": "add", "path": "/sex", "value": "m"}))
    assert (answer.status, said(answer.problems)) == (400, {("unknown-element", "sex")})
    operation = {"op": "replace", "path": "/gender", "value": "男"}
    patch = {"resourceType": "Binary", "contentType": "application/json-patch+json"}
    patch["data"] = base64.b64encode(orjson.dumps([operation])).decode()
    [receipt] = send(source, bundle("batch", entry(patch, None, "PATCH", f"Patient/{made.id}")))
    assert said(receipt.problems) == {("bad-code", "Bundle.entry[0].resource.gender")}
    assert {v[1] for v in kit.ledger().values()} == {1}


def test_a_single_write_is_checked_where_the_door_has_not(source):
    [answer] = do(source, create(THRICE))
    assert (answer.status, said(answer.problems)) == (400, FAULTS)
    assert not kit.messages().exists()
    [answer] = do(source, create(THRICE, checked=True))
    assert answer.status == 201


class TestInvariants:
    def test_are_not_asked_by_default(self, source):
        assert check("Patient", RULELESS) == []
        [receipt] = send(source, bundle("batch", entry(RULELESS, 1)))
        assert receipt.state == "applied"

    def test_are_asked_of_every_way_in_where_a_source_wants_it(self, source, other):
        setting(source, level=Level.INVARIANTS)
        [receipt] = send(source, bundle("transaction", entry(patient(5), 5), entry(RULELESS, 1)))
        assert receipt.state == "set_aside"
        assert {p.path for p in receipt.problems} == {
            "Bundle.entry[1].resource.contact[0]", "Bundle.entry[1].resource.address[0].period",
        }  # fmt: skip
        assert {p.code for p in receipt.problems} == {"invariant"}
        for what in (create(RULELESS), create(RULELESS, checked=True), update("x", RULELESS, checked=True)):
            [answer] = do(source, what)
            assert (answer.status, len(answer.problems)) == (422, 2)
        [receipt] = send(other, bundle("transaction", entry(RULELESS, 1)))
        assert receipt.state == "applied"

    def test_what_only_advises_stops_nothing(self, source):
        setting(source, level=Level.INVARIANTS)
        [receipt] = send(source, kit.sound(1))
        assert receipt.state == "applied", receipt.problems  # dom-6: a narrative is advised

    def test_the_words_name_the_rule(self, source):
        setting(source, level=Level.INVARIANTS)
        [receipt] = send(source, bundle("batch", entry(RULELESS, 1)))
        period = next(p for p in receipt.problems if p.path.endswith("period"))
        assert "开始时间不能晚于结束时间" in api.say(period)
        assert "per-1" in api.say(period, "en")


class TestNotStrict:
    def test_entries_are_used_as_they_are_and_single_writes_still_checked(self, source):
        setting(source, strict_bundles=False, level=Level.INVARIANTS)
        [receipt] = send(source, bundle("batch", entry(patient(4, gender="男"), 1), entry(RULELESS, 2)))
        assert (receipt.state, receipt.created) == ("applied", 2)
        [answer] = do(source, create(THRICE))
        assert answer.status == 400

    def test_what_cannot_be_indexed_is_set_aside_all_the_same(self, source):
        setting(source, strict_bundles=False)
        [receipt] = send(source, bundle("batch", entry(observation(None, effectiveDateTime="gestern"), 1)))
        assert (receipt.state, receipt.problems[0].code) == ("set_aside", "bad-date")


@pytest.mark.parametrize("code", sorted(rules.ADVICE))
def test_advice_is_about_faults_of_checks_in_both_languages(code):
    assert code in WORDS
    assert api.advice(code, "zh") != api.advice(code, "en")


def test_a_time_without_its_offset_is_told_with_what_to_do(source):
    [receipt] = send(source, bundle("batch", entry(observation(None, effectiveDateTime="2026-03-01T08:00:00"), 1)))
    [problem] = receipt.problems
    assert "2026-03-01T08:00:00" in api.say(problem)
    assert "+08:00" in api.advice(problem.code, "zh")


def test_a_reference_by_search_is_resolved_and_no_fault(source):
    send(source, bundle("batch", entry(patient(1), 1)))
    search = f"Patient?identifier={kit.RESIDENT_ID}|{kit.resident_id(1)}"
    [receipt] = send(source, bundle("batch", entry(observation(search), 2)))
    assert receipt.state == "applied", receipt.problems


def test_no_more_is_kept_than_a_person_reads(source):
    many = patient(1) | {f"x{n}": n for n in range(500)}
    [receipt] = send(source, bundle("batch", entry(many, 1), entry(patient(3), 3)))
    assert len(receipt.problems) == rules.KEPT_PROBLEMS
    [child] = kit.messages().filter(state="set_aside")
    assert len(child.problems) == rules.KEPT_PROBLEMS
    assert all(len(entry) < 100_000 for entry in map(json.dumps, child.problems))


def test_a_bundle_of_nothing_but_faults_is_answered_shortly(source, monkeypatch):
    monkeypatch.setattr(rules, "TOLD_PROBLEMS", 7)
    sent = bundle("batch", *[entry(THRICE, n) for n in range(1, 6)])
    [receipt] = [r for found in api.take(system(), source, [api.Piece("bundle", "x", sent)], "fhir") for r in found]
    assert [len(answer.problems) for answer in receipt.answers] == [3, 3, 1, 1, 1]


def test_what_refers_to_what_failed_waits_for_it_to_be_mended(source):
    sent = bundle("collection", entry(THRICE | {"id": "p"}, 1, None), entry(observation(urn(1)), 2, None))
    [receipt] = send(source, sent)
    assert receipt.state == "set_aside"
    assert {p.code for p in receipt.problems} == {code for code, _ in FAULTS} | {"missing-reference"}
    text = sent.replace(json.dumps(THRICE | {"id": "p"}, ensure_ascii=False).encode(), _fit(patient(1, id="p")))
    api.mend(system(), message=receipt.message, text=text.decode())
    assert (kit.count("fhir_patient"), kit.count("fhir_observation"), kit.aside()) == (1, 1, [])


def _fit(resource: Json) -> bytes:
    return json.dumps(resource, ensure_ascii=False).encode()


def test_a_part_is_mended_by_itself_and_what_waited_for_it_goes_in(source):
    sent = bundle("batch", entry(patient(5), 5), entry(THRICE, 1), entry(observation(urn(1)), 2))
    [receipt] = send(source, sent)
    assert (receipt.created, receipt.set_aside) == (1, 2)
    child = kit.messages().get(state="set_aside", waits=False)
    text = api.detail(system(), message=child.pk).text
    for old, new in (('"男"', '"male"'), ("birthdate", "birthDate"), ('"text":""', '"text":"母亲"')):
        assert old in text
        text = text.replace(old, new)
    text = text.replace('"birthDate":"1985-03-15","birthDate"', '"birthDate"')
    text = text.replace(',"birthDate":"1985-03-15","contact"', ',"contact"')
    api.mend(system(), message=child.pk, text=text)
    assert api.retry_waiting(system(), source=source) == 1
    assert (kit.count("fhir_patient"), kit.count("fhir_observation"), kit.aside()) == (2, 1, [])


def test_replayed_after_the_level_was_lowered_it_is_used(source):
    setting(source, level=Level.INVARIANTS)
    [receipt] = send(source, bundle("batch", entry(RULELESS, 1)))
    setting(source, level=Level.STRUCTURE)
    assert api.retry(system(), message=receipt.message).state == "applied"


def test_what_comes_again_is_answered_with_the_same_faults(source):
    sent = bundle("batch", entry(patient(3), 3), entry(THRICE, 1))
    [first] = [r for found in api.take(system(), source, [api.Piece("bundle", "x", sent)], "fhir") for r in found]
    [again] = [r for found in api.take(system(), source, [api.Piece("bundle", "x", sent)], "fhir") for r in found]
    assert (again.repeated, again.answers) == (True, first.answers)
    assert (again.answers[1].status, len(again.answers[1].problems)) == (400, 3)


FINDINGS = st.builds(
    Problem,
    st.sampled_from(["bad-code", "unknown-element", "invariant", "missing-reference"]),
    st.text(max_size=20),
    st.none() | st.integers(1, 9),
    st.none() | st.integers(1, 9),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    st.none() | st.integers(0, 9),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(FINDINGS, max_size=4), status=st.sampled_from([0, 200, 400, 422]))
def test_an_answer_is_kept_and_read_again_as_it_was(found, status):
    told = api.EntryAnswer(status, "Patient/1", 2, found[0] if found else None, more=tuple(found[1:]))
    assert api.EntryAnswer.from_list(orjson.loads(orjson.dumps(told.as_list()))) == told
    assert told.problems == tuple(found)
    if found and any(rules.issue_of(p.code)[0] == "structure" for p in found) and found[0].code != "missing-reference":
        assert api.status_of([p.code for p in found]) == 400
    elif found:
        assert api.status_of([p.code for p in found]) == 422


class TestSetting:
    def test_holds_for_one_source_and_is_trailed(self, source, other):
        assert api.checks_of(source) == Checks(Level.STRUCTURE, True, 0)
        api.set_checks(member(source), source=source, expect=0, level=Level.INVARIANTS, strict_bundles=False)
        assert api.checks_of(source) == Checks(Level.INVARIANTS, False, 1)
        assert api.checks_of(other) == Checks()
        line = TrailLine.objects.get(action="exchange.set_checks")
        assert (line.subject_id, line.detail["level"], line.detail["before"]["level"]) == (
            str(source), "invariants", "structure",
        )  # fmt: skip

    @pytest.mark.parametrize("who", ["stranger", "reader", "of another", "unknown"])
    def test_is_changed_by_those_who_mend_within_their_scope(self, source, other, who):
        calls = {"stranger": stranger(), "reader": member(source, ["exchange.read"]), "of another": member(other)}
        key = uuid4() if who == "unknown" else source
        with pytest.raises(Refused):
            api.set_checks(calls.get(who, system()), source=key, expect=0, level=Level.INVARIANTS, strict_bundles=True)
        assert api.checks_of(source) == Checks()
        assert TrailLine.objects.get(action="exchange.set_checks").outcome == "refused"

    def test_of_one_who_saw_an_older_one_is_refused(self, source):
        setting(source, level=Level.INVARIANTS)
        with pytest.raises(Stale):
            api.set_checks(system(), source=source, expect=0, level=Level.STRUCTURE, strict_bundles=True)
        assert api.checks_of(source).level is Level.INVARIANTS

    @pytest.mark.django_db(transaction=True)
    def test_of_many_at_once_one_holds(self, source):
        def set_it():
            api.set_checks(system(), source=source, expect=0, level=Level.INVARIANTS, strict_bundles=True)

        answers = at_once(*[set_it] * 6)
        assert [type(a) for a in answers if a is not None] == [Stale] * 5
        assert api.checks_of(source).version == 1
