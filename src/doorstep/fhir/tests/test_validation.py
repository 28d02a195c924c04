# ruff: noqa: E501 - one planted fault a line
"""Planted faults: each is found, at the right place, and what is right is left alone."""

from __future__ import annotations

import copy
import pickle
import time
from decimal import Decimal
from typing import Any

import orjson
import pytest

from doorstep.fhir.problems import KINDS
from doorstep.fhir.validation import FhirInvalid, check, invariants, outcome, refuse_invalid, validate_operation
from doorstep.fhir.validation.bindings import ListedBindings, unchecked
from doorstep.fhir.validation.faults import LIMIT
from doorstep.fhir.validation.findings import WORDS, Finding, finding

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"lastUpdated": "2020-02-29T10:00:00.123+08:00", "profile": ["http://example.org/p"]},
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">张三</div>'},
    "contained": [{"resourceType": "Organization", "id": "o1", "name": "镇卫生院"}],
    "extension": [{"url": "http://example.org/nation", "valueCode": "HA"}],
    "identifier": [{"use": "official", "system": "urn:oid:2.16.156.10011.1.3", "value": "X1"}],
    "active": True,
    "name": [
        {
            "text": "张　三",
            "family": "张",
            "given": ["三", None],
            "_given": [None, {"extension": [{"url": "http://example.org/unknown", "valueBoolean": True}]}],
        }
    ],
    "gender": "male",
    "birthDate": "1990-02-28",
    "_birthDate": {"extension": [{"url": "http://example.org/time", "valueDateTime": "1990-02-28T10:00:00Z"}]},
    "deceasedBoolean": False,
    "multipleBirthInteger": 2,
    "photo": [{"contentType": "image/png", "data": "AAAA\nAAA=", "size": 5}],
    "contact": [{"name": {"text": "李四"}}],
    "managingOrganization": {"reference": "#o1", "type": "Organization"},
    "link": [{"other": {"reference": "Patient/p2"}, "type": "seealso"}],
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]},
    "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2020-01",
    "valueQuantity": {
        "value": 170.5,
        "comparator": "<",
        "unit": "cm",
        "system": "http://unitsofmeasure.org",
        "code": "cm",
    },
    "component": [{"code": {"text": "x"}, "valueString": "a"}],
}
CONDITION: dict[str, Any] = {
    "resourceType": "Condition",
    "clinicalStatus": {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
    },
    "subject": {"reference": "urn:uuid:9b8f2b3e-1111-4222-8333-444455556666"},
}
SOUND = {"Patient": PATIENT, "Observation": OBSERVATION, "Condition": CONDITION}
GONE = object()

# type, path to the value, what stands there instead, code of the finding, its expression
PLANTED: list[tuple[str, tuple[Any, ...], Any, str, str]] = [
    ("Patient", ("active",), "true", "wrong-type", "Patient.active"),
    ("Patient", ("multipleBirthInteger",), "2", "wrong-type", "Patient.multipleBirth"),
    ("Patient", ("multipleBirthInteger",), 2.5, "bad-format", "Patient.multipleBirth"),
    ("Patient", ("multipleBirthInteger",), 1 << 31, "out-of-range", "Patient.multipleBirth"),
    ("Patient", ("multipleBirthInteger",), True, "wrong-type", "Patient.multipleBirth"),
    ("Patient", ("name",), {"text": "张三"}, "not-array", "Patient.name"),
    ("Patient", ("gender",), ["male"], "array", "Patient.gender"),
    ("Patient", ("name",), [], "empty-array", "Patient.name"),
    ("Patient", ("name", 0), {}, "empty-object", "Patient.name[0]"),
    ("Patient", ("name", 0), None, "null", "Patient.name[0]"),
    ("Patient", ("name", 0), "张三", "wrong-type", "Patient.name[0]"),
    ("Patient", ("gender",), None, "null", "Patient.gender"),
    ("Patient", ("name", 0, "given", 0), None, "null", "Patient.name[0].given[0]"),
    ("Patient", ("name", 0, "_given"), GONE, "null", "Patient.name[0].given[1]"),
    ("Patient", ("name", 0, "given"), ["三"], "uneven-arrays", "Patient.name[0].given"),
    ("Patient", ("name", 0, "given", 0), "", "empty-string", "Patient.name[0].given[0]"),
    ("Patient", ("name", 0, "given", 0), "a\x08", "control-character", "Patient.name[0].given[0]"),
    ("Patient", ("name", 0, "given", 0), 5, "wrong-type", "Patient.name[0].given[0]"),
    ("Patient", ("nick",), "x", "unknown-element", "Patient.nick"),
    ("Patient", ("_nick",), {"id": "x"}, "unknown-element", "Patient._nick"),
    ("Patient", ("_name",), [{"id": "x"}], "unknown-element", "Patient._name"),
    ("Patient", ("a.b\n`c",), "x", "unknown-element", "Patient.`a.b__c`"),
    ("Patient", ("name", 0, "resourceType"), "HumanName", "unknown-element", "Patient.name[0].resourceType"),
    ("Patient", ("deceasedString",), "x", "unknown-element", "Patient.deceasedString"),
    ("Patient", ("deceasedDateTime",), "2020", "two-choices", "Patient.deceased"),
    ("Patient", ("_deceasedDateTime",), {"extension": [{"url": "u:x", "valueCode": "x"}]}, "two-choices", "Patient.deceased"),
    ("Patient", ("gender",), "M", "bad-code", "Patient.gender"),
    ("Patient", ("gender",), " male", "bad-format", "Patient.gender"),
    ("Patient", ("birthDate",), "1990-02-30", "bad-day", "Patient.birthDate"),
    ("Patient", ("birthDate",), "1900-02-29", "bad-day", "Patient.birthDate"),
    ("Patient", ("birthDate",), "1990-13-01", "bad-format", "Patient.birthDate"),
    ("Patient", ("birthDate",), "19900228", "bad-format", "Patient.birthDate"),
    ("Patient", ("birthDate",), "1990-W01-1", "bad-format", "Patient.birthDate"),
    ("Patient", ("birthDate",), "0000-01-01", "bad-format", "Patient.birthDate"),
    ("Patient", ("birthDate",), "１990-01-01", "bad-format", "Patient.birthDate"),
    ("Patient", ("birthDate",), "1990-01-01T10:00:00Z", "bad-format", "Patient.birthDate"),
    ("Patient", ("meta", "lastUpdated"), "2020-01-01", "bad-format", "Patient.meta.lastUpdated"),
    ("Patient", ("meta", "lastUpdated"), "2020-01-01T10:00:00", "bad-format", "Patient.meta.lastUpdated"),
    ("Patient", ("meta", "lastUpdated"), "2020-01-01T10:00:00+0800", "bad-format", "Patient.meta.lastUpdated"),
    ("Patient", ("meta", "lastUpdated"), "2020-01-01T24:00:00Z", "bad-format", "Patient.meta.lastUpdated"),
    ("Patient", ("meta", "lastUpdated"), "2021-02-29T10:00:00Z", "bad-day", "Patient.meta.lastUpdated"),
    ("Patient", ("meta", "profile", 0), "http://a b", "bad-format", "Patient.meta.profile[0]"),
    ("Patient", ("id",), "中文", "bad-format", "Patient.id"),
    ("Patient", ("id",), "x" * 65, "bad-format", "Patient.id"),
    ("Patient", ("photo", 0, "data"), "AAA", "bad-format", "Patient.photo[0].data"),
    ("Patient", ("photo", 0, "data"), "AA=A", "bad-format", "Patient.photo[0].data"),
    ("Patient", ("photo", 0, "data"), 5, "wrong-type", "Patient.photo[0].data"),
    ("Patient", ("photo", 0, "data"), "", "empty-string", "Patient.photo[0].data"),
    ("Patient", ("id",), 5, "wrong-type", "Patient.id"),
    ("Patient", ("text", "div"), 5, "wrong-type", "Patient.text.div"),
    ("Patient", ("contained", 0), "x", "wrong-type", "Patient.contained[0]"),
    ("Patient", ("contained",), [PATIENT["contained"][0]] * 2, "contained-same-id", "Patient.contained[1].id"),
    ("Patient", ("photo", 0, "size"), -1, "out-of-range", "Patient.photo[0].size"),
    ("Patient", ("photo", 0, "contentType"), "png", "bad-code", "Patient.photo[0].contentType"),
    ("Patient", ("text", "div"), "plain", "bad-format", "Patient.text.div"),
    ("Patient", ("text", "div"), GONE, "missing", "Patient.text.div"),
    ("Patient", ("extension", 0, "url"), GONE, "missing", "Patient.extension[0].url"),
    ("Patient", ("extension", 0, "valueString"), "x", "two-choices", "Patient.extension[0].value"),
    ("Patient", ("extension", 0, "valueFoo"), "x", "unknown-element", "Patient.extension[0].valueFoo"),
    ("Patient", ("_birthDate", "extension", 0, "url"), GONE, "missing", "Patient.birthDate.extension[0].url"),
    ("Patient", ("_birthDate",), {}, "empty-object", "Patient.birthDate"),
    ("Patient", ("link", 0, "type"), GONE, "missing", "Patient.link[0].type"),
    ("Patient", ("link", 0, "other", "reference"), "Observation/1", "reference-target", "Patient.link[0].other.reference"),
    ("Patient", ("link", 0, "other", "reference"), "Patient", "bad-reference", "Patient.link[0].other.reference"),
    ("Patient", ("link", 0, "other", "reference"), "Patient:1", "bad-reference", "Patient.link[0].other.reference"),
    ("Patient", ("link", 0, "other", "reference"), "/Patient/1", "bad-reference", "Patient.link[0].other.reference"),
    ("Patient", ("link", 0, "other", "reference"), "http:///x", "bad-reference", "Patient.link[0].other.reference"),
    ("Patient", ("link", 0, "other", "reference"), "Patient/a b", "bad-reference", "Patient.link[0].other.reference"),
    ("Patient", ("link", 0, "other", "reference"), "Patien/1", "unknown-resource", "Patient.link[0].other.reference"),
    ("Patient", ("link", 0, "other", "reference"), "Patient?name=x", "conditional-reference", "Patient.link[0].other.reference"),
    ("Patient", ("managingOrganization", "type"), "Practitioner", "reference-target", "Patient.managingOrganization.type"),
    ("Patient", ("link", 0, "other", "type"), "RelatedPerson", "reference-type", "Patient.link[0].other.type"),
    ("Patient", ("contained", 0, "id"), GONE, "contained-no-id", "Patient.contained[0]"),
    ("Patient", ("contained", 0, "contained"), [{"resourceType": "Person", "id": "b"}], "nested-contained", "Patient.contained[0].contained"),
    ("Patient", ("contained", 0, "resourceType"), GONE, "no-resource-type", "Patient.contained[0]"),
    ("Patient", ("contained", 0, "resourceType"), "Organisation", "unknown-resource", "Patient.contained[0]"),
    ("Patient", ("contained", 0, "resourceType"), "DomainResource", "unknown-resource", "Patient.contained[0]"),
    ("Patient", ("resourceType",), "Person", "other-resource", "Patient.resourceType"),
    ("Observation", ("status",), GONE, "missing", "Observation.status"),
    ("Observation", ("code",), GONE, "missing", "Observation.code"),
    ("Observation", ("valueString",), "x", "two-choices", "Observation.value"),
    ("Observation", ("valueMoney",), {"value": 1}, "unknown-element", "Observation.valueMoney"),
    ("Observation", ("valueQuantity", "value"), "170.5", "wrong-type", "Observation.value.value"),
    ("Observation", ("valueQuantity", "comparator"), "!=", "bad-code", "Observation.value.comparator"),
    ("Observation", ("subject", "reference"), "Practitioner/1", "reference-target", "Observation.subject.reference"),
    ("Observation", ("effectiveDateTime",), "2020-01-01T10:00Z", "bad-format", "Observation.effective"),
    ("Observation", ("component", 0, "code"), GONE, "missing", "Observation.component[0].code"),
    ("Condition", ("clinicalStatus", "coding", 0, "code"), "aktiv", "no-code", "Condition.clinicalStatus"),
    ("Condition", ("clinicalStatus", "coding"), GONE, "empty-object", "Condition.clinicalStatus"),
    ("Condition", ("clinicalStatus",), {"text": "活动"}, "no-code", "Condition.clinicalStatus"),
    ("Condition", ("clinicalStatus", "coding", 0, "code"), 5, "wrong-type", "Condition.clinicalStatus.coding[0].code"),
    ("Condition", ("clinicalStatus", "coding", 0, "system"), "http://loinc.org", "no-code", "Condition.clinicalStatus"),
]  # fmt: skip


def planted(resource: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """A copy with another value at a path; GONE takes the key away."""
    changed = copy.deepcopy(resource)
    spot: Any = changed
    for step in path[:-1]:
        spot = spot[step]
    if value is GONE:
        del spot[path[-1]]
    else:
        spot[path[-1]] = value
    return changed


@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound_passes(name):
    assert check(name, SOUND[name]) == []


@pytest.mark.parametrize(("name", "path", "value", "code", "expression"), PLANTED)
def test_a_planted_fault_is_found_at_its_place(name, path, value, code, expression):
    found = check(name, planted(SOUND[name], path, value))
    assert [(each.code, each.expression) for each in found] == [(code, expression)]
    assert found[0].severity == "error"


def test_a_number_that_python_would_not_write_is_named():
    found = check("Patient", planted(PATIENT, ("multipleBirthInteger",), 10**5000))
    assert [(each.code, each.expression) for each in found] == [("out-of-range", "Patient.multipleBirth")]


def test_every_fault_is_found_not_only_the_first():
    resource = planted(PATIENT, ("gender",), "M")
    resource = planted(resource, ("birthDate",), "1990-02-30")
    resource = planted(resource, ("name", 0, "use"), "x")
    resource = planted(resource, ("link", 0, "type"), GONE)
    assert {each.expression for each in check("Patient", resource)} == {
        "Patient.gender",
        "Patient.birthDate",
        "Patient.name[0].use",
        "Patient.link[0].type",
    }


def test_both_nulls_of_a_pair_are_a_fault_and_one_is_none():
    name = {"given": ["a", None], "_given": [None, None]}
    found = check("Patient", {"resourceType": "Patient", "name": [name]})
    assert [(each.code, each.expression) for each in found] == [("null", "Patient.name[0].given[1]")]
    alone = {"_given": [None, {"id": "x", "extension": [{"url": "http://example.org", "valueCode": "x"}]}]}
    found = check("Patient", {"resourceType": "Patient", "name": [alone]})
    assert [(each.code, each.expression) for each in found] == [("null", "Patient.name[0].given[0]")]


def test_nulls_at_the_end_of_what_stands_beside_may_be_left_out():
    assert check("Patient", planted(PATIENT, ("name", 0, "given"), ["三", None, "四"])) == []


def test_a_required_value_may_be_its_extension_alone():
    absent = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }
    resource = planted(OBSERVATION, ("status",), GONE)
    assert check("Observation", {**resource, "_status": absent}) == []


def test_what_a_bundle_carries_is_checked_and_may_refer_by_a_search():
    entry = {"resource": planted(OBSERVATION, ("subject", "reference"), "Patient?identifier=x")}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry, {"resource": {"resourceType": "X"}}]}
    found = check("Bundle", bundle)
    assert [(each.code, each.expression) for each in found] == [("unknown-resource", "Bundle.entry[1].resource")]
    assert [each.code for each in check("Bundle", {**bundle, "type": "collection", "entry": [entry]})] == [
        "conditional-reference"
    ]


@pytest.mark.parametrize("number", [1, 1.5, Decimal("72.50"), 10**30])
def test_a_decimal_is_any_number(number):
    assert check("Observation", planted(OBSERVATION, ("valueQuantity", "value"), number)) == []


@pytest.mark.parametrize("text", ["2016-12-31T23:59:60Z", "2020-01-01T10:00:00.123456789+14:00", "2020", "2020-02-29"])
def test_unusual_dates_that_are_right(text):
    assert check("Observation", planted(OBSERVATION, ("effectiveDateTime",), text)) == []


@pytest.mark.parametrize(
    "reference", ["#", "#x", "http://a.example/fhir/Observation/1", "urn:uuid:x", "urn:oid:1.2", "Patient/1/_history/2"]
)
def test_references_of_the_right_form(reference):
    assert check("Observation", planted(OBSERVATION, ("subject", "reference"), reference)) == []


def test_at_most_a_hundred_findings_and_one_that_says_so():
    found = check("Patient", {"resourceType": "Patient", **{f"x{number}": 1 for number in range(1_000_000)}})
    assert len(found) == LIMIT + 1
    assert (found[-1].code, found[-1].severity) == ("too-many-findings", "warning")


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("Patient", ("gender",), "a " * 500_000 + "\x00"),
        ("Patient", ("birthDate",), "1" * 1_000_000),
        ("Patient", ("photo", 0, "data"), " A" * 500_000 + "!"),
        ("Patient", ("photo", 0, "contentType"), "a/" + "b; c=d" * 100_000 + "\x00"),
        ("Patient", ("identifier", 0, "system"), "a" * 1_000_000 + " "),
        ("Patient", ("link", 0, "other", "reference"), "Patient/" * 100_000),
        ("Patient", ("link", 0, "other", "reference"), "a" * 1_000_000),
        ("Patient", ("name",), [None] * 1_000_000),
        ("Patient", ("name", 0, "given"), [None] * 1_000_000),
        ("Observation", ("effectiveDateTime",), "2020-01-01T10:00:00." + "0" * 1_000_000),
    ],
)  # fmt: skip
def test_hostile_input_costs_no_more_than_its_length(name, path, value):
    resource = planted(SOUND[name], path, value)
    started = time.process_time()
    found = check(name, resource)
    assert time.process_time() - started < 0.5
    assert found
    assert all(len(each.zh) < 600 and len(each.en) < 600 for each in found)


def test_endless_nesting_is_a_finding():
    inner: dict[str, Any] = {"url": "http://example.org", "valueCode": "x"}
    for _ in range(5000):
        inner = {"url": "http://example.org", "extension": [inner]}
    resource = {"resourceType": "Patient", "extension": [inner]}
    assert [each.code for each in check("Patient", resource)] == ["too-deep"]
    assert "too-deep" in [each.code for each in invariants("Patient", resource)]


def test_other_bindings_replace_those_of_r4():
    ours = ListedBindings({"http://hl7.org/fhir/ValueSet/administrative-gender": {"urn:x": ["1"]}})
    assert check("Patient", {"resourceType": "Patient", "gender": "1"}, bindings=ours) == []
    assert [each.code for each in check("Patient", {"resourceType": "Patient", "gender": "1"})] == ["bad-code"]


def test_what_is_not_checked_is_named():
    assert set(unchecked()) == {
        "http://hl7.org/fhir/ValueSet/characteristic-combination",
        "http://loinc.org/vs/LL379-9",
    }


BROKEN: list[tuple[str, tuple[Any, ...], Any, str, str]] = [
    ("Patient", ("name", 0), {"id": "a"}, "ele-1", "Patient.name[0]"),
    ("Patient", ("contact", 0), {"gender": "male"}, "pat-1", "Patient.contact[0]"),
    ("Patient", ("extension", 0, "valueCode"), GONE, "ext-1", "Patient.extension[0]"),
    ("Patient", ("link", 0, "other", "reference"), "#o2", "ref-1", "Patient.link[0].other"),
    ("Patient", ("photo", 0, "contentType"), GONE, "att-1", "Patient.photo[0]"),
    ("Patient", ("telecom",), [{"value": "1"}], "cpt-2", "Patient.telecom[0]"),
    ("Patient", ("name", 0, "period"), {"start": "2020", "end": "2019"}, "per-1", "Patient.name[0].period"),
    ("Patient", ("contained", 0, "meta"), {"versionId": "1"}, "dom-4", "Patient"),
    ("Patient", ("contained", 0, "name"), GONE, "org-1", "Patient.contained[0]"),
    ("Patient", ("text", "div"), '<div xmlns="http://www.w3.org/1999/xhtml"> </div>', "txt-2", "Patient.text.div"),
    ("Patient", ("text", "div"), '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>', "txt-1", "Patient.text.div"),
    ("Observation", ("dataAbsentReason",), {"text": "x"}, "obs-6", "Observation"),
    ("Observation", ("component", 0, "code"), OBSERVATION["code"], "obs-7", "Observation"),
    ("Observation", ("referenceRange",), [{"type": {"text": "x"}}], "obs-3", "Observation.referenceRange[0]"),
    ("Observation", ("valueQuantity", "system"), GONE, "qty-3", "Observation.value"),
    ("Condition", ("abatementString",), "x", "con-4", "Condition"),
    ("Condition", ("stage",), [{"type": {"text": "x"}}], "con-1", "Condition.stage[0]"),
]  # fmt: skip


def broken(found: list[Finding]) -> list[tuple[str, str]]:
    """Key and place of the rules that are broken as errors."""
    return [
        (each.en.split()[1], each.expression) for each in found if (each.code, each.severity) == ("invariant", "error")
    ]


@pytest.mark.parametrize(("name", "path", "value", "key", "expression"), BROKEN)
def test_a_broken_invariant_is_found_at_its_place(name, path, value, key, expression):
    resource = planted(SOUND[name], path, value)
    before = orjson.dumps(resource)
    assert check(name, resource) == []
    assert broken(invariants(name, resource)) == [(key, expression)]
    assert orjson.dumps(resource) == before


@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound_breaks_no_rule(name):
    assert [each for each in invariants(name, SOUND[name]) if each.severity != "warning"] == []


def test_an_outcome_lists_all_in_the_language_asked_for():
    found = check("Patient", planted(planted(PATIENT, ("gender",), "M"), ("birthDate",), "x"))
    chinese, english = orjson.loads(outcome(found, "zh")), orjson.loads(outcome(found, "en-GB"))
    assert [each["expression"] for each in chinese["issue"]] == [["Patient.gender"], ["Patient.birthDate"]]
    assert chinese["issue"][1]["details"]["text"] == "“x”不是有效的 date"
    assert english["issue"][1]["details"] == {"coding": [{"code": "bad-format"}], "text": "“x” is not a valid date"}
    for each in (chinese, english, orjson.loads(outcome([], "zh"))):
        assert check("OperationOutcome", each) == []
    assert orjson.loads(outcome([], "en"))["issue"][0]["code"] == "informational"


@pytest.mark.parametrize(
    ("path", "value", "status", "code"),
    [(("gender",), "M", 422, "invalid"), (("nick",), 1, 400, "invalid-structure")],
)
def test_a_refusal_carries_all_findings(path, value, status, code):
    found = check("Patient", planted(PATIENT, path, value))
    with pytest.raises(FhirInvalid) as refused:
        refuse_invalid(found)
    again = pickle.loads(pickle.dumps(refused.value))
    for problem in (refused.value, again):
        assert (problem.kind.status, problem.code, list(problem.findings)) == (status, code, found)
        assert str(len(found)) in problem.message("zh")
        assert str(len(found)) in problem.message("en")
    refuse_invalid([finding("id-not-needed", "Patient.id")])


def test_validate_knows_modes_and_profiles():
    assert [each.code for each in validate_operation(PATIENT, "create", None)] == ["id-not-needed", "profile-unknown"]
    without = planted(OBSERVATION, ("status",), "final")
    assert validate_operation(without, "update", None)[0].code == "id-needed"
    assert validate_operation(PATIENT, "delete", None) == []
    assert [each.code for each in validate_operation(PATIENT, "x", None)] == ["mode-unknown"]
    base = "http://hl7.org/fhir/StructureDefinition/Observation|4.0.1"
    assert [each for each in validate_operation(without, None, base) if each.severity == "error"] == []
    other = validate_operation(without, None, base.replace("Observation", "Patient"))
    assert [each.code for each in other if each.severity == "error"] == ["other-resource"]
    asked = validate_operation(without, None, "http://example.org/x")
    assert [(each.code, each.severity) for each in asked if each.severity == "error"] == [("profile-unknown", "error")]
    assert [each.code for each in validate_operation({"resourceType": "Nope"}, None, None)] == ["unknown-resource"]
    assert [each.code for each in validate_operation({}, None, None)] == ["no-resource-type"]
    assert [each.code for each in validate_operation([], None, None)] == ["wrong-type"]
    assert [each.code for each in validate_operation(without, "profile", None) if each.severity == "error"] == [
        "profile-unknown"
    ]
    assert [each.code for each in check("Nope", {"resourceType": "Nope"})] == ["unknown-resource"]
    assert invariants("Nope", {"resourceType": "Nope"}) == []


class Loaded:
    """A guide of one profile, which nothing fulfils."""

    def validate(self, profile: str, resource: dict[str, Any]) -> list[Finding] | None:
        return [finding("missing", "Patient.name", name="name")] if profile == "http://example.org/p" else None


def test_profiles_come_through_their_seam():
    found = validate_operation(PATIENT, None, "http://example.org/p", profiles=Loaded())
    assert [each.code for each in found] == ["missing"]


def test_words_are_whole_in_both_languages():
    issues = set(check_issue_types())
    for code, words in WORDS.items():
        assert words.issue in issues, code
        chinese = {part[1].replace("chinese", "human") for part in _fields(words.zh)}
        assert chinese == {part[1] for part in _fields(words.en)}, code
    assert KINDS["invalid"].status == 422


def _fields(template: str) -> list[Any]:
    import string

    return [part for part in string.Formatter().parse(template) if part[1]]


def check_issue_types() -> list[str]:
    """The codes of FHIR's issue types, from the build."""
    from doorstep.fhir.validation.bindings import _file

    return _file().sets["http://hl7.org/fhir/ValueSet/issue-type"]["http://hl7.org/fhir/issue-type"]
