"""All that a search can ask of a resource: tokens with their texts, intervals, units, references, composites."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from math import inf
from typing import Any

import pytest

from doorstep.fhir.extraction import values
from doorstep.fhir.extraction_values import Position, QuantityValue, ReferenceValue, TokenValue
from doorstep.fhir.problems import FhirProblem

LOINC = "http://loinc.org"


def test_tokens_say_where_they_stand() -> None:
    kind = {"coding": [{"system": "urn:types", "code": "MR"}], "text": "病历号"}
    found = values(
        "Patient",
        {
            "id": "p",
            "meta": {"lastUpdated": "2020-01-01T00:00:00Z", "tag": [{"system": "t", "code": "c", "display": "标签"}]},
            "identifier": [{"system": "urn:x", "value": "7", "type": kind}, {"system": "urn:only"}],
            "telecom": [{"system": "phone", "value": "139"}],
            "active": False,
            "gender": "female",
            "communication": [{"language": {"text": "中文"}}],
        },
    )
    assert found.tokens["_id"] == [TokenValue(None, "p", "id")]
    assert found.tokens["_tag"] == [TokenValue("t", "c", "Coding", ("标签",))]
    assert found.tokens["identifier"] == [
        TokenValue("urn:x", "7", "Identifier", ("病历号",), (("urn:types", "MR"),)),
        TokenValue("urn:only", None, "Identifier"),
    ]
    assert found.tokens["phone"] == [TokenValue(None, "139", "ContactPoint")]
    assert "email" not in found.tokens
    assert found.tokens["active"] == [TokenValue(None, "false", "boolean")]
    assert found.tokens["deceased"] == [TokenValue(None, "false", "boolean")]
    assert found.tokens["gender"] == [TokenValue(None, "female", "code")]
    assert found.tokens["language"] == [TokenValue(None, None, "CodeableConcept", ("中文",))]
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    assert found.dates["_lastUpdated"] == [(moment, moment.replace(second=1))]


def test_a_coding_has_its_display_and_the_concepts_text() -> None:
    code = {"coding": [{"system": LOINC, "code": "1", "display": "one"}, {"code": "2"}], "text": "both"}
    assert values("Observation", {"code": code}).tokens["code"] == [
        TokenValue(LOINC, "1", "CodeableConcept", ("one", "both")),
        TokenValue(None, "2", "CodeableConcept", ("both",)),
    ]


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        ({"value": Decimal("72.50"), "unit": "毫米汞柱", "system": "urn:u", "code": "mm[Hg]"},
         QuantityValue(Decimal("72.50"), Decimal("72.50"), "urn:u", "mm[Hg]", "毫米汞柱")),
        ({"value": 5, "comparator": "<="}, QuantityValue(-inf, 5)),
        ({"value": 5, "comparator": ">", "unit": "h"}, QuantityValue(5, inf, None, None, "h")),
    ],
)  # fmt: skip
def test_quantities_keep_their_numbers_and_units(quantity: dict[str, Any], value: QuantityValue) -> None:
    assert values("Observation", {"valueQuantity": quantity}).quantities["value-quantity"] == [value]


def test_money_ranges_and_numbers() -> None:
    invoice = values("Invoice", {"totalNet": {"value": 8, "currency": "CNY"}})
    assert invoice.quantities["totalnet"] == [QuantityValue(8, 8, "urn:iso:std:iso:4217", "CNY", "CNY")]
    onset = {"onsetRange": {"high": {"value": 9, "unit": "a"}}}
    assert values("Condition", onset).quantities["onset-age"] == [QuantityValue(-inf, 9, None, None, "a")]
    assert values("ChargeItem", {"factorOverride": 0.8}).quantities["factor-override"] == [QuantityValue(0.8, 0.8)]
    place = values("Location", {"position": {"latitude": 30, "longitude": 120.5}})
    assert place.positions["near"] == [Position(30, 120.5)]


def test_references_as_they_were_sent() -> None:
    def subject(**reference: Any) -> dict[str, list[ReferenceValue]]:
        return values("Observation", {"subject": reference}).references

    versioned = ReferenceValue("Patient/1/_history/2", "Patient")
    assert subject(reference="Patient/1/_history/2") == {"patient": [versioned], "subject": [versioned]}
    assert subject(reference="#p") == {"subject": [ReferenceValue("#p")]}
    assert subject(reference="urn:uuid:1", type="Group") == {"subject": [ReferenceValue("urn:uuid:1", "Group")]}
    logical = ReferenceValue(None, None, ("urn:x", "7"))
    assert subject(identifier={"system": "urn:x", "value": "7"}) == {"patient": [logical], "subject": [logical]}
    assert subject(display="张三") == {"subject": [ReferenceValue(None)]}
    plan = values("CarePlan", {"instantiatesCanonical": ["http://x.org/P|1"]})
    assert plan.references["instantiates-canonical"] == [ReferenceValue("http://x.org/P|1")]


def test_composites_keep_together_what_stands_together() -> None:
    def part(code: str, number: int | None) -> dict[str, Any]:
        quantity = {} if number is None else {"valueQuantity": {"value": number}}
        return {"code": {"coding": [{"code": code}]}, **quantity}

    found = values("Observation", {**part("panel", None), "component": [part("a", 1), part("b", 2), part("c", None)]})
    assert [(group[0][0], group[1][0]) for group in found.composites["combo-code-value-quantity"]] == [
        (TokenValue(None, "a", "CodeableConcept"), QuantityValue(1, 1)),
        (TokenValue(None, "b", "CodeableConcept"), QuantityValue(2, 2)),
    ]
    assert "code-value-quantity" not in found.composites
    dated = {"code": {"coding": [{"code": "x"}]}, "valueDateTime": "2020"}
    day = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC))
    assert values("Observation", dated).composites["code-value-date"][0][1] == [day]


def test_a_component_may_start_from_the_resource() -> None:
    sequence = {
        "referenceSeq": {"chromosome": {"coding": [{"code": "7"}]}, "windowStart": 1, "windowEnd": 9},
        "variant": [{"start": 3, "end": 4}],
    }
    (group,) = values("MolecularSequence", sequence).composites["chromosome-variant-coordinate"]
    assert group == ([TokenValue(None, "7", "CodeableConcept")], [QuantityValue(3, 3)], [QuantityValue(4, 4)])


@pytest.mark.parametrize(
    ("kind", "resource", "place"),
    [
        ("Observation", {"valueQuantity": {"value": "5"}}, "valueQuantity.value"),
        ("Patient", {"name": [{"given": "小明"}]}, "name[0].given"),
        ("Patient", {"active": "yes"}, "active"),
        ("Location", {"position": {"latitude": "north", "longitude": 1}}, "position.latitude"),
        ("ValueSet", {"url": 5}, "url"),
        ("Bundle", {"entry": {}}, "entry"),
        ("Patient", {"meta": {"lastUpdated": "soon"}}, "meta.lastUpdated"),
    ],
)
def test_another_shape_is_placed(kind: str, resource: dict[str, Any], place: str) -> None:
    with pytest.raises(FhirProblem) as caught:
        values(kind, resource)
    assert caught.value.expression == place
