"""From FHIR Patients, Chinese and other, to records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.testing.contracts import ProjectionContract
from doorstep.registers.residents.fhir import golden, incoming
from doorstep.registers.residents.rules.facts import Kind
from doorstep.registers.residents.rules.persons import Person
from doorstep.registers.residents.shapes import Address, Guardian, Name, Phone

SOURCE = uuid4()
V2 = "http://terminology.hl7.org/CodeSystem/v2-0203"
CN = "http://CodeSystem.hl7fhir.cn/identity-document-type"
RELATION = "urn:oid:2.16.156.10011.2.3.3.8"


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
persons = st.builds(
    Person,
    name=texts, sex=st.sampled_from(["0", "1", "2", "9"]), birth=st.sampled_from(["", "1985", "1985-03", "1985-03-15"]),
    deceased=st.sampled_from(["", "yes", "2020-01-02"]),
)  # fmt: skip


class TestProjections(ProjectionContract):
    room = "residents"

    def projected(self) -> Mapping[str, st.SearchStrategy[Mapping[str, Any]]]:
        records = st.lists(st.from_regex(r"[A-Za-z0-9.-]{1,64}", fullmatch=True), max_size=3).map(tuple)
        others = st.lists(st.uuids(), max_size=2).map(tuple)
        return {"Patient": st.builds(golden, st.uuids(), persons, records, others, st.none() | st.uuids())}


def test_one_who_was_merged_is_replaced_and_no_longer_active() -> None:
    gone, kept = uuid4(), uuid4()
    first, second = (
        golden(gone, Person("王小明"), (), (), kept),
        golden(kept, Person("王小明"), ("a", "b"), (gone,), None),
    )
    assert (first["active"], second["active"]) == (False, True)
    assert first["link"] == [{"other": {"reference": f"Patient/{kept}"}, "type": "replaced-by"}]
    assert [(each["other"]["reference"], each["type"]) for each in second["link"]] == [
        (f"Patient/{gone}", "replaces"), ("Patient/a", "seealso"), ("Patient/b", "seealso"),
    ]  # fmt: skip


def typed(system, code, value):
    return {"type": {"coding": [{"system": system, "code": code}]}, "system": "http://x", "value": value}


def test_a_chinese_patient():
    found = incoming(
        {
            "resourceType": "Patient",
            "id": "p1",
            "identifier": [
                {"system": "urn:oid:2.16.156.10011.1.3", "value": " 11010519491231002x"},
                {"system": "urn:oid:2.16.156.10011.1.2", "value": "43992100100100001"},
                {"system": "urn:doorstep:insurance-number", "value": "0439921"},
                {"system": "urn:doorstep:hospital-number:12", "value": "A001"},
                {"system": "urn:doorstep:hospital-number:12", "value": "无"},
            ],
            "name": [{"use": "official", "text": "王 小明"}, {"family": "王", "given": ["小", "民"], "use": "old"}],
            "telecom": [
                {"system": "phone", "value": "+86 13800138001", "use": "mobile"},
                {"system": "email", "value": "a@example.org"},
            ],
            "gender": "female",
            "birthDate": "1949-12-31",
            "extension": [
                {
                    "url": "http://StructureDefinition.hl7fhir.cn/ChineseEthnicity",
                    "valueCoding": {"code": "1", "display": "汉族"},
                }
            ],
            "address": [
                {
                    "text": "清禾县南门社区",
                    "extension": [
                        {
                            "url": "http://StructureDefinition.hl7fhir.cn/AdministrativeDivision",
                            "valueString": "439921001001",
                        }
                    ],
                }
            ],
            "contact": [
                {
                    "relationship": [{"coding": [{"system": RELATION, "code": "51"}]}],
                    "name": {"text": "王建国"},
                    "telecom": [{"system": "phone", "value": "13800138002"}],
                }
            ],
            "deceasedBoolean": True,
        },
        SOURCE,
    )
    assert [(i.kind, i.value, i.path) for i in found.identifiers] == [
        (Kind.RESIDENT_ID, "11010519491231002X", "Patient.identifier[0].value"),
        (Kind.ARCHIVE, "43992100100100001", "Patient.identifier[1].value"),
        (Kind.INSURANCE, "0439921", "Patient.identifier[2].value"),
        (Kind.HOSPITAL, "A001", "Patient.identifier[3].value"),
    ]
    assert found.names == (Name("王小明", "", "", "official"), Name("王小民", "王", "小民", "old"))
    assert found.phones == (Phone("13800138001", "mobile"),)
    assert (found.sex, found.birth_date, found.ethnic, found.deceased) == ("2", "1949-12-31", "01", "yes")
    assert found.addresses == (Address("清禾县南门社区", "439921001001"),)
    assert found.guardians == (Guardian("王建国", "13800138002", "51"),)


def test_kinds_by_type():
    patient = {
        "id": "p",
        "identifier": [
            typed(CN, "01", "11010519491231002X"),
            typed(CN, "02", "book-7"),
            typed(V2, "NNCHN", "11010519491231002X"),
            typed(V2, "PPN", "E1"),
            typed(V2, "BCT", "r430012345"),
            {"system": "urn:doorstep:birth-certificate", "value": "Ｒ430012345"},
            typed(V2, "MR", "m1"),
            typed(V2, "SS", "999-22-1962"),
            {"system": "http://hl7.org/fhir/sid/passport-CHN", "value": "E2"},
            {"value": "loose"},
            {"system": "urn:oid:2.16.156.10011.1.3", "value": "11010519491231002X", "use": "old"},
        ],
    }
    found = incoming(patient, SOURCE).identifiers
    assert [i.kind for i in found] == [
        Kind.RESIDENT_ID,
        Kind.OTHER,
        Kind.RESIDENT_ID,
        Kind.PASSPORT,
        Kind.BIRTH_CERTIFICATE,
        Kind.BIRTH_CERTIFICATE,
        Kind.HOSPITAL,
        Kind.OTHER,
        Kind.PASSPORT,
        Kind.HOSPITAL,
        Kind.RESIDENT_ID,
    ]
    assert {i.system for i in found if i.kind is Kind.RESIDENT_ID} == {"urn:oid:2.16.156.10011.1.3"}
    born = {(i.system, i.value) for i in found if i.kind is Kind.BIRTH_CERTIFICATE}
    assert born == {("urn:doorstep:birth-certificate", "R430012345")}
    assert [i.old for i in found][-1]


def test_the_sex_of_the_chinese_profile():
    coding = {"system": "http://CodeSystem.hl7fhir.cn/physiological-gender", "code": "01"}
    url = "http://StructureDefinition.hl7fhir.cn/sexual-distinction-of-human"
    assert incoming({"id": "p", "_gender": {"extension": [{"url": url, "valueCoding": coding}]}}, SOURCE).sex == "1"


def test_a_synthea_patient():
    found = incoming(
        {
            "id": "p",
            "name": [{"use": "official", "family": "Koepp", "given": ["Abdul", "Ali"], "prefix": ["Mr."]}],
            "address": [{"line": ["313 Lockman Row"], "city": "Peabody", "state": "Massachusetts", "country": "US"}],
            "deceasedDateTime": "2001-02-03T04:05:06+08:00",
        },
        SOURCE,
    )
    assert found.names == (Name("Abdul Ali Koepp", "Koepp", "Abdul Ali", "official"),)
    assert found.addresses == (Address("Massachusetts, Peabody, 313 Lockman Row"),)
    assert found.deceased == "2001-02-03"


KEYS = [
    "system",
    "value",
    "type",
    "coding",
    "code",
    "text",
    "family",
    "given",
    "use",
    "url",
    "extension",
    "line",
    "telecom",
    "name",
    "relationship",
    "valueCoding",
    "valueString",
]
FIELDS = [
    "identifier",
    "name",
    "telecom",
    "gender",
    "_gender",
    "birthDate",
    "address",
    "contact",
    "extension",
    "deceasedBoolean",
    "deceasedDateTime",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6))
def test_any_json_gives_a_record(patient):
    found = incoming({"id": "p"} | patient, SOURCE)
    assert found.patient_id == "p"
    assert "\x00" not in str([n.text for n in found.names])
