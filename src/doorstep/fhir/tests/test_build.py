"""The build: what of FHIRPath is compiled, what is listed as not compiled, and what the tables say of each type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from doorstep.fhir import build
from doorstep.fhir.build_definitions import Elements, Step
from doorstep.fhir.build_expressions import Uncompilable, Verb, parse_union
from doorstep.fhir.build_paths import DEFINITIONS, SEARCH, TABLES
from doorstep.fhir.parameters import parameters, uncompiled
from doorstep.fhir.tables import known_types, table


@pytest.mark.parametrize(
    ("part", "verbs"),
    [
        ("Observation.code", [Verb("child", "code")]),
        ("(Observation.value as CodeableConcept)", [Verb("child", "value"), Verb("as", "CodeableConcept")]),
        ("Observation.value.ofType(Period)", [Verb("child", "value"), Verb("as", "Period")]),
        ("Observation.onset.as(Age)", [Verb("child", "onset"), Verb("as", "Age")]),
        ("Observation.subject.where(resolve() is Patient)", [Verb("child", "subject"), Verb("target", "Patient")]),
        ("Observation.x.where(type='a').y", [Verb("child", "x"), Verb("where", "type", "a"), Verb("child", "y")]),
        ("Observation.extension('u').value",
         [Verb("child", "extension"), Verb("where", "url", "u"), Verb("child", "value")]),
        ("Observation.a.exists() and Observation.a != false", [Verb("child", "a"), Verb("truth")]),
        ("(Observation.value.ofType(CodeableConcept)).text",
         [Verb("child", "value"), Verb("as", "CodeableConcept"), Verb("child", "text")]),
        ("Observation.entry[0].x", [Verb("child", "entry"), Verb("first"), Verb("child", "x")]),
        ("name", [Verb("child", "name")]),
        ("Resource.meta.tag", [Verb("child", "meta"), Verb("child", "tag")]),
        ("Patient.name", None),
    ],
)  # fmt: skip
def test_expressions_are_read(part: str, verbs: list[Verb] | None) -> None:
    assert parse_union(part, "Observation") == verbs


@pytest.mark.parametrize(
    "part", ["Observation.entry[1].x", "Observation.a.exists()", "Observation.a + 1", "'x'", "Observation.a.where(b=1)"]
)
def test_what_is_outside_is_said(part: str) -> None:
    with pytest.raises(Uncompilable):
        parse_union(part, "Observation")


def definition(name: str, *elements: dict[str, Any], release: str = "4.0.1") -> dict[str, Any]:
    head = {"resourceType": "StructureDefinition", "name": name, "kind": "resource", "abstract": False}
    return {**head, "fhirVersion": release, "snapshot": {"element": [{"path": name, "max": "*"}, *elements]}}


def test_elements_expand_choices_and_follow_content() -> None:
    elements = Elements(
        [
            definition(
                "Form",
                {"path": "Form.value[x]", "max": "1", "type": [{"code": "string"}, {"code": "Period"}]},
                {"path": "Form.item", "max": "*", "type": [{"code": "BackboneElement"}]},
                {"path": "Form.item.item", "max": "*", "contentReference": "#Form.item"},
                {"path": "Form.id", "max": "1", "type": [{"code": "http://hl7.org/fhirpath/System.String"}]},
            ),
            definition("Later", release="5.0.0"),
        ]
    )
    form = Step("", False, "Form", "Form")
    assert elements.resource_types == ["Form"]
    assert [(step.key, step.type) for step in elements.children(form, "value")] == [
        ("valueString", "string"), ("valuePeriod", "Period"),
    ]  # fmt: skip
    (item,) = elements.children(form, "item")
    (inner,) = elements.children(item, "item")
    assert (inner.many, inner.path) == (True, "Form.item")
    assert elements.children(form, "id")[0].type == "id"
    assert elements.children(form, "nothing") == []


def test_all_of_r4_is_compiled() -> None:
    assert len(known_types()) == 146
    assert {name: table(name).uncompiled for name in known_types() if table(name).uncompiled} == {}
    assert set(uncompiled()) == {"_text", "_content", "_query"}
    assert sum(len(parameters(name)) for name in known_types()) > 2_800


def test_records_of_care_know_their_patient() -> None:
    patients = {name: table(name).patient for name in known_types()}
    assert {patients[name] for name in ("Observation", "Encounter", "Coverage", "Task", "AuditEvent")} == {"patient"}
    assert patients["Schedule"] == "actor"
    assert {patients[name] for name in ("Patient", "Group", "Organization", "Medication")} == {None}


def test_building_again_gives_the_same(tmp_path: Path) -> None:
    if not DEFINITIONS.exists():
        pytest.skip("the R4 definitions are not built: make setup")
    assert build.main(["--out", str(tmp_path)]) == 0
    for made in (TABLES, SEARCH):
        assert (tmp_path / made.name).read_bytes() == made.read_bytes()


def test_missing_definitions_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["--definitions", str(tmp_path), "--out", str(tmp_path / "x")]) == 1
    assert "profiles-types.json" in capsys.readouterr().err
