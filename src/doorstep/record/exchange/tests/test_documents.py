"""CDA documents go the way of every piece: kept as they came, mapped, in versions, never twice, never half."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

import pytest

from doorstep.adapters.cda.tests import samples
from doorstep.kernel import ledger
from doorstep.kernel.testing.callers import system
from doorstep.record.exchange.api import mend
from doorstep.record.exchange.shapes import Piece
from doorstep.record.exchange.tests import kit

pytestmark = pytest.mark.django_db
Json = dict[str, Any]


def document(*sections: str, **more: str) -> Piece:
    raw = samples.chinese(*(sections or samples.SUMMARY), **{"person": kit.resident_id(1), **more})
    return Piece("cda", "病历概要.xml", raw)


def current(kind: str) -> list[Json]:
    """What holds now of a type, of every patient."""
    found = [ledger.read(*key) for key in kit.ledger() if key[0] == kind]
    return [json.loads(each.body) for each in found if not each.deleted]


def status() -> dict[str, str]:
    """The number of each document, and how it stands."""
    return {each["masterIdentifier"]["value"]: each["status"] for each in current("DocumentReference")}


def test_a_document_is_kept_whole_and_its_entries_are_in_the_chart(source):
    piece = document()
    [receipt] = kit.send(source, piece)
    assert (receipt.state, receipt.set_aside) == ("applied", 0), receipt.problems
    [reference] = current("DocumentReference")
    attachment = reference["content"][0]["attachment"]
    binary = json.loads(ledger.read(*attachment["url"].split("/")).body)
    assert base64.b64decode(binary["data"]) == piece.raw
    assert attachment["size"] == len(piece.raw)
    assert binary["securityContext"]["reference"] == f"DocumentReference/{reference['id']}"
    [patient] = current("Patient")
    assert reference["subject"]["reference"] == f"Patient/{patient['id']}"
    [allergy] = current("AllergyIntolerance")
    assert allergy["code"]["text"] == "青霉素过敏"
    assert allergy["meta"]["source"] == f"urn:uuid:{reference['id']}"
    assert {f"AllergyIntolerance/{allergy['id']}"} < {e.get("reference") for e in reference["context"]["related"]}
    [hemoglobin] = [o for o in current("Observation") if o["code"].get("text") == "血红蛋白"]
    stored = ledger.read("Observation", hemoglobin["id"])
    assert b'"value":142.0,' in stored.body, "with the digits that were sent"
    assert stored.patient == patient["id"]
    assert [each.code for each in receipt.problems] == ["cda-left-entry"], "what went nowhere is told"
    assert receipt.problems[0].path == "主诉 (10154-3) entry/observation"


def test_the_same_document_again_changes_nothing(source):
    kit.send(source, document())
    before = kit.ledger()
    [again] = kit.send(source, document())
    assert (again.repeated, kit.ledger()) == (True, before)


@pytest.mark.parametrize("encoding", ["GBK", "GB18030", "UTF-16"])
def test_an_encoding_is_read_and_kept(source, encoding):
    piece = document(encoding=encoding)
    [receipt] = kit.send(source, piece)
    assert receipt.state == "applied", receipt.problems
    assert current("Patient")[0]["name"] == [{"text": "王小明"}]
    [reference] = current("DocumentReference")
    held = ledger.read(*reference["content"][0]["attachment"]["url"].split("/"))
    assert base64.b64decode(json.loads(held.body)["data"]) == piece.raw


def test_the_patient_that_others_made_is_met_again_and_not_changed(source):
    kit.send(source, document())
    [patient] = current("Patient")
    kit.send(source, document(number="D2", kind="C0053", title="出院小结", visit="ZY002"))
    assert [p["id"] for p in current("Patient")] == [patient["id"]]
    assert ledger.read("Patient", patient["id"]).version == 1
    assert len(current("DocumentReference")) == 2


def test_two_institutions_numbers_are_two_documents(source, other):
    kit.send(source, document())
    kit.send(other, document())
    assert len(current("DocumentReference")) == len(current("Patient")) == 2


V1 = {"number": "D1", "family": "S1", "version": "1"}
V2 = {"number": "D2", "family": "S1", "version": "2"}
V3 = {"number": "D3", "family": "S1", "version": "3"}
BY_WORD = {"number": "D2", "replaces": "D1"}


@pytest.mark.parametrize(("first", "second"), [(V1, V2), ({"number": "D1"}, BY_WORD)])
def test_a_new_version_replaces_the_former_and_takes_back_what_it_says_no_more(source, first, second):
    kit.send(source, document(samples.ALLERGY, samples.DIAGNOSIS, **first))
    [receipt] = kit.send(source, document(samples.DIAGNOSIS, samples.VITALS, **second))
    assert receipt.state == "applied", receipt.problems
    assert status() == {"D1": "superseded", "D2": "current"}
    assert current("AllergyIntolerance") == []
    assert len(current("Condition")) == 1
    assert len(current("Observation")) == 3
    former, newer = sorted(current("DocumentReference"), key=lambda each: each["status"], reverse=True)
    [relation] = newer["relatesTo"]
    assert relation["code"] == "replaces"
    assert relation["target"]["reference"] == f"DocumentReference/{former['id']}"


@pytest.mark.parametrize("pair", [(V1, V2), ({"number": "D1"}, BY_WORD)])
def test_the_former_that_comes_after_its_successor_is_kept_and_not_used(source, pair):
    first, second = pair
    kit.send(source, document(samples.DIAGNOSIS, **second))
    before = {key for key in kit.ledger() if key[0] == "Condition"}
    [receipt] = kit.send(source, document(samples.ALLERGY, samples.DIAGNOSIS, **first))
    assert receipt.state == "applied"
    assert receipt.problems[0].code == "cda-superseded"
    assert status() == {"D1": "superseded", "D2": "current"}
    assert current("AllergyIntolerance") == []
    assert {key for key in kit.ledger() if key[0] == "Condition"} == before


@pytest.mark.parametrize("order", list(itertools.permutations((V1, V2, V3))))
def test_in_whatever_order_versions_come_the_last_holds(source, order):
    sections = {"1": samples.ALLERGY, "2": samples.VITALS, "3": samples.DIAGNOSIS}
    for each in order:
        kit.send(source, document(sections[each["version"]], **each))
    assert status() == {"D1": "superseded", "D2": "superseded", "D3": "current"}
    assert (current("AllergyIntolerance"), current("Observation"), len(current("Condition"))) == ([], [], 1)


def test_what_another_document_says_too_is_not_taken_back(source):
    """An entry with an id of its own that a second document repeats is that document's when the first is replaced."""
    entry = samples.DRUG.replace("<text/>", '<id root="1.2.3.9" extension="RX1"/><text/>')
    with_id = samples.section("10160-0", entry)
    kit.send(source, document(with_id, **V1), document(with_id, number="E1"), document(samples.ALLERGY, **V2))
    assert len(current("MedicationStatement")) == 1


def test_a_restricted_document_and_its_entries_are_marked(source):
    kit.send(source, document(confidentiality="R"))
    for kind in ("DocumentReference", "Binary", "Condition", "Observation", "AllergyIntolerance"):
        for key in [key for key in kit.ledger() if key[0] == kind]:
            assert ledger.read(*key).sensitive, kind
    assert not ledger.read("Patient", current("Patient")[0]["id"]).sensitive


def test_a_restricted_section_marks_its_entries_and_the_whole(source):
    hidden = '<confidentialityCode code="V" codeSystem="2.16.840.1.113883.5.25"/>'
    secret = samples.section(
        "8716-3", samples.de("DE04.10.174.00", "收缩压", 'value="1" unit="mmHg"', "PQ"), more=hidden
    )
    kit.send(source, document(secret, samples.DIAGNOSIS))
    marks = {key[0]: ledger.read(*key).sensitive for key in kit.ledger()}
    assert all(marks[kind] for kind in ("Observation", "DocumentReference", "Binary"))
    assert not marks["Condition"]


def test_an_entry_that_tells_of_a_sensitive_kind_marks_the_document(source):
    told = samples.DIAGNOSIS.replace("I10.x00", "B24.x00").replace("高血压", "人类免疫缺陷病毒病")
    kit.send(source, document(told))
    marks = {key[0]: ledger.read(*key).sensitive for key in kit.ledger()}
    assert all(marks[kind] for kind in ("Condition", "DocumentReference", "Binary"))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"), (b"<a/>", "cda-not-document"), (b"<ClinicalDocument", "xml-syntax"),
        (b"<!DOCTYPE a><ClinicalDocument/>", "xml-doctype"), (b"<ClinicalDocument/>", "cda-no-id"),
    ],
)  # fmt: skip
def test_what_is_no_document_rests_with_its_reason(source, raw, code):
    [receipt] = kit.send(source, Piece("cda", "x.xml", raw))
    assert receipt.state == "set_aside"
    assert [p.code for p in receipt.problems] == [code]
    assert kit.ledger() == {}


def test_a_document_at_fault_is_mended_in_its_own_encoding(source):
    wrong = document(encoding="GBK").raw.replace(b"</ClinicalDocument>", b"")
    [resting] = kit.send(source, Piece("cda", "x.xml", wrong))
    text = wrong.decode("gbk") + "</ClinicalDocument>"
    receipt = mend(system(), message=resting.message, text=text)
    assert receipt.state == "applied"
    [reference] = current("DocumentReference")
    held = ledger.read(*reference["content"][0]["attachment"]["url"].split("/"))
    assert base64.b64decode(json.loads(held.body)["data"]) == text.encode("gbk")


def test_a_patient_at_fault_is_told_by_its_place_in_the_document(source):
    twice = document(person="439921198503150021").raw.replace(b'value="19850315"', b'value="20990101"')
    [receipt] = kit.send(source, Piece("cda", "x.xml", twice))
    assert receipt.state == "set_aside"
    assert receipt.problems[0].path.startswith("patient → Bundle.entry[0].resource")
