"""What rests in the list: mended, tried again or dismissed, and nothing is lost on the way."""

from __future__ import annotations

import json

import pytest

from doorstep.kernel.decision import Refused
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.exchange import actions, api, reads
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.kit import bundle, entry, key, observation, patient, send, urn

pytestmark = pytest.mark.django_db


def one_aside():
    return kit.messages().get(state="set_aside")


def text_of(row) -> str:
    return reads.raw(row).decode()


class TestRetry:
    def test_what_still_lacks_its_reference_stays_in_the_list(self, source):
        send(source, bundle("collection", entry(observation("Patient/nowhere"), 9, None)))
        for _ in range(2):
            receipt = actions.retry(system(), message=one_aside().pk)
            assert (receipt.state, receipt.set_aside) == ("set_aside", 1)
        assert [code for _, code, _ in kit.aside()] == ["missing-reference"]

    def test_what_was_lacking_and_came_is_used(self, source):
        send(source, bundle("collection", entry(observation(f"Patient/{key(2)}"), 9, None)))
        send(source, kit.sound(1))
        receipt = actions.retry(system(), message=one_aside().pk)
        assert (receipt.state, receipt.created, kit.aside()) == ("applied", 1, [])

    def test_a_message_that_was_used_is_not_tried_again(self, source):
        [receipt] = send(source, kit.sound(1))
        with pytest.raises(Refused) as refused:
            actions.retry(system(), message=receipt.message)
        assert refused.value.decision.reason == "wrong_state"

    def test_a_file_that_was_not_kept_cannot_be_tried(self, source):
        problem = api.Problem("archive-bomb", params={"limit": 1, "ratio": 2})
        api.set_aside_fault(system(), source=source, origin="a.zip", problem=problem, channel="file")
        for act in (actions.retry, lambda call, message: actions.mend(call, message=message, text="{}")):
            with pytest.raises(Refused) as refused:
                act(system(), message=one_aside().pk)
            assert refused.value.decision.reason == "not_kept"
        actions.dismiss(system(), message=one_aside().pk, reason="重复")
        assert kit.messages().get().state == "dismissed"


class TestWaiting:
    def test_everything_that_waits_is_tried_however_much_waits_for_ever(self, source):
        never = [bundle("collection", entry(observation(f"Patient/never-{n}"), n, None)) for n in range(5)]
        send(source, *never, bundle("collection", entry(observation(f"Patient/{key(2)}"), 90, None)))
        assert kit.messages().filter(waits=True).count() == 6
        send(source, kit.sound(1))
        assert actions.retry_waiting(system(), source=source, limit=2) == 1
        assert kit.messages().filter(waits=True, state="set_aside").count() == 5
        assert actions.retry_waiting(system(), source=source, limit=2) == 0

    def test_lines_without_their_patient_wait_as_one_message(self, source):
        lines = b"".join(json.dumps(observation(f"Patient/{key(n)}")).encode() + b"\n" for n in (2, 4))
        send(source, lines, kind="ndjson")
        assert kit.messages().count() == 1
        send(source, kit.sound(1))
        assert actions.retry_waiting(system(), source=source) == 1
        rest = one_aside()
        assert (rest.kind, rest.origin, rest.place) == ("resource", "0.json:2", "subject.reference")
        send(source, kit.sound(2))
        assert actions.retry_waiting(system(), source=source) == 1
        assert (kit.aside(), kit.count("fhir_observation")) == ([], 4)

    def test_the_arrival_of_records_tries_what_waits(self, source, django_capture_on_commit_callbacks):
        from doorstep.kernel import outbox

        send(source, bundle("collection", entry(observation(f"Patient/{key(2)}"), 9, None)))
        send(source, kit.sound(1))
        outbox.drain()
        assert kit.aside() == []

    def test_nobody_else_can_have_a_source_try(self, source, other):
        with pytest.raises(Refused):
            actions.retry_waiting(member(other), source=source)


class TestMend:
    def test_the_same_text_again_is_still_wrong(self, source):
        send(source, b"{")
        with pytest.raises(actions.StillWrong) as wrong:
            actions.mend(system(), message=one_aside().pk, text="{")
        assert wrong.value.receipt.problems[0].code == "truncated"
        assert kit.messages().count() == 1

    def test_a_text_that_is_wrong_otherwise_changes_nothing(self, source):
        send(source, b"{")
        with pytest.raises(actions.StillWrong) as wrong:
            actions.mend(system(), message=one_aside().pk, text='{"resourceType":"Bundle","type":"document"}')
        assert wrong.value.receipt.problems[0].code == "bundle-type"
        assert kit.messages().count() == 1

    def test_mended_with_conditions_inside(self, source):
        send(source, b"{")
        who = entry(patient(1), 2, ifNoneExist=f"identifier={kit.RESIDENT_ID}|{kit.resident_id(1)}")
        receipt = actions.mend(system(), message=one_aside().pk, text=bundle("transaction", who).decode())
        assert (receipt.state, receipt.created) == ("applied", 1)

    def test_both_texts_are_kept_and_name_each_other(self, source):
        send(source, kit.sound(1)[:-1])
        broken = one_aside()
        receipt = actions.mend(system(), message=broken.pk, text=kit.sound(1).decode())
        mended = reads.detail(system(), message=broken.pk)
        assert (mended.line.state, mended.mended_by) == ("mended", receipt.message)
        assert reads.detail(system(), message=receipt.message).mends == broken.pk
        assert mended.text == kit.sound(1).decode()[:-1]
        assert TrailLine.objects.filter(action="exchange.mend", outcome="done").count() == 1

    def test_mended_to_what_was_sent_already(self, source):
        [first] = send(source, kit.sound(1))
        send(source, kit.sound(1)[:-1])
        receipt = actions.mend(system(), message=one_aside().pk, text=kit.sound(1).decode())
        assert (receipt.message, receipt.repeated, kit.aside()) == (first.message, True, [])


KINDS = ("batch", "collection")


def family(kind: str, *, own_ids: bool, urns: bool, birth: str) -> bytes:
    """A patient, two observations about them and a bystander, all calling one another as senders do."""
    method = None if kind == "collection" else "POST"
    entries = []
    for number, resource in ((20, patient(3, birthDate=birth)), (21, observation("x")), (22, observation("x", 38))):
        if own_ids:
            resource["id"] = f"p{number}"
        if resource["resourceType"] == "Observation":
            whose = (
                urn(20) if urns else "Patient/p20" if own_ids and method is None else "http://his.example/Patient/p20"
            )
            resource["subject"] = {"reference": whose}
        made = entry(resource, number, method)
        if not urns:
            made["fullUrl"] = f"http://his.example/{resource['resourceType']}/p{number}"
        entries.append(made)
    return bundle(kind, *entries, entry(patient(5, "李四"), 30, method))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("own_ids", [True, False])
@pytest.mark.parametrize("urns", [True, False])
def test_when_a_patient_is_mended_what_hung_on_them_follows(source, kind, own_ids, urns):
    sent = family(kind, own_ids=own_ids, urns=urns, birth="2999-03-15")
    [receipt] = send(source, sent)
    assert (receipt.state, receipt.created, receipt.set_aside) == ("applied", 1, 3)
    broken = next(m for m in kit.messages().filter(state="set_aside") if "birthDate" in m.place)
    mended = text_of(broken).replace("2999-03-15", "1985-03-15")
    assert actions.mend(system(), message=broken.pk, text=mended).state == "applied"
    assert actions.retry_waiting(system(), source=source) == 2
    assert kit.aside() == []
    assert kit.count("fhir_observation") == 2
    assert {row[0] for row in rows("SELECT patient FROM fhir_observation")} < {
        row[0] for row in rows("SELECT id FROM fhir_patient")
    }


def rows(query: str) -> list[tuple[str, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_a_mended_family_equals_one_that_was_right_from_the_start(source, other):
    right = family("collection", own_ids=True, urns=True, birth="1985-03-15")
    send(source, right)
    expected = kit.ledger()
    for table in ("fhir_patient", "fhir_observation", "fhir_observation_code"):
        rows(f"DELETE FROM {table} RETURNING 1")
    send(source, family("collection", own_ids=True, urns=True, birth="2999-03-15"))
    broken = next(m for m in kit.messages().filter(state="set_aside") if "birthDate" in m.place)
    actions.mend(system(), message=broken.pk, text=text_of(broken).replace("2999", "1985"))
    actions.retry_waiting(system(), source=source)
    assert kit.ledger() == expected


def test_a_doubled_key_is_shown_to_the_one_who_mends_it(source):
    twice = b'{"fullUrl":"http://a/Patient/1","fullUrl":"http://a/Patient/2","resource":{"resourceType":"Patient"}}'
    send(
        source,
        b'{"resourceType":"Bundle","type":"collection","entry":['
        + twice
        + b',{"resource":{"resourceType":"Patient"}}]}',
    )
    assert text_of(one_aside()).count("fullUrl") == 2


def test_two_equal_entries_at_fault_rest_twice(source):
    who = patient(1, birthDate="2999-01-01")
    send(source, bundle("batch", entry(who), entry(who), entry(patient(5, "李四"))))
    assert len(kit.aside()) == 2


class TestDismiss:
    def test_a_reason_is_asked_for(self, source):
        send(source, b"{")
        with pytest.raises(Refused) as refused:
            actions.dismiss(system(), message=one_aside().pk, reason="  ")
        assert refused.value.decision.reason == "reason_needed"
        assert kit.aside()

    def test_it_stays_readable_and_is_never_tried_again(self, source):
        send(source, bundle("collection", entry(observation(f"Patient/{key(2)}"), 9, None)))
        number = one_aside().pk
        actions.dismiss(system(), message=number, reason="发错了")
        send(source, kit.sound(1))
        assert actions.retry_waiting(system(), source=source) == 0
        assert reads.detail(system(), message=number).text
        assert TrailLine.objects.filter(action="exchange.dismiss").get().detail == {"reason": "发错了"}


@pytest.mark.parametrize("act", ["retry", "mend", "dismiss", "detail"])
def test_a_stranger_and_another_institution_are_refused_and_nothing_happens(source, other, act):
    send(source, b"{")
    number = one_aside().pk
    acts = {
        "retry": lambda call: actions.retry(call, message=number),
        "mend": lambda call: actions.mend(call, message=number, text=kit.sound(1).decode()),
        "dismiss": lambda call: actions.dismiss(call, message=number, reason="x"),
        "detail": lambda call: reads.detail(call, message=number),
    }
    before = list(kit.messages().values())
    for call, reason in ((stranger(), "permission"), (member(other), "not_found")):
        lines = TrailLine.objects.count()
        with pytest.raises(Refused) as refused:
            acts[act](call)
        assert refused.value.decision.reason == reason
        assert list(kit.messages().values()) == before
        assert kit.ledger() == {}
        assert list(TrailLine.objects.order_by("pk").values_list("outcome", flat=True)[lines:]) == ["refused"]
