"""`_summary`, `_elements` and `_pretty`: what goes, what stays, and that what stays is as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import minify
from doorstep.fhir.shaping import elements, pretty, summary, unknown_elements
from doorstep.fhir.structure import fields, is_primitive, kind
from doorstep.fhir.tests.generate import body, resources

TAG = '{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}'
META = f'"meta":{{"tag":[{TAG}]}}'
PATIENT = """{"resourceType":"Patient","id":"p","text":{"status":"generated","div":"<div>x</div>"},
"contained":[{"resourceType":"Organization","id":"o"}],"extension":[{"url":"u","valueDecimal":1.50}],"active":true,
"name":[{"id":"n","extension":[{"url":"u","valueCode":"c"}],"family":"张","given":["三",null],"_given":[null,{"id":"g"}]},
{"id":"only"}],"birthDate":"1970","_birthDate":{"extension":[{"url":"u","valueDecimal":2.50}]},
"maritalStatus":{"text":"m"},"communication":[{"language":{"text":"zh"},"preferred":true}],
"link":[{"other":{"reference":"Patient/q"},"type":"refer"}]}"""
BODY = minify(PATIENT.encode())


def cut(text: str) -> bytes:
    return minify(text.encode())


def test_summary_true_keeps_what_the_specification_marks_at_every_level() -> None:
    assert summary(BODY, "Patient", "true") == cut(
        f"""{{"resourceType":"Patient","id":"p",{META},"active":true,
        "name":[{{"family":"张","given":["三",null],"_given":[null,{{"id":"g"}}]}}],
        "birthDate":"1970","_birthDate":{{"extension":[{{"url":"u","valueDecimal":2.50}}]}},
        "link":[{{"other":{{"reference":"Patient/q"}},"type":"refer"}}]}}"""
    )


def test_summary_text_keeps_text_and_what_is_mandatory() -> None:
    assert summary(BODY, "Patient", "text") == cut(
        f'{{"resourceType":"Patient","id":"p",{META},"text":{{"status":"generated","div":"<div>x</div>"}}}}'
    )
    observation = b'{"resourceType":"Observation","id":"o","status":"final","code":{"text":"c"},"valueInteger":1}'
    assert summary(observation, "Observation", "text") == cut(
        f'{{"resourceType":"Observation","id":"o",{META},"status":"final","code":{{"text":"c"}}}}'
    )


def test_summary_data_takes_the_text_away_and_tags_only_then() -> None:
    shown = summary(BODY, "Patient", "data")
    assert shown == BODY.replace(b'"id":"p",', f'"id":"p",{META},'.encode(), 1).replace(
        b'"text":{"status":"generated","div":"<div>x</div>"},', b""
    )
    bare = b'{"resourceType":"Patient","id":"p"}'
    assert summary(bare, "Patient", "data") == bare


def test_summary_count_leaves_a_bundle_without_entries() -> None:
    bundle = b'{"resourceType":"Bundle","type":"searchset","total":7,"entry":[{"fullUrl":"a"}]}'
    assert summary(bundle, "Bundle", "count") == cut(f'{{"resourceType":"Bundle",{META},"type":"searchset","total":7}}')
    assert summary(BODY, "Patient", "count") == BODY


def test_summary_false_is_everything_and_other_words_are_refused() -> None:
    assert summary(BODY, "Patient", "false") == BODY
    with pytest.raises(FhirProblem) as caught:
        summary(BODY, "Patient", "short")
    assert caught.value.code == "summary-mode"


def test_a_bundle_in_summary_holds_summaries_of_its_resources() -> None:
    bundle = b'{"resourceType":"Bundle","type":"batch","entry":[{"resource":%s}]}' % BODY
    shown = json.loads(summary(bundle, "Bundle", "true"))["entry"][0]["resource"]
    assert "text" not in shown
    assert shown["birthDate"] == "1970"


def test_elements_by_name_by_path_and_by_the_name_of_a_choice() -> None:
    assert elements(BODY, "Patient", ["birthDate", "name.family", "Patient.active"]) == cut(
        f"""{{"resourceType":"Patient","id":"p",{META},"active":true,"name":[{{"family":"张"}}],
        "birthDate":"1970","_birthDate":{{"extension":[{{"url":"u","valueDecimal":2.50}}]}}}}"""
    )
    observation = b'{"resourceType":"Observation","status":"final","code":{"text":"c"},"valueQuantity":{"value":72.50}}'
    whole = cut(
        f'{{"resourceType":"Observation",{META},"status":"final","code":{{"text":"c"}},"valueQuantity":{{"value":72.50}}}}'
    )
    assert elements(observation, "Observation", ["value"]) == whole
    assert elements(observation, "Observation", ["valueQuantity"]) == whole
    assert elements(observation, "Observation", ["value.value"]) == whole
    assert elements(observation, "Observation", ["code.coding"]) == whole.replace(
        b',"valueQuantity":{"value":72.50}', b""
    )


@pytest.mark.parametrize("names", [["name", "name.family"], ["name.family", "name"]])
def test_a_whole_element_wins_over_a_part_of_it(names: list[str]) -> None:
    assert b'"id":"only"' in elements(BODY, "Patient", names)


def test_mandatory_elements_stay_at_every_level() -> None:
    shown = json.loads(elements(BODY, "Patient", ["communication.preferred"]))
    assert shown["communication"] == [{"language": {"text": "zh"}, "preferred": True}]


def test_names_that_the_type_does_not_have_are_told() -> None:
    names = [
        "name",
        "name.family",
        "Patient.name.given",
        "value",
        "name.nonsense",
        "deceased",
        "deceasedBoolean",
        "x.y",
    ]
    assert unknown_elements("Patient", names) == ["value", "name.nonsense", "x.y"]
    assert unknown_elements("Questionnaire", ["item.item.item.linkId"]) == []
    assert elements(BODY, "Patient", ["nonsense"]) == cut(f'{{"resourceType":"Patient","id":"p",{META}}}')


def test_a_tag_is_added_to_those_there_and_only_once() -> None:
    tagged = b'{"resourceType":"Patient","meta":{"versionId":"1","tag":[{"code":"a"}]},"id":"p"}'
    once = elements(tagged, "Patient", ["name"])
    assert once == tagged.replace(b'{"code":"a"}', b'{"code":"a"},' + TAG.encode())
    assert elements(once, "Patient", ["name"]) == once


def test_pretty_changes_no_literal() -> None:
    assert pretty(b'{"a":[72.50,1E5,-0],"b":{}}') == (b'{\n  "a": [\n    72.50,\n    1E5,\n    -0\n  ],\n  "b": {}\n}')


def kept_by_summary(value: Any, name: str) -> Any:
    """The rule said once more, on parsed resources: marked or mandatory elements, whole where a type marks nothing."""
    known = fields(name)
    if is_primitive(name) or not any(each.element.summary for each in known.values()):
        return value
    if isinstance(value, list):
        return [kept for kept in (kept_by_summary(each, name) for each in value) if kept != {}]
    shown = {}
    for key, item in value.items():
        field = known.get(key.removeprefix("_"))
        if key == "resourceType" or key.startswith("_"):
            keep = field is None or field.element.summary or bool(field.element.min)
            item = item if keep else None
        elif field is None or not (field.element.summary or field.element.min):
            item = None
        else:
            item = kept_by_resource(item, field.type.code)
        if item not in (None, {}, []):
            shown[key] = item
    return shown


def kept_by_resource(item: Any, name: str) -> Any:
    if name != "Resource":
        return kept_by_summary(item, name)
    if isinstance(item, list):
        return [kept_by_resource(each, name) for each in item]
    return kept_by_summary(item, item["resourceType"])


@pytest.mark.parametrize("broken", ["[]", '"x"', "null", "7", "[null]", '["x",7]', "[[]]", "{}", '{"text":null}'])
def test_what_is_not_shaped_as_it_should_be_breaks_nothing(broken: str) -> None:
    stored = f'{{"resourceType":"Patient","name":{broken},"contact":{broken}}}'.encode()
    for shown in (
        summary(stored, "Patient", "true"),
        elements(stored, "Patient", ["name.family", "contact.name.text"]),
    ):
        assert json.loads(shown)["resourceType"] == "Patient"


@settings(max_examples=200, deadline=None)
@given(resources())
def test_a_summary_is_what_the_rule_says(resource: dict[str, Any]) -> None:
    stored, name = body(resource), resource["resourceType"]
    shown = numbers(summary(stored, name, "true"))
    expected = kept_by_summary(numbers(stored), name)
    assert without_meta(shown) == without_meta(expected)
    assert shown["meta"]["tag"][-1] == json.loads(TAG)


@settings(max_examples=200, deadline=None)
@given(resources(), st.data())
def test_elements_keeps_exactly_what_was_asked_and_what_must_be(resource: dict[str, Any], data: Any) -> None:
    stored, name = body(resource), resource["resourceType"]
    asked = data.draw(st.lists(st.sampled_from([each.name for each in kind(name).elements]), max_size=4))
    always = {"resourceType", "id", "meta"} | {each.name for each in kind(name).elements if each.min}
    known = fields(name)
    expected = {}
    for key, value in numbers(stored).items():
        field = known.get(key.removeprefix("_"))
        if key in always or (field is not None and field.element.name in always | set(asked)):
            expected[key] = value
    assert without_meta(numbers(elements(stored, name, asked))) == without_meta(expected)


def numbers(data: bytes) -> Any:
    return json.loads(data, parse_int=lambda n: ("number", n), parse_float=lambda n: ("number", n))


def without_meta(resource: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key != "meta"}
