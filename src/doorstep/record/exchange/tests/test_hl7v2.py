"""HL7 v2 messages, converted by the standard tables, go the way of every transaction: into the ledger and the index."""

from __future__ import annotations

import json

import pytest

from doorstep.adapters.hl7v2.codec import parse
from doorstep.adapters.hl7v2.mapping import Context, convert, standard, standard_files
from doorstep.kernel import ledger
from doorstep.record.exchange.tests import kit

pytestmark = pytest.mark.django_db
FILES = standard_files()
CONTEXT = Context("91430000000000000X", "urn:doorstep:endpoint:test", organisation_name="山口医院")
CASES = [name[6:-4] for name in sorted(FILES) if name.startswith("cases/") and name.endswith(".hl7")]
REFUSED = ("adt-nobody", "adt-person-deleted")


def converted(name: str, change: tuple[str, str] = ("", "")) -> bytes:
    raw = FILES[f"cases/{name}.hl7"].replace("43992119850315001X", kit.resident_id(1))
    return convert(parse(raw.replace(*change).encode()), standard(), CONTEXT).body


def keys(body: bytes, kind: str) -> list[str]:
    return [e["fullUrl"][9:] for e in json.loads(body)["entry"] if e["resource"]["resourceType"] == kind]


def test_a_result_after_an_admission_is_in_the_chart(source):
    admission, result = converted("adt-admission"), converted("oru-laboratory")
    receipts = kit.send(source, admission, result)
    assert [(r.state, r.problems) for r in receipts] == [("applied", ()), ("applied", ())]
    [patient] = keys(admission, "Patient")
    first = keys(result, "Observation")[0]
    stored = ledger.read("Observation", first)
    said = json.loads(stored.body)
    assert said["subject"]["reference"] == f"Patient/{patient}"
    assert stored.patient == patient
    assert b'"valueQuantity":{"value":142.0,"unit":"g/L"' in stored.body, "with the digits that were sent"
    report = json.loads(ledger.read("DiagnosticReport", keys(result, "DiagnosticReport")[0]).body)
    assert f"Observation/{first}" in [each["reference"] for each in report["result"]]
    assert (kit.count("fhir_patient"), kit.count("fhir_encounter")) == (1, 2)
    assert json.loads(ledger.read("Patient", patient).body)["contact"], "what a result knows less of is not taken away"


def test_a_result_before_the_admission_makes_the_patient_that_the_admission_completes(source):
    result, admission = converted("oru-laboratory"), converted("adt-admission")
    assert keys(result, "Patient") == keys(admission, "Patient")
    assert [r.state for r in kit.send(source, result, admission)] == ["applied", "applied"]
    stored = ledger.read("Patient", keys(result, "Patient")[0])
    assert (kit.count("fhir_patient"), stored.version) == (1, 2)
    assert b'"contact"' in stored.body


def test_what_comes_again_under_another_control_id_changes_nothing(source):
    kit.send(source, converted("adt-admission"), converted("oru-laboratory"))
    before = kit.ledger()
    receipts = kit.send(
        source, converted("adt-admission", ("|1|P|", "|91|P|")), converted("oru-laboratory", ("|8|P|", "|98|P|"))
    )
    assert [r.state for r in receipts] == ["applied", "applied"]
    assert kit.ledger() == before


def test_a_correction_is_a_new_version_of_the_same_result(source):
    result = converted("oru-laboratory")
    corrected = converted("oru-laboratory", ("||142.0|g/L^^UCUM|130-175|N|||F", "||124.0|g/L^^UCUM|130-175|L|||C"))
    kit.send(source, result, corrected)
    stored = ledger.read("Observation", keys(result, "Observation")[0])
    assert (stored.version, json.loads(stored.body)["status"]) == (2, "corrected")


def test_a_visit_goes_on_to_its_end_and_back(source):
    names = ["adt-admission", "adt-discharge", "adt-discharge-called-back", "adt-admission-called-back"]
    bodies = [converted(name) for name in names]
    [visit] = {key for body in bodies for key in keys(body, "Encounter")}
    seen = []
    for body in bodies:
        [receipt] = kit.send(source, body)
        assert (receipt.state, receipt.problems) == ("applied", ())
        said = json.loads(ledger.read("Encounter", visit).body)
        seen.append((said["status"], said.get("period", {}).get("end")))
    assert seen == [
        ("in-progress", None),
        ("finished", "2026-03-05T10:00:00+08:00"),
        ("in-progress", None),
        ("cancelled", None),
    ]


def test_a_merge_leaves_the_former_number_with_its_heir(source):
    kit.send(source, converted("adt-admission"))
    merge = converted("adt-merge")
    [receipt] = kit.send(source, merge)
    assert (receipt.state, receipt.problems) == ("applied", ())
    heir, former = keys(merge, "Patient")
    said = json.loads(ledger.read("Patient", former).body)
    assert (said["active"], said["link"][0]["type"]) == (False, "replaced-by")
    assert said["link"][0]["other"]["reference"] == f"Patient/{heir}"


def test_two_institutions_numbers_are_two_patients(source, other):
    kit.send(source, converted("adt-person"))
    raw = parse(FILES["cases/adt-person.hl7"].encode())
    kit.send(other, convert(raw, standard(), Context("91430000000000001Y", "urn:doorstep:endpoint:other")).body)
    assert kit.count("fhir_patient") == 2


@pytest.mark.parametrize("name", [name for name in CASES if name not in REFUSED])
def test_every_case_can_be_taken(source, name):
    [receipt] = kit.send(source, converted(name))
    assert (receipt.state, receipt.problems) == ("applied", ())
