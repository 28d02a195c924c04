"""Single writes: create, update, delete, patch, under conditions and without; each answered by itself."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest

from doorstep.fhir.write import Write
from doorstep.kernel import ledger
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.exchange import api
from doorstep.record.exchange.api import Answer, Interaction
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.kit import Json, observation, patient

pytestmark = pytest.mark.django_db
JSON_PATCH = "application/json-patch+json"


def asked(
    method: str,
    type_: str,
    ident: str | None = None,
    resource: Json | None = None,
    *,
    checked: bool = False,
    **more: Any,
) -> Interaction:
    """An interaction as the door hands it over."""
    body = b"" if resource is None else orjson.dumps(resource)
    return Interaction(Write(method, type_, ident, body=body, resource=resource, **more), checked=checked)


def create(resource: Json, **more: Any) -> Interaction:
    return asked("POST", resource["resourceType"], None, resource, **more)


def update(key: str, resource: Json, **more: Any) -> Interaction:
    return asked("PUT", resource["resourceType"], key, {**resource, "id": key}, **more)


def delete(kind: str, ident: str | None = None, **more: Any) -> Interaction:
    return asked("DELETE", kind, ident, **more)


def patched(kind: str, ident: str | None, *operations: Json, **more: Any) -> Interaction:
    body = orjson.dumps(operations)
    return Interaction(Write("PATCH", kind, ident, body=body, content_type=JSON_PATCH, **more))


def do(source: UUID, *what: Interaction, call: Call | None = None) -> list[Answer]:
    return api.interact(call or system(), source, what)


def codes(answers: list[Answer]) -> list[tuple[int, str]]:
    return [(a.status, a.problem.code if a.problem else "") for a in answers]


class TestCreate:
    def test_makes_a_new_one_each_time_whatever_id_the_body_has(self, source):
        answers = do(source, create(patient(1, id="mine")), create(patient(1, id="mine")))
        assert [(a.status, a.version, a.created) for a in answers] == [(201, 1, True)] * 2
        first, second = answers
        assert first.id != second.id
        assert "mine" not in (first.id, second.id)
        stored = ledger.read("Patient", first.id)
        assert stored is not None
        assert (stored.body, stored.updated, stored.source) == (first.body, first.updated, source)
        assert orjson.loads(first.body)["id"] == first.id

    def test_numbers_stay_as_they_were_written(self, source):
        body = orjson.dumps(observation(None)).replace(b"36.5", b"36.50")
        [answer] = do(source, Interaction(Write("POST", "Observation", body=body, resource=orjson.loads(body))))
        assert b'"value":36.50' in (answer.body or b"")

    def test_is_kept_as_a_message_with_its_bytes_before_it_is_answered(self, source):
        what = create(patient(1), origin="127.0.0.1")
        [answer] = do(source, what)
        [row] = kit.messages()
        assert (row.state, row.channel, row.origin) == ("applied", "fhir", "POST Patient 127.0.0.1")
        assert api.detail(system(), message=row.pk).text.encode() == what.write.body
        assert ledger.read("Patient", answer.id).message == row.pk

    def test_a_patient_becomes_a_resident(self, source):
        [answer] = do(source, create(patient(1)))
        assert kit.people() == {frozenset({answer.id})}

    def test_one_at_fault_stops_no_other_and_is_not_set_aside(self, source):
        answers = do(
            source,
            create(patient(1)),
            create(observation("Patient/nobody")),
            create(patient(3, birthDate="2999-01-01", deceasedDateTime="nonsense")),
            create(observation(None)),
        )
        assert codes(answers)[:2] == [(201, ""), (422, "missing-reference")]
        assert (answers[1].problem.path, answers[1].problem.entry) == ("subject.reference", 0)
        assert answers[3].status == 201
        assert kit.aside() == []
        assert kit.messages().count() == sum(a.problem is None for a in answers)

    def test_what_is_refused_stands_in_the_trail(self, source):
        do(source, create(observation("Patient/nobody")))
        from doorstep.kernel.models import TrailLine

        line = TrailLine.objects.get(action="exchange.message")
        assert (line.outcome, line.subject_type) == ("set_aside", "Observation")

    def test_who_may_not_send_changes_nothing(self, source, other):
        with pytest.raises(Refused):
            do(source, create(patient(1)), call=stranger())
        with pytest.raises(Refused):
            do(source, create(patient(1)), call=replace(member(other), actor=f"source:{other}"))
        assert (kit.count("fhir_patient"), kit.messages().count()) == (0, 0)


class TestKeys:
    def test_a_retry_with_the_same_key_gets_the_first_answer_and_makes_nothing(self, source):
        what = create(patient(1), key="r-1")
        [first] = do(source, what)
        [again] = do(source, replace(what, salt=b"another"))
        assert again == first
        assert (kit.count("fhir_patient"), kit.messages().count()) == (1, 1)

    def test_also_within_one_batch_and_after_a_later_version(self, source):
        what = create(observation(None, 37), key="r-2")
        first, twin = do(source, what, replace(what, salt=b"x"))
        assert first == twin
        do(source, update(first.id, observation(None, 38)))
        [again] = do(source, what)
        assert (again.version, again.body) == (1, first.body)

    def test_the_same_key_with_another_body_is_another_request(self, source):
        do(source, create(patient(1), key="r"), create(patient(2), key="r"))
        assert kit.count("fhir_patient") == 2

    def test_the_very_same_object_is_done_once_without_a_key(self, source):
        what = create(patient(1))
        [first] = do(source, what)
        assert do(source, what) == [first]
        assert kit.count("fhir_patient") == 1

    def test_a_delete_again(self, source):
        [made] = do(source, create(patient(1)))
        what = delete("Patient", made.id, key="d")
        assert codes([*do(source, what), *do(source, what)]) == [(204, "")] * 2


class TestUpdate:
    def test_of_what_is_not_there_creates(self, source):
        [answer] = do(source, update("a", patient(1)))
        assert (answer.status, answer.id, answer.version) == (201, "a", 1)

    def test_makes_a_version_or_none_where_nothing_changes(self, source):
        [first] = do(source, update("a", patient(1)))
        [second] = do(source, update("a", patient(1, active=True)))
        [third] = do(source, update("a", patient(1, active=True)))
        assert [(a.status, a.version) for a in (second, third)] == [(200, 2), (200, 2)]
        assert third.updated == second.updated != first.updated

    def test_what_was_read_with_its_meta_and_comes_back_is_the_same(self, source):
        do(source, update("a", patient(1)))
        meta = {"versionId": "1", "lastUpdated": "2026-01-01T00:00:00Z"}
        [same] = do(source, update("a", patient(1, meta=meta)))
        assert same.version == 1
        [other] = do(source, update("a", patient(1, meta=meta | {"source": "urn:x"})))
        assert (other.version, orjson.loads(other.body)["meta"]) == (2, {"source": "urn:x"})

    def test_in_order_where_two_concern_the_same(self, source):
        answers = do(source, *[update("a", observation(None, 36 + n)) for n in range(3)], delete("Observation", "a"))
        assert [(a.status, a.version) for a in answers] == [(201, 1), (200, 2), (200, 3), (204, 4)]

    def test_the_id_of_the_body_must_be_that_of_the_address(self, source):
        wrong = asked("PUT", "Patient", "a", patient(1, id="b"))
        without = asked("PUT", "Patient", "a", patient(1))
        answers = do(source, wrong, without)
        assert codes(answers) == [(400, "id-mismatch")] * 2
        assert answers[0].problem.path == "id"

    def test_of_another_source_is_refused_without_a_word_about_it(self, source, other):
        do(source, update("a", patient(1, "王小明")))
        before = kit.ledger()
        answers = do(
            other,
            update("a", patient(2)),
            delete("Patient", "a"),
            patched("Patient", "a", {"op": "add", "path": "/active", "value": True}),
            update("b", patient(3)),
        )
        assert codes(answers) == [(403, "other-source")] * 3 + [(201, "")]
        assert "王" not in repr(answers[:3])
        assert kit.ledger()["Patient", "a"] == before["Patient", "a"]

    @pytest.mark.parametrize(
        ("said", "status"), [('W/"1"', 200), ('"1"', 200), ("*", 200), ('W/"2"', 412), ('W/"x"', 412)]
    )
    def test_if_match(self, source, said, status):
        do(source, update("a", patient(1)))
        [answer] = do(source, update("a", patient(1, active=True), if_match=said))
        assert (answer.status, kit.ledger()["Patient", "a"][1]) == (status, 2 if status == 200 else 1)

    def test_if_match_of_what_is_not_there(self, source):
        [answer] = do(source, update("a", patient(1), if_match='W/"1"'))
        assert codes([answer]) == [(412, "version-conflict")]
        assert kit.count("fhir_patient") == 0

    def test_if_none_match_creates_only(self, source):
        what = [update("a", patient(1, active=flag), if_none_match="*") for flag in (False, True)]
        assert codes(do(source, *what)) == [(201, ""), (412, "already-there")]


class TestDelete:
    def test_again_and_of_nothing_and_back(self, source):
        [made] = do(source, create(observation(None)))
        gone, again, nothing = do(
            source, delete("Observation", made.id), delete("Observation", made.id), delete("Observation", "never")
        )
        assert [a.status for a in (gone, again, nothing)] == [204, 204, 204]
        stored = ledger.read("Observation", made.id)
        assert (stored.version, stored.deleted) == (2, True)
        assert ledger.read("Observation", "never") is None
        [back] = do(source, update(made.id, observation(None)))
        assert (back.status, back.version) == (201, 3)

    def test_if_match(self, source):
        [made] = do(source, create(observation(None)))
        answers = do(source, delete("Observation", made.id, if_match='W/"7"'))
        assert codes(answers) == [(412, "version-conflict")]
        assert codes(do(source, delete("Observation", made.id, if_match='W/"1"'))) == [(204, "")]


def by(sequence: int) -> str:
    return f"identifier={kit.RESIDENT_ID}|{kit.resident_id(sequence)}"


class TestConditions:
    def test_create(self, source):
        [first] = do(source, create(patient(1), if_none_exist=by(1)))
        [second] = do(source, create(patient(1, active=True), if_none_exist="Patient?" + by(1)))
        assert (first.status, second.status, second.id, second.version) == (201, 200, first.id, 1)
        assert (second.body, second.updated, second.created) == (first.body, first.updated, False)
        do(source, create(patient(1)))
        assert codes(do(source, create(patient(1), if_none_exist=by(1)))) == [(412, "conditional-many")]

    def test_create_under_a_search_that_is_not_known(self, source):
        assert codes(do(source, create(patient(1), if_none_exist="shoesize=43"))) == [(400, "unknown-parameter")]

    def test_update(self, source):
        [made] = do(source, asked("PUT", "Patient", None, patient(1), query=by(1)))
        assert (made.status, made.version) == (201, 1)
        [same] = do(source, asked("PUT", "Patient", None, patient(1, active=True), query=by(1)))
        assert (same.status, same.id, same.version) == (200, made.id, 2)
        [other] = do(source, asked("PUT", "Patient", None, patient(1, id="zz"), query=by(1)))
        assert codes([other]) == [(400, "id-mismatch")]
        [stale] = do(source, asked("PUT", "Patient", None, patient(1), query=by(1), if_match='W/"1"'))
        assert codes([stale]) == [(412, "version-conflict")]
        do(source, create(patient(1)))
        [many] = do(source, asked("PUT", "Patient", None, patient(1), query=by(1)))
        assert codes([many]) == [(412, "conditional-many")]

    def test_update_as_create_with_an_id_of_ones_own(self, source):
        [made] = do(source, asked("PUT", "Patient", None, patient(1, id="own"), query=by(1)))
        assert (made.status, made.id) == (201, "own")
        [taken] = do(source, asked("PUT", "Patient", None, patient(2, id="own"), query=by(2)))
        assert codes([taken]) == [(409, "id-taken")]

    def test_an_update_of_a_patient_by_search_is_seen_by_the_register(self, source):
        do(source, create(patient(1, "王小明")))
        do(source, asked("PUT", "Patient", None, patient(1, "王大明"), query=by(1)))
        assert kit.count("residents_residentname WHERE text = '王大明'") == 1

    def test_delete(self, source):
        [none] = do(source, delete("Patient", query=by(1)))
        do(source, create(patient(1)))
        [one] = do(source, delete("Patient", query=by(1)))
        assert [(a.status, a.version) for a in (none, one)] == [(204, 0), (204, 2)]
        do(source, create(patient(1)), create(patient(1)))
        assert codes(do(source, delete("Patient", query=by(1)))) == [(412, "conditional-many")]

    def test_others_records_are_not_found(self, source, other):
        do(source, create(patient(1)))
        [answer] = do(other, create(patient(1), if_none_exist=by(1)))
        assert answer.status == 201

    def test_a_reference_by_search(self, source):
        [who] = do(source, create(patient(1)))
        found, lost = do(source, create(observation("Patient?" + by(1))), create(observation("Patient?" + by(2))))
        assert orjson.loads(found.body)["subject"] == {"reference": f"Patient/{who.id}"}
        assert codes([lost]) == [(412, "conditional-none")]


class TestPatch:
    ADD = {"op": "add", "path": "/active", "value": True}

    def test_json(self, source):
        body = orjson.dumps(observation(None, id="a")).replace(b"36.5", b"36.50")
        do(source, Interaction(Write("PUT", "Observation", "a", body=body, resource=orjson.loads(body))))
        final = {"op": "replace", "path": "/status", "value": "amended"}
        [answer] = do(source, patched("Observation", "a", final))
        assert (answer.status, answer.version) == (200, 2)
        assert b'"value":36.50' in answer.body
        assert b'"status":"amended"' in answer.body

    def test_fhirpath(self, source):
        do(source, update("a", patient(1)))
        parts = [("type", "valueCode", "add"), ("path", "valueString", "Patient"), ("name", "valueString", "active")]
        operation = [{"name": n, kind: value} for n, kind, value in parts] + [{"name": "value", "valueBoolean": True}]
        patch = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": operation}]}
        [answer] = do(source, asked("PATCH", "Patient", "a", patch, content_type="application/fhir+json"))
        assert (answer.status, orjson.loads(answer.body)["active"]) == (200, True)

    def test_that_fails_changes_nothing(self, source):
        do(source, update("a", patient(1)))
        test = {"op": "test", "path": "/gender", "value": "other"}
        other = {"op": "replace", "path": "/id", "value": "b"}
        kinds = [patched("Patient", "a", test), patched("Patient", "a", other)]
        kinds.append(Interaction(replace(kinds[0].write, content_type="text/plain", body=b"{}")))
        assert codes(do(source, *kinds)) == [(422, "patch-test-failed"), (422, "patch-identity"), (415, "patch-kind")]
        assert kit.ledger()["Patient", "a"][1] == 1

    def test_of_what_is_not_there_or_gone(self, source):
        do(source, update("a", patient(1)), delete("Patient", "a"))
        answers = do(source, patched("Patient", "a", self.ADD), patched("Patient", "b", self.ADD))
        assert codes(answers) == [(410, "gone"), (404, "not-found")]

    def test_under_conditions(self, source):
        do(source, update("a", patient(1)))
        assert codes(do(source, patched("Patient", "a", self.ADD, if_match='W/"9"'))) == [(412, "version-conflict")]
        assert codes(do(source, patched("Patient", None, self.ADD, query=by(2)))) == [(404, "not-found")]
        [one] = do(source, patched("Patient", None, self.ADD, query=by(1), if_match='W/"1"'))
        assert (one.status, one.id, one.version) == (200, "a", 2)

    def test_in_a_bundle(self, source):
        do(source, update("a", patient(1)))
        data = base64.b64encode(orjson.dumps([self.ADD])).decode()
        binary = {"resourceType": "Binary", "contentType": JSON_PATCH, "data": data}
        [receipt] = kit.send(source, kit.bundle("transaction", kit.entry(binary, method="PATCH", url="Patient/a")))
        assert (receipt.state, receipt.updated) == ("applied", 1)
        assert orjson.loads(ledger.read("Patient", "a").body)["active"] is True
