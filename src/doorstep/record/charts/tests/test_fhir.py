"""Readings of resources: total on any JSON, and right on what real systems send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from doorstep.fhir.tables import known_types
from doorstep.fhir.tests.samples import EXAMPLES, members
from doorstep.record.charts import fhir
from doorstep.record.charts.fhir import parts
from doorstep.record.charts.fhir.generic import MAIN
from doorstep.record.charts.rules import Doubt, Flag, Validity
from doorstep.record.charts.tests.samples import LOINC, any_json, any_object, condition, medicine, observation

TYPES = sorted(known_types())
OFTEN = sorted(MAIN)


def texts_of(value: object) -> Iterator[str]:
    """Every text in frozen records."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from texts_of(one)
    elif is_dataclass(value):
        for one in fields(value):
            yield from texts_of(getattr(value, one.name))


@given(st.sampled_from(OFTEN) | st.sampled_from(TYPES), any_object())
@example("Observation", {"valueQuantity": {"value": 10**400}, "referenceRange": [{"low": {"value": 1e308}}]})
@example("Observation", {"component": [{"valueQuantity": {"value": True}}, 7, None, []]})
@example("Encounter", {"class": [[]], "type": [{"coding": [{"code": {}}]}]})
@example("Condition", {"code": [["a"]], "onsetPeriod": {"start": 5, "end": []}})
def test_any_object_of_any_type_is_read(kind: str, resource: dict[str, Any]) -> None:
    """Nothing raises, neither parsed from text nor as Python made it, and no unseen sign reaches a page."""
    for found in (resource, fhir.parsed(json.dumps(resource))):
        reading = fhir.reading(kind, found, key="k")
        main, rest = fhir.definition(kind, found)
        said = [
            reading.title,
            *reading.notes,
            *(m.text for m in reading.measures),
            fhir.narrative(found),
            repr((main, rest)),
        ]
        assert not any(sign in text for text in said for sign in "\x00\u202e")


@given(any_json())
def test_any_body_is_parsed_or_empty(value: Any) -> None:
    """What is no object is empty."""
    assert isinstance(fhir.parsed(json.dumps(value)), dict)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_json_are_empty(body: bytes) -> None:
    """Broken bodies do not raise."""
    assert isinstance(fhir.parsed(body), dict)


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000, '{"a":1e999999999}', '{"a":' + "9" * 10_000 + "}"])
def test_bodies_made_to_hurt(body: str) -> None:
    """Deep nesting and monstrous numbers end at once."""
    found = fhir.parsed(body)
    assert fhir.reading("Observation", found, key="k").title == ""
    fhir.definition("Basic", found)


@given(any_object(), any_object())
def test_differences_are_none_only_between_equals(before: dict[str, Any], after: dict[str, Any]) -> None:
    """A version does not differ from itself, and differences name a side."""
    assert fhir.differences(before, before) == ()
    assert all(change.before != change.after for change in fhir.differences(before, after))


def test_differences_name_paths() -> None:
    """Added, removed and changed values, by their paths."""
    old = {"status": "preliminary", "code": {"text": "血糖"}, "note": [{"text": "空腹"}]}
    new = {"status": "final", "code": {"text": "血糖"}, "issued": "2024-01-01"}
    found = {(c.path, c.before, c.after) for c in fhir.differences(old, new)}
    assert found == {("status", "preliminary", "final"), ("note[0].text", "空腹", None), ("issued", None, "2024-01-01")}


def test_numbers_keep_the_digits_that_were_sent() -> None:
    """1.50 is not 1.5: how many digits are written says how well it was measured."""
    body = '{"valueQuantity":{"value":1.50,"unit":"mmol/L"},"code":{"text":"钙"}}'
    (measure,) = fhir.reading("Observation", fhir.parsed(body)).measures
    assert (measure.text, measure.number) == ("1.50", Decimal("1.50"))


def test_computed_noise_is_cut() -> None:
    """A height of 176.35499866729558 cm is told as 176.35 (the entry's raw resource has all digits)."""
    assert parts.short(Decimal("176.35499866729558")) == "176.35"
    assert parts.short(Decimal("0.000123456")) == "0.0001235"
    assert parts.short(Decimal("4.25")) == "4.25"


def _flagged(value: str, **more: Any) -> Any:
    resource = observation("o", "p", "2024-01-01", 0, **more)
    resource["valueQuantity"]["value"] = Decimal(value)
    return fhir.reading("Observation", resource).measures[0]


RANGE = [{"low": {"value": 3.9, "unit": "mmol/L"}, "high": {"value": 6.1, "unit": "mmol/L"}}]
HIGH = [{"coding": [{"code": "HH"}]}]


def test_flags_are_said_or_computed() -> None:
    """The source's word counts; without it the only range in the same unit decides; a contradiction is told."""
    assert _flagged("7.0", referenceRange=RANGE).flag is Flag.HIGH
    assert _flagged("7.0", referenceRange=RANGE).computed
    assert _flagged("3.0", referenceRange=RANGE).flag is Flag.LOW
    assert _flagged("5.0", referenceRange=RANGE).flag is Flag.NORMAL
    assert _flagged("7.0", interpretation=HIGH).flag is Flag.CRITICAL_HIGH
    assert _flagged("7.0", interpretation=[{"text": "↑"}]).flag is Flag.HIGH
    odd = _flagged("7.0", referenceRange=RANGE, interpretation=[{"coding": [{"code": "N"}]}])
    assert (odd.flag, odd.said_normal) == (Flag.HIGH, True)


def test_ranges_of_other_units_or_groups_are_not_computed_with() -> None:
    """A range in mg/dL says nothing of mmol/L; of two ranges it is not known which holds."""
    other = [{"high": {"value": 110, "unit": "mg/dL"}}]
    assert _flagged("7.0", referenceRange=other).flag is None
    two = [{"high": {"value": 6}, "appliesTo": [{"text": "女"}]}, {"high": {"value": 8}, "appliesTo": [{"text": "男"}]}]
    found = _flagged("7.0", referenceRange=two)
    assert found.flag is None
    assert found.range_text == "≤ 6（女）；≤ 8（男）"


def test_fillers_are_doubted_and_not_flagged() -> None:
    """-999 is no low value, it is none."""
    found = _flagged("-999", referenceRange=RANGE)
    assert (found.doubt, found.flag) == (Doubt.FILLER, None)


def test_pressure_is_told_systolic_first() -> None:
    """However the components are ordered."""
    body = {
        "code": {"coding": [{"system": LOINC, "code": "85354-9"}]},
        "component": [
            {
                "code": {"coding": [{"code": "8462-4"}]},
                "valueQuantity": {"value": 88, "unit": "mmHg", "code": "mm[Hg]"},
            },
            {
                "code": {"coding": [{"code": "8480-6"}]},
                "valueQuantity": {"value": 142, "unit": "mmHg", "code": "mm[Hg]"},
            },
        ],
    }
    assert [m.text for m in fhir.reading("Observation", body).measures] == ["142", "88"]


def test_absent_values_say_why() -> None:
    """A value that was not taken is not an empty cell."""
    body = {"code": {"text": "体重"}, "dataAbsentReason": {"coding": [{"code": "asked-declined"}]}}
    assert fhir.reading("Observation", body).measures[0].absent == "asked-declined"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, Validity.VALID),
        ({"verificationStatus": {"coding": [{"code": "refuted"}]}}, Validity.REFUTED),
        ({"verificationStatus": {"coding": [{"code": "entered-in-error"}]}}, Validity.ERROR),
    ],
)
def test_what_does_not_hold(more: dict[str, Any], expected: Validity) -> None:
    """Refuted and mistaken records are known as such."""
    assert fhir.reading("Condition", condition("c", "p", "2020", "I10", "高血压", **more)).validity is expected


@pytest.mark.parametrize("name", ["无", "否认药物过敏史", "No known allergy"])
def test_statements_of_no_allergy(name: str) -> None:
    """That there is none known is a statement, and no allergen of that name."""
    assert fhir.reading("AllergyIntolerance", {"code": {"text": name}}).negative


def test_medicine_and_dose() -> None:
    """Name, status, dose in words, the end of a dosage with bounds."""
    bounds = {"timing": {"repeat": {"boundsPeriod": {"end": "2024-02-01"}}}, "text": "每晚1片"}
    found = fhir.reading(
        "MedicationRequest", medicine("m", "p", "2024-01-01", "氨氯地平片", dosageInstruction=[bounds])
    )
    assert (found.title, found.status, found.notes) == ("氨氯地平片", "active", ("每晚1片",))
    assert found.until is not None
    assert found.until.text == "2024-02-01"


def test_narrative_is_words_alone() -> None:
    """Scripts are dropped, tags are gone, broken markup does no harm."""
    div = '<div xmlns="x"><p>血压<b>高</b></p><script>alert(1)</script><img src=x onerror=alert(2)><table><td>a</td>'
    assert fhir.narrative({"text": {"div": div}}) == "血压高\na"
    for broken in ("<![x]>", "<!DOCTYPE [<!ENTITY x 'y'>]>", "<script>a", 7, None):
        assert fhir.narrative({"text": {"div": broken}}) in ("", "]>")


def test_definition_list_by_shape() -> None:
    """References, periods, quantities, dates, embedded data and reasons of absence are known by their shape."""
    body = {
        "resourceType": "Basic",
        "subject": {"reference": "Patient/p"},
        "period": {"start": "2024-01-01"},
        "dose": {"value": Decimal("1.0"), "unit": "片"},
        "on": "2024-01-01",
        "data": "QUJD" * 100,
        "_value": {
            "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]
        },
        "note": [{"time": "2024-01-01", "text": "复查"}],
        "inner": {"deep": {"deeper": "x"}},
    }
    main, rest = fhir.definition("Basic", body)
    kinds = {fact.name: fact.values[0].kind for fact in main}
    assert rest == ()
    assert kinds == {
        "subject": "ref",
        "period": "period",
        "dose": "text",
        "on": "when",
        "data": "data",
        "value": "absent",
        "note": "text",
        "inner": "group",
    }


def test_names_of_contained_medications() -> None:
    """A prescription that holds its medication inside is called by that medication's name."""
    inside = {"resourceType": "Medication", "id": "m1", "code": {"text": "二甲双胍片"}}
    body = {"medicationReference": {"reference": "#m1"}, "contained": [inside]}
    assert fhir.reading("MedicationRequest", body).title == "二甲双胍片"
    outside = fhir.reading("MedicationRequest", {"medicationReference": {"reference": "Medication/m2"}})
    assert (outside.title, outside.pointer) == ("", ("Medication", "m2"))


def test_official_examples_have_titles() -> None:
    """Of the common types nearly every official example is read with a title (care plans often have none)."""
    seen, bare = 0, []
    for name, raw in members(EXAMPLES):
        body = fhir.parsed(raw)
        kind = str(body.get("resourceType"))
        if kind in MAIN and kind != "CarePlan":
            seen += 1
            bare += [] if fhir.reading(kind, body).title else [name]
            fhir.definition(kind, body)
    assert seen > 150
    assert len(bare) <= seen * 0.05, bare


def test_ranges_that_cannot_be_are_not_computed_with() -> None:
    """A low above the high decides nothing."""
    assert _flagged("5", referenceRange=[{"low": {"value": 9}, "high": {"value": 3}}]).flag is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "1 : 128"),
        ({"valueRange": {"low": {"value": 3, "unit": "个/HP"}}}, "3 个/HP–?"),
        ({"valuePeriod": {"start": "2024-01-01"}}, "2024-01-01–?"),
        ({"valueCodeableConcept": {"text": "A型"}}, "A型"),
        ({"valueDateTime": "2024-01-01"}, "2024-01-01"),
        ({"valueBoolean": True}, "true"),
        ({"valueQuantity": {"value": "约5", "unit": "片"}}, "约5 片"),
        ({"valueQuantity": {"value": 37.2, "code": "Cel"}}, "37.2"),
    ],
)
def test_values_of_every_shape(value: dict[str, Any], words: str) -> None:
    """Ratios, ranges, periods, codes, dates and odd quantities are told in words."""
    assert fhir.reading("Observation", value).measures[0].text == words


def test_documents_and_references_of_later_releases() -> None:
    """A document's type stands beside its description; R5's CodeableReference is read as its concept."""
    body = {"description": "出院小结", "type": {"text": "病历文书"}}
    assert fhir.reading("DocumentReference", body).notes == ("病历文书",)
    request = {"code": {"text": "头颅CT"}, "reasonCode": [{"text": "头痛"}], "patientInstruction": "空腹"}
    assert fhir.reading("ServiceRequest", request).notes == ("头痛", "空腹")
    later = {"medication": {"concept": {"text": "阿司匹林"}}}
    assert fhir.reading("MedicationRequest", later).title == "阿司匹林"
