"""Indexing: patient, time, tokens and codes of real and of broken resources."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.fhir.bundle import read_bundle
from doorstep.fhir.dates import interval
from doorstep.fhir.indexing import index, token_hash
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.resolution import resolve
from doorstep.fhir.tables import known_types, table
from doorstep.fhir.tests.samples import EXAMPLES, SYNTHEA, members

CHINA = timezone(timedelta(hours=8))
LOINC = "http://loinc.org"


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def sample(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "8480-6"}, {"code": "own"}], "text": "收缩压"},
        "subject": {"reference": "Patient/p1/_history/3"},
        "encounter": {"reference": "Encounter/e1"},
        "effectiveDateTime": "2024-02-29",
        **more,
    }


def test_an_observation_is_indexed() -> None:
    found = index("Observation", sample(), CHINA)
    assert (found.patient, found.at, found.at_end) == ("p1", at(2024, 2, 28, 16), at(2024, 2, 29, 16))
    codes = [token_hash("code", LOINC, "8480-6"), token_hash("code", None, "8480-6"), token_hash("code", None, "own")]
    assert found.codes == codes
    assert set(codes) < set(found.tokens)
    assert token_hash("status", None, "final") in found.tokens
    assert len(found.tokens) == len(set(found.tokens)) == 8
    assert found.references == ["Patient/p1", "Encounter/e1"]
    assert ("encounter", "Encounter/e1") in found.links


@pytest.mark.parametrize(
    ("type_name", "resource", "param", "code"),
    [
        ("Condition", {"code": {"coding": [{"code": "x"}]}}, "code", "x"),
        ("MedicationRequest", {"medicationCodeableConcept": {"coding": [{"code": "x"}]}}, "code", "x"),
        ("Immunization", {"vaccineCode": {"coding": [{"code": "x"}]}}, "vaccine-code", "x"),
        ("Procedure", {"code": {"coding": [{"code": "x"}]}}, "code", "x"),
        ("AllergyIntolerance", {"code": {"coding": [{"code": "x"}]}}, "code", "x"),
        ("DiagnosticReport", {"code": {"coding": [{"code": "x"}]}}, "code", "x"),
    ],
)
def test_the_main_code_of_the_narrow_tables(type_name: str, resource: dict[str, Any], param: str, code: str) -> None:
    assert index(type_name, resource).codes == [token_hash(param, None, code)]


@pytest.mark.parametrize(
    ("type_name", "resource", "start", "end"),
    [
        ("Condition", {"onsetAge": {"value": 5}, "recordedDate": "2020"}, at(2020, 1, 1), at(2021, 1, 1)),
        ("Condition", {"onsetDateTime": "2019-12", "recordedDate": "2020"}, at(2019, 12, 1), at(2020, 1, 1)),
        ("Encounter", {"period": {"start": "2020-01-01T10:00:00+08:00"}}, at(2020, 1, 1, 2), None),
        ("Encounter", {"period": {"end": "2020-01-01"}}, at(2020, 1, 1), at(2020, 1, 2)),
        ("Encounter", {"period": {}}, None, None),
        ("MedicationRequest", {"authoredOn": "2020-02"}, at(2020, 2, 1), at(2020, 3, 1)),
        ("Immunization", {"occurrenceString": "childhood", "recorded": "2001"}, at(2001, 1, 1), at(2002, 1, 1)),
        ("DiagnosticReport", {"issued": "2020-01-01T00:00:00.5Z"}, at(2020, 1, 1, 0, 0, 0, 500000),
         at(2020, 1, 1, 0, 0, 0, 600000)),
        ("Procedure", {"performedPeriod": {"start": "2020", "end": "2021"}}, at(2020, 1, 1), at(2022, 1, 1)),
        ("Observation", {"effectiveTiming": {"event": ["2021", "2020"]}}, at(2020, 1, 1), at(2022, 1, 1)),
        ("ServiceRequest", {"occurrenceTiming": {"repeat": {"boundsPeriod": {"start": "2020"}}}}, at(2020, 1, 1), None),
        ("ServiceRequest", {"occurrenceTiming": {"repeat": {}}, "authoredOn": "2020"}, at(2020, 1, 1), at(2021, 1, 1)),
        ("ImagingStudy", {"series": [{"started": "2021"}, {"started": "2020"}]}, at(2020, 1, 1), at(2022, 1, 1)),
        ("AuditEvent", {"recorded": "2020-01-01T00:00:60Z"}, at(2020, 1, 1, 0, 1), at(2020, 1, 1, 0, 1, 1)),
        ("Patient", {"birthDate": "2020"}, None, None),
    ],
)  # fmt: skip
def test_the_main_date(type_name: str, resource: dict[str, Any], start: datetime | None, end: datetime | None) -> None:
    found = index(type_name, resource)
    assert (found.at, found.at_end) == (start, end)


def test_the_patient_of_a_resource() -> None:
    assert index("Patient", {"id": "p"}).patient == "p"
    assert index("Observation", sample(subject={"reference": "Group/g"})).patient is None
    assert index("Observation", sample(subject={"reference": "urn:uuid:1", "type": "Patient"})).patient is None
    actors = [{"actor": {"reference": "Practitioner/d"}}, {"actor": {"reference": "Patient/p"}}]
    assert index("Appointment", {"participant": actors}).patient == "p"
    assert index("Coverage", {"beneficiary": {"reference": "Patient/p"}}).patient == "p"
    assert index("Organization", {}).patient is None


def test_tokens_of_every_sort() -> None:
    patient = {
        "identifier": [{"system": "urn:x", "value": "7"}, {"type": {"text": "no value"}}],
        "telecom": [{"system": "phone", "value": "139"}, {"system": "email", "value": "a@b"}],
        "active": True,
        "gender": "female",
        "meta": {"tag": [{"system": "t", "code": "c"}]},
    }
    tokens = index("Patient", patient).tokens
    wanted = [
        ("identifier", "urn:x", "7"), ("identifier", None, "7"), ("phone", None, "139"), ("email", None, "a@b"),
        ("telecom", None, "139"), ("active", None, "true"), ("gender", None, "female"), ("_tag", "t", "c"),
        ("deceased", None, "false"),
    ]  # fmt: skip
    assert {token_hash(*each) for each in wanted} <= set(tokens)
    assert token_hash("phone", None, "a@b") not in tokens
    for dead in ({"deceasedBoolean": True}, {"deceasedDateTime": "2020"}):
        tokens = index("Patient", dead).tokens
        assert token_hash("deceased", None, "true") in tokens
        assert token_hash("deceased", None, "false") not in tokens


def test_the_hash_is_what_is_stored() -> None:
    # stored in tables: another value would orphan every row
    assert token_hash("code", LOINC, "8480-6") == -7282377993746187470
    assert token_hash("code", "", "x") == token_hash("code", None, "x")


@pytest.mark.parametrize(
    ("resource", "code", "expression"),
    [
        (sample(code="x"), "wrong-shape", "code"),
        (sample(code=[{}]), "wrong-shape", "code"),
        (sample(code={"coding": {}}), "wrong-shape", "code.coding"),
        (sample(code={"coding": ["x"]}), "wrong-shape", "code.coding[0]"),
        (sample(code={"coding": [{"code": 1}]}), "wrong-shape", "code.coding[0].code"),
        (sample(code={"coding": [{"code": "x", "system": []}]}), "wrong-shape", "code.coding[0].system"),
        (sample(effectiveDateTime="2" * 60), "bad-date", "effectiveDateTime"),
        (sample(status=["final"]), "wrong-shape", "status"),
        (sample(category={"coding": []}), "wrong-shape", "category"),
        (sample(subject="Patient/p"), "wrong-shape", "subject"),
        (sample(subject={"reference": {}}), "wrong-shape", "subject.reference"),
        (sample(component=[{"code": {"coding": [{}, []]}}]), "wrong-shape", "component[0].code.coding[1]"),
        (sample(effectiveDateTime="2024-02-30"), "bad-date", "effectiveDateTime"),
        (sample(effectiveDateTime=2024), "bad-date", "effectiveDateTime"),
        (sample(effectiveDateTime={}), "bad-date", "effectiveDateTime"),
    ],
)
def test_broken_resources_are_placed(resource: dict[str, Any], code: str, expression: str) -> None:
    with pytest.raises(FhirProblem) as caught:
        index("Observation", resource)
    assert (caught.value.code, caught.value.expression) == (code, expression)


SCALARS = ["x", "Patient/1", "2020", "", "http://a/Patient/1", "张三"]
KEYS = (
    "coding system code value reference identifier start end event repeat type low high comparator text family given"
    " line city latitude longitude display currency boundsPeriod url resourceType id"
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(SCALARS),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), below, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.data())
def test_any_content_is_indexed_or_named(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(known_types())))
    keys = sorted(table(name).tree["children"]) or ["x"]
    resource = data.draw(st.dictionaries(st.sampled_from(keys), VALUES, max_size=4))
    said: list[str | None] = []
    try:
        found = index(name, resource, readings=lambda text: [text])
    except FhirProblem as problem:
        said = [problem.code, problem.expression]
    else:
        assert all(low <= high for _, low, high in found.numbers)
        assert all(first is None or after is None or first < after for _, first, after in found.dates)
    assert not said or (said[0] in ("wrong-shape", "bad-date") and said[1])


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), st.sampled_from([4, 7, 10, 19]))
def test_a_date_covers_the_moment_it_was_cut_from(moment: datetime, length: int) -> None:
    text = moment.isoformat()[:length] + ("Z" if length == 19 else "")
    bounds = interval(text)
    assert bounds is not None
    assert bounds[0] <= moment.replace(tzinfo=UTC) < bounds[1]


@pytest.mark.parametrize(
    "text", ["", "20", "2020-13", "2020-1-1", "0000", "2020-02-30", "2020-01-01T25:00:00Z", "２０２０", "2020Z"]
)
def test_impossible_dates(text: str) -> None:
    assert interval(text) is None


def test_every_official_example_and_sampled_synthea_resource_is_indexed() -> None:
    for name, data in members(EXAMPLES, every=3):
        resource = orjson.loads(data)
        if resource.get("resourceType") in known_types():
            assert index(resource["resourceType"], resource).tokens is not None, name
    for _, data in members(SYNTHEA, every=60):
        plan = read_bundle(data)
        resolve(plan, lambda item: str(item.id))
        patient = next(item.id for item in plan.items if item.type == "Patient")
        for item in plan.items:
            found = index(item.type, item.resource)
            assert found.patient == (None if item.type in ("Organization", "Practitioner") else patient)
            assert (found.at is None) == (item.type in ("Organization", "Practitioner", "Patient", "Goal"))
