"""The way in: what bad input is told, what is used beside it, what comes twice, later, or from two sides."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from doorstep.events.exchange import RecordsArrived
from doorstep.kernel import ledger
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import OutboxEvent, TrailLine
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.exchange import api, reads
from doorstep.record.exchange.shapes import Piece
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.bad import BAD, one, wrong_check
from doorstep.record.exchange.tests.kit import bundle, entry, key, observation, patient, resident_id, send, urn

pytestmark = pytest.mark.django_db
GOOD = kit.sound(1)


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_with_its_place_and_all_else_goes_in(source, name):
    raw, code, path, line, column = BAD[name]
    first, receipt, last = send(source, kit.sound(5), raw, kit.sound(7))
    assert [first.state, receipt.state, last.state] == ["applied", "set_aside", "applied"]
    problem = receipt.problems[0]
    assert (problem.code, problem.path, problem.line) == (code, path, line)
    assert column is None or problem.column == column
    kept = kit.messages().get(pk=receipt.message)
    assert (kept.origin, reads.raw(kept)) == ("1.json", raw)
    assert kit.count("fhir_patient") == 2
    for language in ("zh", "en"):
        assert reads.say(problem, language) not in ("", code)


def test_words_in_two_languages_and_what_to_do(source):
    from doorstep.record.exchange.rules import WORDS, advice, words

    for code in WORDS:
        params = {
            "reference": "r",
            "method": "m",
            "wanted": 1,
            "found": 2,
            "detail": "d",
            "limit": 1,
            "ratio": 2,
            "path": "p",
            "name": "n",
            "element": "e",
            "count": 3,
        }
        chinese, english = words(code, params, "zh-hans"), words(code, params, "en")
        assert chinese != english
        assert "{" not in chinese + english
        assert advice(code, "zh") != advice(code, "en") or code == "cda-superseded"
    assert words("truncated", {}, "zh", 3, 9).endswith("（第 3 行第 9 列）")
    assert words("truncated", {}, "en", 3, 9).endswith("(line 3, column 9)")
    assert (words("nothing-known", {}, "zh"), advice("truncated", "zh")) == ("nothing-known", "")
    assert words("line-too-long", {}, "zh") == WORDS["line-too-long"][0]


class TestParts:
    def test_of_a_batch_what_is_sound_goes_in(self, source):
        sent = bundle(
            "batch", entry(patient(1), 2), entry(patient(3, birthDate="2999-01-01"), 4), entry(observation(urn(2)), 6)
        )
        [receipt] = send(source, sent)
        assert (receipt.state, receipt.created, receipt.set_aside) == ("applied", 2, 1)
        assert [a.status for a in receipt.answers] == [201, 422, 201]
        assert receipt.answers[1].problem.path == "Bundle.entry[1].resource.birthDate"
        assert kit.aside() == [
            ("0.json#Bundle.entry[1].resource", "future-birth-date", "Bundle.entry[1].resource.birthDate")
        ]

    def test_of_a_transaction_all_or_nothing(self, source):
        sent = bundle("transaction", entry(patient(1), 2), entry(patient(3, birthDate="2999-01-01"), 4))
        [receipt] = send(source, sent)
        assert (receipt.state, receipt.created, receipt.answers) == ("set_aside", 0, ())
        assert (kit.ledger(), kit.people(), kit.messages().count()) == ({}, set(), 1)

    @pytest.mark.parametrize(
        "at_fault", [b'"wrong', b'{"resourceType":"Patiant"}', b'{"resourceType":"Patient","birthDate":"2999-01-01"}']
    )
    def test_of_lines_what_is_sound_goes_in(self, source, at_fault):
        lines = [
            json.dumps(patient(1) | {"id": "a"}).encode(),
            at_fault,
            b"",
            json.dumps(observation("Patient/a")).encode(),
        ]
        [receipt] = send(source, Piece("ndjson", "file.ndjson:11-14", b"\n".join(lines)))
        assert (receipt.state, receipt.created, receipt.set_aside) == ("applied", 2, 1)
        assert (receipt.problems[0].line, receipt.problems[0].path.startswith("Bundle")) == (12, False)
        [child] = kit.messages().filter(parent=receipt.message)
        assert (child.origin, child.kind, reads.raw(child)) == ("file.ndjson:12", "resource", at_fault)

    def test_what_hangs_on_a_refused_patient_waits_with_them(self, source):
        broken = patient(1, identifier=[{"system": kit.RESIDENT_ID, "value": wrong_check(resident_id(1))}])
        sent = bundle(
            "collection",
            entry(broken | {"id": "a"}, 2, None),
            entry(observation(urn(2)), 4, None),
            entry(patient(5), 6, None),
        )
        [receipt] = send(source, sent)
        assert sorted(p.code for p in receipt.problems) == ["id_check_digit", "missing-reference"]
        assert kit.messages().filter(waits=True, state="set_aside").count() == 1

    def test_an_empty_bundle_is_taken(self, source):
        [receipt] = send(source, bundle("transaction"))
        assert (receipt.state, receipt.received, kit.aside()) == ("applied", {}, [])

    def test_contradicting_patients_with_one_id(self, source, other):
        send(source, one(patient(1, "王小明")))
        [same] = send(other, one(patient(1, "王小明", birthDate="1985-03-15") | {"active": True}, "batch"))
        [another] = send(other, bundle("transaction", entry(patient(1, "欧阳菲菲", gender="female"), 8)))
        assert (same.state, another.state) == ("applied", "applied")
        assert len(kit.people()) == 2, "a person looks at the two; nothing is lost meanwhile"


class TestAgain:
    def test_the_same_bytes_change_nothing_and_are_answered_as_before(self, source):
        [first] = send(source, GOOD)
        before = kit.ledger(), kit.messages().count(), OutboxEvent.objects.count(), TrailLine.objects.count()
        [again] = send(source, GOOD)
        assert (again.repeated, again.message, again.created, again.received) == (
            True,
            first.message,
            2,
            first.received,
        )
        assert (kit.ledger(), kit.messages().count(), OutboxEvent.objects.count(), TrailLine.objects.count()) == before

    def test_who_may_not_send_is_not_told_what_was_sent(self, source, other):
        """The same bytes from somebody who may not are refused, as new ones are, and the trail tells it."""
        send(source, GOOD)
        before = TrailLine.objects.count()
        for who, reason in ((member(source, {"charts.read"}), "permission"), (member(other), "out_of_scope")):
            with pytest.raises(Refused) as refused:
                list(api.take(who, source, [Piece("bundle", "again", GOOD)], "fhir"))
            assert refused.value.decision.reason == reason
        assert TrailLine.objects.filter(outcome="refused").count() == TrailLine.objects.count() - before == 2

    def test_at_the_door_with_every_answer(self, source):
        sent = [
            Piece(
                "bundle", "/fhir", bundle("batch", entry(patient(1), 2), entry(patient(3, birthDate="2999-01-01"), 4))
            )
        ]
        [[first]] = list(api.take(system(), source, sent, "fhir"))
        [[again]] = list(api.take(system(), source, sent, "fhir"))
        assert (again.answers, again.bundle_type, again.repeated) == (first.answers, "batch", True)

    def test_at_the_door_where_nothing_could_be_used(self, source):
        sent = [Piece("bundle", "/fhir", bundle("batch", entry(patient(3, birthDate="2999-01-01"), 4)))]
        for _ in range(2):
            [[receipt]] = list(api.take(system(), source, sent, "fhir"))
            assert (receipt.state, [a.status for a in receipt.answers], receipt.bundle_type) == (
                "set_aside",
                [422],
                "batch",
            )

    def test_twice_in_one_go(self, source):
        receipts = send(source, GOOD, kit.sound(3), GOOD)
        assert [r.repeated for r in receipts] == [False, False, True]
        assert kit.messages().count() == 2

    def test_the_same_content_in_other_bytes_is_a_message_that_changes_nothing(self, source):
        send(source, GOOD)
        before = kit.ledger()
        [receipt] = send(source, GOOD + b"\n")
        assert (receipt.repeated, receipt.unchanged, receipt.created) == (False, 2, 0)
        assert kit.ledger() == before

    def test_lines_without_ids_are_known_by_what_they_say(self, source):
        lines = [json.dumps(observation(None, value)).encode() for value in (36, 37)]
        send(source, b"\n".join(lines), kind="ndjson")
        [receipt] = send(source, b"\n".join([*lines, json.dumps(observation(None, 38)).encode()]), kind="ndjson")
        assert (receipt.created, receipt.unchanged) == (1, 2)

    def test_changed_content_is_a_new_version(self, source):
        send(source, GOOD)
        [receipt] = send(source, GOOD.replace(b"36.5", b"37.50"))
        assert (receipt.updated, receipt.unchanged) == (1, 1)
        assert ledger.read("Observation", key(3)).version == 2
        assert b"37.50" in ledger.read("Observation", key(3)).body

    def test_deleted_and_sent_again(self, source):
        send(source, GOOD)
        gone = bundle("transaction", {"request": {"method": "DELETE", "url": f"Observation/{key(3)}"}})
        [receipt] = send(source, gone)
        assert [a.status for a in receipt.answers] == [204]
        assert ledger.read("Observation", key(3)).deleted
        send(source, GOOD + b" ")
        assert ledger.read("Observation", key(3)).version == 3


class TestLater:
    def test_what_refers_to_what_comes_later_is_used_when_it_comes(self, source):
        early = bundle("transaction", entry(observation(f"Patient/{key(2)}"), 9))
        [first] = send(source, early)
        assert (first.state, kit.messages().get().waits) == ("set_aside", True)
        send(source, GOOD)
        assert api.retry_waiting(system(), source=source) == 1
        assert (kit.aside(), kit.count("fhir_observation")) == ([], 2)

    def test_a_condition_that_is_met_later(self, source):
        about = f"Patient?identifier={kit.RESIDENT_ID}|{resident_id(1)}"
        send(source, bundle("transaction", entry(observation(about), 9)))
        send(source, GOOD)
        assert api.retry_waiting(system(), source=source) == 1
        assert f'"reference":"Patient/{key(2)}"'.encode() in ledger.read("Observation", key(9)).body


class TestConditions:
    ABOUT = f"identifier={kit.RESIDENT_ID}|{resident_id(1)}"

    def test_create_where_there_is_none(self, source):
        asked = bundle("transaction", entry(patient(1), 8, ifNoneExist=self.ABOUT), entry(observation(urn(8)), 9))
        [receipt] = send(source, asked)
        assert (receipt.created, [a.status for a in receipt.answers]) == (2, [201, 201])
        [again] = send(source, asked.replace(b"36.5", b"38.5"))
        assert [a.status for a in again.answers] == [200, 200]
        assert kit.count("fhir_patient") == 1

    def test_several_that_match(self, source):
        send(source, bundle("batch", *[entry(patient(1) | {"active": n == 1}, n) for n in (1, 3)]))
        [receipt] = send(source, bundle("transaction", entry(patient(1), 8, ifNoneExist=self.ABOUT)))
        assert receipt.problems[0].code == "conditional-many"

    def test_update_by_search(self, source):
        send(source, GOOD)
        [receipt] = send(
            source, bundle("transaction", entry(patient(1, "王乙", active=True), 8, "PUT", f"Patient?{self.ABOUT}"))
        )
        assert (receipt.updated, receipt.answers[0].location) == (1, f"Patient/{key(2)}")


class TestTwoSources:
    def test_one_urn_of_two_sources_is_two_resources(self, source, other):
        send(source, GOOD)
        [receipt] = send(other, GOOD)
        assert (receipt.state, receipt.created) == ("applied", 2)
        owners = {owner for _, _, owner, _ in kit.ledger().values()}
        assert (owners, kit.count("fhir_patient"), len(kit.people())) == ({source, other}, 2, 1)
        [mine] = [k for (t, k), (*_, owner, _) in kit.ledger().items() if t == "Patient" and owner == other]
        [about] = [k for (t, k), (*_, owner, _) in kit.ledger().items() if t == "Observation" and owner == other]
        assert f"Patient/{mine}".encode() in ledger.read("Observation", about).body
        assert ledger.read("Patient", key(2)).version == 1

    def test_their_own_ids_stay_apart_and_are_found_again(self, source, other):
        def sent(name: str) -> bytes:
            return bundle("collection", entry(patient(1, name) | {"id": "p1"}, None, None))

        send(source, sent("王甲"))
        send(other, sent("王甲"))
        [later] = send(other, bundle("collection", entry(observation("Patient/p1") | {"id": "o1"}, None, None)))
        [changed] = send(other, sent("王甲乙"))
        assert (later.created, changed.updated, ledger.read("Patient", "p1").version) == (1, 1, 1)
        assert ledger.read("Observation", "o1").patient != "p1"

    def test_nobody_deletes_or_refers_to_another_s_patient(self, source, other):
        send(source, GOOD)
        [gone] = send(other, bundle("transaction", {"request": {"method": "DELETE", "url": f"Patient/{key(2)}"}}))
        [about] = send(other, one(observation(f"Patient/{key(2)}")))
        assert (gone.problems[0].code, about.problems[0].code) == ("other-source", "missing-reference")
        assert not ledger.read("Patient", key(2)).deleted


class TestWhoMaySend:
    def own(self, organisation) -> Callable:
        return replace(member(organisation, ["exchange.send"]), actor=f"source:{organisation}")

    def test_a_system_sends_for_its_own_institution(self, source, other):
        assert send(source, GOOD, call=self.own(source))[0].state == "applied"

    @pytest.mark.parametrize("who", ["another system", "another institution", "stranger"])
    def test_all_others_are_refused_and_nothing_is_kept(self, source, other, who):
        calls = {"another system": self.own(other), "another institution": member(other), "stranger": stranger()}
        reasons = {"another system": "other_source", "another institution": "out_of_scope", "stranger": "permission"}
        with pytest.raises(Refused) as refused:
            send(source, GOOD, call=calls[who])
        assert refused.value.decision.reason == reasons[who]
        assert (kit.messages().count(), kit.ledger(), kit.people()) == (0, {}, set())
        assert TrailLine.objects.get().outcome == "refused"
        with pytest.raises(Refused):
            api.set_aside_fault(calls[who], source=source, origin="x", problem=api.Problem("archive"), channel="file")
        assert kit.messages().count() == 0


class TestTold:
    def test_the_trail_says_whose_it_was_and_the_house_hears_of_it(self, source):
        [receipt] = send(source, GOOD)
        [line] = TrailLine.objects.filter(action="exchange.message")
        assert (line.subject_id, line.outcome, line.resident is not None) == (str(receipt.message), "applied", True)
        assert line.detail == {"created": 2, "updated": 0, "unchanged": 0}
        event = OutboxEvent.objects.get(name="exchange.RecordsArrived")
        assert (event.subject, event.body["messages"], event.body["patients"]) == (
            f"source:{source}",
            [receipt.message],
            [key(2)],
        )
        assert RecordsArrived(source, (1,), ()).subject == f"source:{source}"

    def test_nothing_is_told_of_what_was_not_used(self, source):
        send(source, b"{")
        assert not OutboxEvent.objects.filter(name="exchange.RecordsArrived").exists()
        assert TrailLine.objects.get(action="exchange.message").outcome == "set_aside"

    def test_a_file_that_could_not_be_read_is_one_line_however_often_it_comes(self, source):
        problem = api.Problem("archive-path", params={"path": "../x"})
        answers = [
            api.set_aside_fault(system(), source=source, origin="a.zip!../x", problem=problem, channel="file")
            for _ in range(3)
        ]
        assert (answers, kit.aside()) == ([True, False, False], [("a.zip!../x", "archive-path", "")])
