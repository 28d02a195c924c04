"""Residents, follow-ups and vaccinations: checked without a trace, applied as foretold, taken back to what was."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

import pytest

from doorstep.kernel import ledger
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.callers import member
from doorstep.record.exchange.tests import kit as exchange
from doorstep.record.sheets import reads
from doorstep.record.sheets.actions import deciding
from doorstep.record.sheets.tests import kit
from doorstep.registers.residents.models import Resident, ResidentRecord

pytestmark = pytest.mark.django_db


def bodies(kind: str) -> list[dict]:
    return [json.loads(body) for each, _, body in kit.living() if each == kind]


def test_residents_are_checked_applied_and_taken_back(clerk: Call):
    before = kit.state()
    batch = kit.checked(
        clerk, "residents", kit.resident(1, phone="１３９００００１２３４", sex="男"),
        kit.resident(2, address="柳树村"), kit.resident(3, sex="女"), kit.resident(4, id_number="12"), {"name": "无号"},
    )  # fmt: skip
    assert kit.state() == before
    assert kit.row(batch).state == "checked"
    assert kit.outcomes(batch) == "nnrrr"
    assert kit.wrongs(batch) == [("D4", "id_sex_mismatch"), ("B5", "id_malformed"), ("A6", "row.either")]
    deciding.apply(clerk, batch=batch, expect=kit.version(batch))
    kit.work_off()
    found = kit.row(batch)
    assert (found.state, found.tally, found.refused) == ("applied", {"new": 2, "refused": 3}, 3)
    assert all(e.foretold == e.outcome for e in kit.entries(batch))
    one, two = sorted(bodies("Patient"), key=lambda p: p["name"][0]["text"])
    assert one["birthDate"] == "1985-03-15"
    assert {one["gender"], two["gender"]} == {"male", "female"}
    assert Resident.objects.unscoped("test").count() == 2
    kit.undone(clerk, batch)
    assert kit.row(batch).undid == {"undone": 2}
    assert kit.living() == []
    assert kit.state("fhir_") == {k: v for k, v in before.items() if not k.startswith("fhir_")}


def test_the_same_row_again_changes_nothing_and_what_differs_alone_is_changed(clerk: Call):
    kit.applied(clerk, "residents", kit.resident(1, phone="13900001234"), kit.resident(2))
    before, versions = kit.state(), kit.living()
    again = kit.applied(clerk, "residents", kit.resident(1), kit.resident(2, sex=""), kit.resident(3, address="新村"))
    assert kit.outcomes(again) == "ssn"
    changed = kit.checked(clerk, "residents", kit.resident(1, phone="13900009999"), kit.resident(2))
    assert kit.outcomes(changed) == "cs"
    deciding.apply(clerk, batch=changed, expect=kit.version(changed))
    kit.work_off()
    assert kit.outcomes(changed) == "cs"
    kit.undone(clerk, changed)
    kit.undone(clerk, again)
    assert kit.living() == versions
    assert kit.state("fhir_", "residents_").keys() == {k for k in before if not k.startswith(("fhir_", "residents_"))}


def test_what_a_sheet_cannot_say_stays_when_a_hospital_system_said_it(clerk: Call, source: UUID):
    number = {"system": "urn:doorstep:insurance-number", "value": "I1"}
    person = exchange.patient(
        1, "王甲子", identifier=[{"system": exchange.RESIDENT_ID, "value": kit.resident_id(1)}, number]
    )
    exchange.send(source, exchange.bundle("transaction", exchange.entry(person, 1)))
    batch = kit.applied(clerk, "residents", kit.resident(1, name="王甲子", address="柳树村"))
    assert kit.outcomes(batch) == "c"
    [patient] = bodies("Patient")
    assert number in patient["identifier"]
    assert patient["address"] == [{"text": "柳树村"}]
    kit.undone(clerk, batch)
    [patient] = bodies("Patient")
    assert "address" not in patient
    assert len(patient["identifier"]) == 2


def test_a_resident_of_whom_others_know_stays_with_them(clerk: Call, source: UUID, other: UUID):
    """The record goes, and with it what it said; the resident and the number stay the other institution's."""
    batch = kit.applied(clerk, "residents", kit.resident(1, name="王小明"))
    exchange.send(other, exchange.bundle("transaction", exchange.entry(exchange.patient(1), 1)))
    assert ResidentRecord.objects.unscoped("test").values("resident").distinct().count() == 1
    kit.undone(clerk, batch)
    assert kit.row(batch).undid == {"undone": 1}
    [record] = ResidentRecord.objects.unscoped("test")
    assert record.organisation_id == other
    assert exchange.identifiers() == {(exchange.RESIDENT_ID, kit.resident_id(1), True)}


def test_follow_ups_and_vaccinations(clerk: Call):
    kit.applied(clerk, "residents", kit.resident(1), kit.resident(2))
    before = kit.living()
    batch = kit.applied(
        clerk, "followups", kit.followup(1), kit.followup(2, glucose="", timing="", pulse=72), kit.followup(3),
        kit.followup(2, name="李四", date="2026-03-13"), kit.followup(1, date="2026-03-14", diastolic=""),
    )  # fmt: skip
    assert kit.outcomes(batch) == "nnrrr"
    assert kit.wrongs(batch) == [("A4", "patient.unknown"), ("C5", "patient.name"), ("F6", "row.pressure")]
    codes = sorted(o["code"]["coding"][0]["code"] for o in bodies("Observation"))
    assert codes == ["14771-0", "85354-9", "85354-9", "8867-4"]
    given = kit.applied(clerk, "vaccinations", kit.vaccination(1), kit.vaccination(2, dose=0))
    assert kit.outcomes(given) == "nr"
    [vaccine] = bodies("Immunization")
    assert vaccine["vaccineCode"]["coding"][0]["code"] == "IIV"
    kit.undone(clerk, given)
    kit.undone(clerk, batch)
    assert kit.living() == before


def test_a_mended_row_alone_changes_something(clerk: Call):
    kit.applied(clerk, "residents", kit.resident(1), kit.resident(2))
    kit.applied(clerk, "followups", kit.followup(1), kit.followup(2, systolic=""))
    mended = kit.applied(clerk, "followups", kit.followup(1), kit.followup(2))
    assert kit.outcomes(mended) == "sn"
    better = kit.applied(clerk, "followups", kit.followup(1, glucose=7.1), kit.followup(2))
    assert kit.outcomes(better) == "cs"
    assert [len(e.effect["things"]) for e in kit.entries(better) if e.effect] == [1]
    kit.undone(clerk, better)
    assert {o["valueQuantity"]["value"] for o in bodies("Observation") if "valueQuantity" in o} == {6.8}


def test_what_was_changed_or_used_since_stays_and_is_told(clerk: Call, source: UUID):
    people = kit.applied(clerk, "residents", kit.resident(1), kit.resident(2), kit.resident(3))
    kit.applied(clerk, "followups", kit.followup(1))
    kit.applied(clerk, "residents", kit.resident(2, phone="13900001234"))
    told = reads.forecast(clerk, people)
    assert (told.gone, told.restored, told.stays) == (2, 0, 1)
    kit.undone(clerk, people)
    assert kit.row(people).undid == {"undone": 1, "stays": 2}
    assert kit.wrongs(people) == [("2", "in_use"), ("3", "changed_since")]
    assert len(bodies("Patient")) == 2
    with pytest.raises(Refused) as refused:
        deciding.undo(clerk, batch=people, expect=kit.version(people))
    assert refused.value.decision.reason == "wrong_state"


def test_the_same_file_leads_to_its_import_until_that_was_undone(clerk: Call):
    batch = kit.applied(clerk, "residents", kit.resident(1))
    messages = exchange.messages().count()
    assert kit.upload(clerk, "residents", kit.resident(1)) == batch
    assert exchange.messages().count() == messages
    kit.undone(clerk, batch)
    again = kit.applied(clerk, "residents", kit.resident(1))
    assert again != batch
    assert kit.outcomes(again) == "n"
    assert len(bodies("Patient")) == 1


def test_rows_that_were_refused_can_come_again_in_the_same_file(clerk: Call):
    first = kit.applied(clerk, "followups", kit.followup(1))
    assert kit.outcomes(first) == "r"
    kit.applied(clerk, "residents", kit.resident(1))
    second = kit.applied(clerk, "followups", kit.followup(1))
    assert second != first
    assert kit.outcomes(second) == "n"


def test_a_check_that_is_old_can_be_done_again_and_what_is_not_wanted_dropped(clerk: Call):
    batch = kit.checked(clerk, "followups", kit.followup(1))
    kit.applied(clerk, "residents", kit.resident(1))
    deciding.again(clerk, batch=batch, expect=kit.version(batch))
    kit.work_off()
    assert kit.outcomes(batch) == "n"
    deciding.drop(clerk, batch=batch, expect=kit.version(batch))
    assert kit.entries(batch) == []
    assert kit.row(batch).state == "dropped"
    with pytest.raises(Refused):
        deciding.apply(clerk, batch=batch, expect=kit.version(batch))


def test_who_may_do_what(clerk: Call, source: UUID, other: UUID):
    batch = kit.checked(clerk, "residents", kit.resident(1))
    before = kit.state()
    for call, reason in (
        (member(other), "not_found"),
        (replace(member(other), scope=EVERYWHERE), "not_found"),
        (member(source, {"sheets.use"}), "permission"),
        (member(source, {"residents.edit"}), "permission"),
        (member(source, {"sheets.use", "sheets.records"}), "permission"),
    ):
        for act in (deciding.apply, deciding.again, deciding.drop, deciding.undo):
            with pytest.raises(Refused) as refused:
                act(call, batch=batch, expect=kit.version(batch))
            assert refused.value.decision.reason == reason
        with pytest.raises(Refused):
            reads.one(call, batch)
        assert not reads.imports(call, page=reads.Page()).items if call.may("sheets.use").allowed else True
    with pytest.raises(Refused) as refused:
        kit.upload(member(source, {"sheets.use"}), "residents", kit.resident(2))
    assert refused.value.decision.reason == "permission"
    with pytest.raises(Stale) as stale:
        deciding.apply(clerk, batch=batch, expect=99)
    assert stale.value.decision.reason == "stale"
    assert kit.state() == before
    assert kit.row(batch).state == "checked"


def test_everything_is_trailed_by_the_clerk(clerk: Call):
    batch = kit.applied(clerk, "residents", kit.resident(1))
    reads.rows(clerk, batch=batch, page=reads.Page())
    kit.undone(clerk, batch)
    actions = set(TrailLine.objects.filter(actor=clerk.actor).values_list("action", flat=True))
    wanted = {"upload", "settle", "apply", "undo", "read"}
    assert {f"sheets.{each}" for each in wanted} | {"exchange.message", "residents.take_out"} <= actions
    [patient] = [line for line in TrailLine.objects.filter(action="exchange.message") if line.resident]
    assert patient.actor == clerk.actor


def test_ledger_keeps_what_was(clerk: Call):
    """Undoing deletes nothing of what was shown: the versions are in the ledger's past."""
    batch = kit.applied(clerk, "residents", kit.resident(1))
    [(kind, key, _, _)] = kit.entries(batch)[0].effect["things"]
    kit.undone(clerk, batch)
    now = ledger.read(kind, key)
    assert now is not None
    assert now.deleted
    assert [old.version for old in ledger.past(kind, key)] == [1]
