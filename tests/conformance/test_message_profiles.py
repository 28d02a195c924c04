"""Our referral messages validate: as R4, and against the profiles of the guides that they claim (``profiles``: what is
checked and what is not). What the guides' own examples break of their own profiles is told one by one."""

from __future__ import annotations

import copy
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.adapters.fhirmessaging import composing, mending, reading
from doorstep.fhir import xml
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.validation import check
from doorstep.services.referrals.fhir import messages
from doorstep.services.referrals.tests.test_fhir import DETAILS, TEXT
from tests.conformance.profiles import GUIDES, check_claims, definitions

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
PLACE = composing.Correspondent("甲医院", "12439921WY0000007W", "https://jia.example/fhir")
RECORD = {
    "resourceType": "Patient", "id": "p-1", "gender": "female", "birthDate": "1950-05-01", "name": [{"text": "李秀英"}],
    "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "439921195005010027"},
                   {"system": "https://his.example.org/mrn", "value": "1001"}],
    "telecom": [{"system": "phone", "value": "13900000001"}], "link": [{"other": {"display": "x"}, "type": "seealso"}],
}  # fmt: skip
PEOPLE = st.sampled_from(["male", "female", "unknown", "other", ""]).map(
    lambda sex: messages.person_of(RECORD | {"gender": sex}, "p-1")
)
OBSERVATION = {"resourceType": "Observation", "id": "o-1", "status": "final", "code": {"text": "血压"}}


def sound(code: str, resources: list[dict[str, Any]], claims: set[str]) -> None:
    """R4 finds nothing wrong in the message, nor do the profiles, and these are claimed; XML and back is the same."""
    event = composing.Event(code, "http://CodeSystem.hl7fhir.cn/activity-code", code)
    bundle = composing.message(UUID(int=1), event, PLACE, PLACE, resources, AT)
    assert check("Bundle", bundle) == []
    done: Counter[str] = Counter()
    for each in resources:
        checker = check_claims(each)
        assert checker.faults == []
        done += checker.done
    assert {url for each in resources for url in each.get("meta", {}).get("profile", ())} == {
        f"{messages.PROFILES}{name}" for name in claims
    }
    assert done["profile"] >= len(claims)
    assert reading.read(composing.encoded(bundle, "sichuan"), "standard").bundle == bundle


@settings(max_examples=60)
@given(DETAILS, PEOPLE, st.booleans())
def test_an_application_is_sound(one: Any, patient: Any, cancelled: bool) -> None:
    made = messages.application(one, patient, cancelled=cancelled)
    sound("C01001", made, {"hospital-referral", "Patient", "medical-record-documentation"})


@settings(max_examples=60)
@given(DETAILS, st.sampled_from(sorted(messages.STATES)), TEXT, TEXT, st.integers(1, 10**6))
def test_an_answer_is_sound(one: Any, move: str, who: str, note: str, version: int) -> None:
    made = messages.answer(one, move, "Appointment/HospitalReferral-example", who, version, note)
    sound(messages.STATES[move][0], made, {"hospital-referral-response"})


@settings(max_examples=30)
@given(DETAILS, PEOPLE, st.lists(st.just(OBSERVATION), max_size=2))
def test_a_full_record_is_sound(one: Any, patient: Any, found: Any) -> None:
    sound("C01004", messages.records(one, "Appointment/x", patient, found, AT), {"Patient"})


SETS = "http://ValueSet.hl7fhir.cn/"
BROKEN = {
    "Encounter.type: 0 of 1..1": 5,
    "ServiceRequest.performer: 1 of 0..0": 5,
    f"system http://hl7.org/fhir/request-intent is not of {SETS}request-priority-vs": 3,
    f"system http://hl7.org/fhir/request-status is not of {SETS}request-intent-vs": 1,
    f"system http://hl7.org/fhir/diagnostic-report-status is not of {SETS}diagnostic-report-status-vs": 3,
    f"system http://CodeSystem.hl7fhir.cn/specimen-status is not of {SETS}specimen-status-vs": 5,
    # a template that was not filled in
    **{
        f"[code] is not of {SETS}{name}-vs": 1
        for name in ("countries-and-regions", "nationalites-of-PRC", "physiological-gender")
    },
}
"""What the published examples break of the profiles that they claim, and how often: nothing of the referral's own."""


def within(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources of a bundle, or the one that it is."""
    return [each["resource"] for each in resource["entry"]] if resource["resourceType"] == "Bundle" else [resource]


def test_the_examples_of_the_guides_against_their_own_profiles() -> None:
    found: Counter[str] = Counter()
    definitions()
    for path in sorted(GUIDES.rglob("examples/*.xml")):
        try:
            resource = json.loads(xml.read(mending.xml_of(path.read_bytes())[0]))  # the values as they are
        except FhirProblem:
            assert path.name == "EncounterHospitalized-example.xml"  # text stands between its elements
            continue
        told = [fault for each in within(resource) for fault in check_claims(each).faults]
        assert not told or "sichuan-referral" not in path.parts
        found.update(fault.partition("]: ")[2] or fault for fault in told)
    assert found == BROKEN


def test_what_is_planted_is_found() -> None:
    definitions()
    patient = messages.person_of(RECORD, "p-1")
    path = next(GUIDES.rglob("HospitalReferral-example.xml"))
    asked = reading.resource(path.read_bytes(), "sichuan", [])
    assert check_claims(asked).faults == check_claims(patient).faults == []
    for change in (
        {"slot": [{"reference": "Slot/1"}]}, {"reasonCode": [{"text": "x"}]}, {"specialty": [{"text": "x"}]},
        {"_status": {"extension": asked["_status"]["extension"] * 2}},
    ):  # fmt: skip
        assert check_claims(copy.deepcopy(asked) | change).faults != []
    wrong = copy.deepcopy(asked)
    wrong["_status"]["extension"][0]["valueCoding"]["system"] = "urn:other"
    assert check_claims(wrong).faults != []
    assert check_claims(patient | {"gender": "male"}).faults != []
