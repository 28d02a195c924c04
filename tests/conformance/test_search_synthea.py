"""What clients really ask, of people of Synthea: the door finds what the slow reference finds, in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from doorstep.fhir.parameters import parameters
from doorstep.fhir.tests.samples import SYNTHEA, members
from tests.conformance.reference.asking import escaped
from tests.conformance.reference.search import Memory, included
from tests.conformance.test_search import ids, stored, walked
from tests.door import RunningDoor, running, two_keys

pytestmark = pytest.mark.django_db(transaction=True)
EVERY = 120
KINDS = {
    "CarePlan", "Claim", "Condition", "DiagnosticReport", "Encounter", "ExplanationOfBenefit", "Goal", "ImagingStudy",
    "Immunization", "MedicationRequest", "Observation", "Organization", "Patient", "Practitioner", "Procedure",
}  # fmt: skip
HEIGHT, PRESSURE, ATTENTION = "http://loinc.org|8302-2", "http://loinc.org|55284-4", "http://snomed.info/sct|185349003"
ASKED = """
Patient
Patient?_id={patient}
Patient?identifier={number}
Patient?identifier={system}|{number}
Patient?name={family}
Patient?family={family}&given={given}
Patient?family:exact={family}
Patient?name:contains=an
Patient?name=a,b,c
Patient?gender=female
Patient?gender=http://hl7.org/fhir/administrative-gender|female&birthdate=ge1950
Patient?birthdate={birth}
Patient?birthdate=lt1960-01-01&_sort=birthdate
Patient?birthdate=ge1930&birthdate=lt2000&_sort=-birthdate
Patient?address-city={city}
Patient?address=massachusetts&_sort=family,given
Patient?address-state=Massachusetts&_sort=-address-city,birthdate
Patient?deceased=true
Patient?deceased=false&_sort=family
Patient?death-date:missing=true
Patient?telecom={phone}
Patient?phone={phone}
Patient?language=urn:ietf:bcp:47|en-US
Patient?_tag=https://smarthealthit.org/tags|synthea-5-2019&_sort=-_lastUpdated
Patient?_lastUpdated=gt2020-01-01&_sort=_lastUpdated
Patient?_has:Observation:patient:code=http://loinc.org|8302-2
Patient?_has:Condition:subject:code:text=diabetes
Patient?_has:Encounter:patient:service-provider.name=hospital
Observation?patient={patient}
Observation?subject=Patient/{patient}
Observation?patient={patient}&code={height}
Observation?patient={patient}&code={height}&_sort=-date
Observation?patient={patient}&code={height},{pressure}&_sort=date
Observation?patient={patient}&category=vital-signs
Observation?patient={patient}&category=laboratory&_sort=-date&_lastUpdated=gt2020-01-01
Observation?patient={patient}&date=ge2015&date=lt2018
Observation?patient={patient}&date=2016
Observation?subject:Patient={patient}&status=final
Observation?code={height}
Observation?code=8302-2&date=gt2016-01-01&_sort=date
Observation?code={height}&value-quantity=gt170||cm
Observation?code={height}&value-quantity=lt100|http://unitsofmeasure.org|cm&_sort=value-quantity
Observation?code:text=body
Observation?code-value-quantity={height}$gt170
Observation?component-code-value-quantity=http://loinc.org|8480-6$ge140
Observation?component-code=http://loinc.org|8462-4&component-value-quantity=lt80
Observation?combo-code=http://loinc.org|8480-6
Observation?combo-code-value-quantity=http://loinc.org|8462-4$gt85
Observation?value-concept:missing=false&_sort=code,-date
Observation?code={absent}
Observation?encounter={encounter}
Observation?encounter.type={attention}
Observation?subject.identifier={number}
Observation?subject:Patient.name={family}
Observation?patient.birthdate=lt1950&code={height}
Observation?patient={patient}&category=laboratory&_sort=code,-date
Observation?code:not={height}&patient={patient}
Condition?patient={patient}
Condition?patient={patient}&clinical-status=active
Condition?clinical-status=http://terminology.hl7.org/CodeSystem/condition-clinical|resolved
Condition?code=http://snomed.info/sct|444814009
Condition?onset-date=ge2010&_sort=onset-date
Condition?abatement-date:missing=true&_sort=-recorded-date
Condition?encounter={encounter}
Condition?encounter.date=ge2015
Condition?subject.address-city={city}
Encounter?patient={patient}
Encounter?patient={patient}&_sort=-date
Encounter?patient={patient}&date=ge2012-01-01&date=le2015-12-31
Encounter?date=2014-03
Encounter?date=sa2018&_sort=date
Encounter?class=AMB
Encounter?class=http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB&status=finished
Encounter?type={attention}
Encounter?reason-code:missing=false
Encounter?service-provider={organization}
Encounter?service-provider.name=hospital
Encounter?participant={practitioner}
Encounter?practitioner.family={doctor}
Procedure?patient={patient}&date=ge2010
Procedure?subject={patient}&status=completed&_sort=-date
Procedure?reason-reference:missing=false
Procedure?reason-reference.code:text=pregnancy
Procedure?date=eb2010
MedicationRequest?patient={patient}&status=active
MedicationRequest?authoredon=ge2012&_sort=-authoredon
MedicationRequest?code:text=amox
MedicationRequest?requester.family={doctor}
MedicationRequest?intent=order&status=stopped
Immunization?patient={patient}&date=gt2012
Immunization?vaccine-code=http://hl7.org/fhir/sid/cvx|140&_sort=date
DiagnosticReport?patient={patient}&category:missing=false
DiagnosticReport?result.code=http://loinc.org|2093-3
CarePlan?patient={patient}&category:text=
CarePlan?date=ge2015
Goal?patient={patient}
Claim?patient={patient}&_sort=-created
Claim?created=2015
ExplanationOfBenefit?patient={patient}
ExplanationOfBenefit?identifier:missing=false&created=ge2017
ImagingStudy?modality:missing=false
Organization?name=hosp
Organization?address-city:contains=o&_sort=-name
Practitioner?name={doctor}
Practitioner?identifier:missing=false&_sort=family,-given
"""
INCLUDED = (
    (
        "Observation?patient={patient}&code={height}",
        [(False, False, "Observation:patient"), (False, False, "Observation:encounter")],
    ),
    ("Encounter?patient={patient}&date=ge1980", [(False, False, "Encounter:*")]),
    ("Patient?_id={patient}", [(True, False, "Encounter:patient"), (False, True, "Encounter:practitioner")]),
    ("MedicationRequest?status=stopped", [(False, False, "MedicationRequest:requester:Practitioner")]),
    (
        "Encounter?patient={patient}&date=ge1980",
        [(True, False, "DiagnosticReport:encounter"), (False, True, "DiagnosticReport:result")],
    ),
)  # fmt: skip


def loaded(door: RunningDoor) -> Memory:
    """A few bundles, sent as they are; what the ledger then holds."""
    for _, raw in members(SYNTHEA, EVERY):
        answer = door.send("POST", "/fhir", raw, headers={"Content-Type": "application/fhir+json"})
        assert answer.status_code == 200, answer.text[:1000]
    return Memory(stored(KINDS))


def facts(memory: Memory) -> dict[str, str]:
    """What the searches are about: a patient with many observations, and who and where."""
    subjects = [each["subject"]["reference"][8:] for each in memory.of("Observation")]
    patient = memory.all["Patient", max(sorted(set(subjects)), key=subjects.count)]
    visit = next(e for e in memory.of("Encounter") if e["subject"]["reference"] == f"Patient/{patient['id']}")
    doctor = visit["participant"][0]["individual"]["reference"][13:]
    said = {
        "patient": patient["id"], "number": patient["identifier"][0]["value"], "birth": patient["birthDate"],
        "system": patient["identifier"][0]["system"], "family": patient["name"][0]["family"],
        "given": patient["name"][0]["given"][0], "city": patient["address"][0]["city"],
        "phone": patient["telecom"][0]["value"], "encounter": visit["id"], "practitioner": doctor,
        "organization": visit["serviceProvider"]["reference"][13:],
        "doctor": memory.all["Practitioner", doctor]["name"][0]["family"], "height": HEIGHT, "pressure": PRESSURE,
        "attention": ATTENTION, "absent": "http://loinc.org|0000-0",
    }  # fmt: skip
    return {name: quote(text, safe="") for name, text in said.items()}


def everywhere(memory: Memory) -> Iterator[str]:
    """For each parameter that has values: the first and the last of them, and that it is missing."""
    for kind in sorted(KINDS):
        for code, param in sorted(parameters(kind).items()):
            if param.type == "special":
                continue
            held = [each for one in memory.of(kind) for each in memory.held(one, code)]
            said = list(dict.fromkeys(text for each in held if (text := _said(param.type, each))))
            for text in dict.fromkeys([*said[:1], *said[-1:]]):
                yield f"{kind}?{code}={quote(text, safe='')}"
            if said:
                yield f"{kind}?{code}:missing=true"


def _said(kind: str, value: Any) -> str:
    """How a client would ask for a value."""
    if kind == "token":
        return f"{escaped(value.system)}|{escaped(value.code)}" if value.system and value.code else value.code or ""
    if kind == "date":
        return "ge" + datetime.fromtimestamp(value[0] / 1e6, UTC).date().isoformat() if value[0] > -1e18 else ""
    if kind in ("number", "quantity"):
        return f"gt{float(value.low):.4f}" + (f"||{escaped(value.unit)}" if value.unit else "")
    if kind == "reference":
        return value.target or ""
    if kind == "composite":
        return "$".join(_said({"Token": "token", "Number": "quantity"}[type(g[0]).__name__], g[0]) for g in value)
    return escaped(value[:8])


def test_what_clients_ask() -> None:
    with running(two_keys()["a"][1]) as door:
        memory = loaded(door)
        said = facts(memory)
        asked = [line.format(**said) for line in ASKED.split("\n") if line]
        found = 0
        for line in [*asked, *everywhere(memory)]:
            kind, _, query = line.partition("?")
            wanted = memory.search(kind, query)
            answer = ids(door.get(f"{line}{'&' if query else '?'}_count=1000"))
            assert answer == wanted[:1000], line
            found += bool(wanted)
        for line in asked[::7]:
            kind, _, query = line.partition("?")
            pages = walked(door, f"{line}{'&' if query else '?'}_count=17")[0]
            assert pages == memory.search(kind, query), line
        for line, wishes in INCLUDED:
            _compare_included(door, memory, line.format(**said), wishes)
        print(f"{len(memory.all)} resources, {len(asked)} searches of clients, {found} of all with hits")


def _compare_included(door: RunningDoor, memory: Memory, line: str, wishes: list[tuple[bool, bool, str]]) -> None:
    names = [("_revinclude" if r else "_include") + (":iterate" if i else "") for r, i, _ in wishes]
    more = "&".join(f"{name}={text}" for name, (_, _, text) in zip(names, wishes, strict=True))
    answer = door.get(f"{line}&{more}&_count=1000")
    kind, _, query = line.partition("?")
    page = memory.search(kind, query)
    assert ids(answer) == page, line
    entries = [e["resource"] for e in answer.json().get("entry", []) if e["search"]["mode"] == "include"]
    assert {(e["resourceType"], e["id"]) for e in entries} == included(memory, [(kind, i) for i in page], wishes), line
