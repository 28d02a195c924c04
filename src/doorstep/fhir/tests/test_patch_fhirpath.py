"""FHIRPath Patch: every operation, every fault, primitives with their extensions, and JSON Patch as the measure."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.patch import fhirpath_patch, json_patch
from doorstep.fhir.problems import FhirProblem

PATIENT = (
    b'{"resourceType":"Patient","id":"p","identifier":[{"system":"a","value":"1"},{"system":"b","value":"2"}],'
    b'"name":[{"use":"official","family":"\xe7\x8e\x8b","given":["x","y"],"_given":[null,{"id":"g"}]}],'
    b'"birthDate":"1970-01-01","_birthDate":{"extension":[{"url":"t","valueDateTime":"1970-01-01T10:00:00Z"}]},'
    b'"multipleBirthInteger":2,"contact":[{"name":{"text":"n"},"gender":"male"}],'
    b'"contained":[{"resourceType":"Observation","id":"o","valueQuantity":{"value":72.50}}]}'
)
OBSERVATION = (
    b'{"resourceType":"Observation","status":"final","code":{"text":"c"},"valueQuantity":{"value":72.50,"unit":"kg"},'
    b'"component":[{"code":{"text":"1"},"valueQuantity":{"value":1.0}},{"code":{"text":"2"},"valueString":"s"}]}'
)


def part(name: str, key: str, content: str) -> str:
    return f'{{"name":"{name}","{key}":{content}}}'


def operation(kind: str, path: str | None, *parts: str, name: str = "operation") -> str:
    first = [part("type", "valueCode", json.dumps(kind))]
    first += [] if path is None else [part("path", "valueString", json.dumps(path))]
    return f'{{"name":"{name}","part":[{",".join([*first, *parts])}]}}'


def named(name: str) -> str:
    return part("name", "valueString", json.dumps(name))


def index(name: str, at: int) -> str:
    return part(name, "valueInteger", str(at))


def call(*operations: str) -> bytes:
    return f'{{"resourceType":"Parameters","parameter":[{",".join(operations)}]}}'.encode()


def patched(body: bytes, *operations: str) -> bytes:
    kept = bytes(body)
    result = fhirpath_patch(body, json.loads(body)["resourceType"], call(*operations))
    assert body == kept
    return result


def value(key: str, content: str) -> str:
    return part("value", key, content)


# R4's value[x] has no Extension: it comes in parts
EXTENDED = '[{"name":"url","valueUri":"u"},{"name":"value","valueDecimal":1.50}]'
EXTENSION = value("part", EXTENDED)
FEMALE = value("valueCode", '"female"')


@pytest.mark.parametrize(
    ("made", "old", "new"),
    [
        # add
        (operation("add", "Patient", named("gender"), FEMALE), b'"id":"o","valueQuantity":{"value":72.50}}]}', None),
        (
            operation("add", "Patient.name[0]", named("given"), value("valueString", '"z"')),
            b'"given":["x","y"],"_given":[null,{"id":"g"}]',
            b'"given":["x","y","z"],"_given":[null,{"id":"g"},null]',
        ),
        (
            operation("add", "Patient.birthDate", named("extension"), EXTENSION),
            b'10:00:00Z"}',
            b'10:00:00Z"},{"url":"u","valueDecimal":1.50}',
        ),
        (
            operation("add", "Patient.contact[0].gender", named("id"), value("valueString", '"q"')),
            b'"gender":"male"',
            b'"gender":"male","_gender":{"id":"q"}',
        ),
        # insert
        (
            operation("insert", "Patient.identifier", index("index", 2), value("valueIdentifier", '{"value":"3"}')),
            b'"value":"2"}',
            b'"value":"2"},{"value":"3"}',
        ),
        (
            operation("insert", "Patient.name.given", index("index", 0), value("valueString", '"w"')),
            b'"given":["x","y"],"_given":[null,{"id":"g"}]',
            b'"given":["w","x","y"],"_given":[null,null,{"id":"g"}]',
        ),
        (
            operation("insert", "Patient.contact[0].name.given", index("index", 0), value("valueString", '"w"')),
            b'{"text":"n"}',
            b'{"text":"n","given":["w"]}',
        ),
        # delete
        (operation("delete", "Patient.name.given[1]"), b'["x","y"],"_given":[null,{"id":"g"}]', b'["x"]'),
        (
            operation("delete", "Patient.name.given[0]"),
            b'["x","y"],"_given":[null,{"id":"g"}]',
            b'["y"],"_given":[{"id":"g"}]',
        ),
        (operation("delete", "Patient.contact.name.text"), b'"name":{"text":"n"},', b""),
        (operation("delete", "Patient.photo"), b"", b""),
        (operation("delete", "Patient.identifier[7]"), b"", b""),
        (operation("delete", "Patient.identifier.where(system = 'z')"), b"", b""),
        (
            operation("delete", "Patient.birthDate.extension('t')"),
            b',"_birthDate":{"extension":[{"url":"t","valueDateTime":"1970-01-01T10:00:00Z"}]}',
            b"",
        ),
        (operation("delete", "Patient.multipleBirth"), b'"multipleBirthInteger":2,', b""),
        (operation("delete", "Patient.contained[0].value"), b',"valueQuantity":{"value":72.50}', b""),
        # replace
        (
            operation("replace", "Patient.multipleBirth", value("valueBoolean", "true")),
            b'"multipleBirthInteger":2',
            b'"multipleBirthBoolean":true',
        ),
        (
            operation("replace", "Patient.birthDate", value("valueDate", '"1971"')),
            b'"1970-01-01","_birthDate":{"extension":[{"url":"t","valueDateTime":"1970-01-01T10:00:00Z"}]}',
            b'"1971"',
        ),
        (
            operation("replace", "Patient.contained.ofType(Observation).value.value", value("valueDecimal", "1.250")),
            b"72.50",
            b"1.250",
        ),
        (
            operation("replace", "Patient.identifier.where(system = 'b').value", value("valueString", '"9"')),
            b'"value":"2"',
            b'"value":"9"',
        ),
        # move
        (
            operation("move", "Patient.name.given", index("source", 1), index("destination", 0)),
            b'["x","y"],"_given":[null,{"id":"g"}]',
            b'["y","x"],"_given":[{"id":"g"},null]',
        ),
    ],
)
def test_operation_on_a_patient(made: str, old: bytes, new: bytes | None) -> None:
    new = old[:-1] + b',"gender":"female"}' if new is None else new
    assert json.loads(patched(PATIENT, made)) == json.loads(PATIENT.replace(old, new, 1))
    assert (b"72.50" in patched(PATIENT, made)) == (b"72.50" in PATIENT.replace(old, new, 1))


def test_choices_go_by_the_type_of_the_value_and_literals_stay() -> None:
    quantity = value("valueQuantity", '{"value":1.10,"unit":"g"}')
    assert patched(OBSERVATION, operation("replace", "Observation.value", quantity)) == OBSERVATION.replace(
        b'{"value":72.50,"unit":"kg"}', b'{"value":1.10,"unit":"g"}'
    )
    text = operation("replace", "Observation.value", value("valueString", '"heavy"'))
    assert b'"valueString":"heavy","component"' in patched(OBSERVATION, text)
    again = operation("add", "Observation", named("value"), quantity)
    moved = patched(OBSERVATION, operation("delete", "Observation.value"), again)
    assert moved.endswith(b',"valueQuantity":{"value":1.10,"unit":"g"}}')
    for name in ("value[x]", "valueQuantity"):
        again = operation("add", "Observation", named(name), quantity)
        assert b'"value":1.10' in patched(OBSERVATION, operation("delete", "Observation.value"), again)
    assert b'"value":1.0}' in moved


def test_parts_make_a_backbone_element() -> None:
    parts = (
        '{"name":"value","part":[{"name":"code","valueCodeableConcept":{"text":"3"}},'
        '{"name":"value","valueQuantity":{"value":5.00}},'
        '{"name":"referenceRange","part":[{"name":"low","valueQuantity":{"value":4.0}},{"name":"text","valueString":"r"}]},'
        '{"name":"referenceRange","part":[{"name":"text","valueString":"q","_valueString":{"id":"i"}}]}]}'
    )
    made = patched(OBSERVATION, operation("insert", "Observation.component", index("index", 1), parts))
    assert (
        b'{"code":{"text":"3"},"valueQuantity":{"value":5.00},"referenceRange":[{"low":{"value":4.0},"text":"r"},'
        b'{"text":"q","_text":{"id":"i"}}]},{"code":{"text":"2"}'
    ) in made


def test_resources_go_in_whole() -> None:
    given = value("resource", '{"resourceType":"Patient","id":"z","multipleBirthInteger":1}')
    added = patched(PATIENT, operation("add", "Patient", named("contained"), given))
    assert added.endswith(b'"value":72.50}},{"resourceType":"Patient","id":"z","multipleBirthInteger":1}]}')


def test_among_resources_of_other_types_a_name_need_not_be_known() -> None:
    care_team = b'"contained":[{"resourceType":"CareTeam","id":"t"},'
    body = PATIENT.replace(b'"contained":[', care_team)
    by_code = operation("delete", "Patient.contained.where(value.value = 72.5)")
    assert json.loads(patched(body, by_code))["contained"] == [{"resourceType": "CareTeam", "id": "t"}]


def test_no_operation_leaves_every_byte() -> None:
    assert patched(PATIENT) == PATIENT
    assert fhirpath_patch(PATIENT, "Patient", {"resourceType": "Parameters"}) == PATIENT


def test_parsed_parameters_are_taken_too() -> None:
    parsed = json.loads(call(operation("add", "Patient", named("gender"), FEMALE)))
    assert json.loads(fhirpath_patch(PATIENT, "Patient", parsed))["gender"] == "female"


ADD = ("add", "Patient", named("gender"), FEMALE)
GENDER = part("gender", "valueCode", '"x"')
NAME = value("valueHumanName", "{}")


@pytest.mark.parametrize(
    ("made", "code", "status"),
    [
        (operation(*ADD, name="op"), "patch-unknown-operation", 400),
        (operation("test", "Patient"), "patch-unknown-operation", 400),
        (operation("add", None, named("gender"), FEMALE), "patch-member-missing", 400),
        (operation("add", "Patient", FEMALE), "patch-member-missing", 400),
        (operation("add", "Patient", named("gender")), "patch-member-missing", 400),
        (operation("add", "Patient", named("gender"), '{"name":"value"}'), "patch-member-missing", 400),
        (operation("add", "Patient", named("gender"), '{"valueCode":"x"}'), "patch-member-missing", 400),
        (operation("insert", "Patient.name", NAME), "patch-member-missing", 400),
        (operation("move", "Patient.name", index("source", 0)), "patch-member-missing", 400),
        (operation(*ADD, FEMALE), "patch-odd-part", 400),
        (operation(*ADD, part("colour", "valueCode", '"x"')), "patch-odd-part", 400),
        (operation("add", "Patient", index("name", 1), FEMALE), "patch-member-text", 400),
        (operation("insert", "Patient.name", index("index", -1), NAME), "patch-member-number", 400),
        (operation("insert", "Patient.name", part("index", "valueDecimal", "0.5"), NAME), "patch-member-number", 400),
        (operation("insert", "Patient.name", part("index", "valueDecimal", "1e300"), NAME), "patch-member-number", 400),
        (operation("insert", "Patient.name", part("index", "valueString", '"1"'), NAME), "patch-member-number", 400),
        (operation("add", "Patient", named("gender"), value("valueCode", "1")), "patch-wrong-form", 400),
        (operation("add", "Patient", named("active"), value("valueBoolean", '"true"')), "patch-wrong-form", 400),
        (operation("add", "Patient", named("name"), value("valueHumanName", '"x"')), "patch-wrong-form", 400),
        (operation("add", "Patient", named("gender"), value("valueFoo", "1")), "unknown-value-type", 400),
        (operation("add", "Patient", named("colour"), FEMALE), "patch-no-element", 422),
        (operation("delete", "Patient.colour"), "patch-no-element", 422),
        (operation("delete", "Patient.multipleBirthInteger"), "patch-no-element", 422),
        (operation("delete", "Patient.name.where(colour = 'x')"), "patch-no-element", 422),
        (operation("delete", "Observation.status"), "patch-other-type", 422),
        (operation("add", "Patient", named("gender"), NAME), "patch-wrong-type", 422),
        (operation("add", "Patient", named("gender"), value("valueBoolean", "true")), "patch-wrong-type", 422),
        (operation("add", "Patient", named("name"), FEMALE), "patch-wrong-type", 422),
        (operation("add", "Patient", named("contact"), NAME), "patch-wrong-type", 422),
        (operation("add", "Patient", named("deceased"), FEMALE), "patch-wrong-type", 422),
        (operation("add", "Patient", named("contained"), NAME), "patch-wrong-type", 422),
        (operation("add", "Patient", named("birthDate"), value("valueDate", '"2000"')), "patch-already-there", 422),
        (
            operation("add", "Patient", named("multipleBirth"), value("valueBoolean", "true")),
            "patch-already-there",
            422,
        ),
        (
            operation("add", "Patient", named("contact"), value("part", f"[{GENDER},{GENDER}]")),
            "patch-already-there",
            422,
        ),
        (operation("delete", "Patient.identifier"), "patch-not-one", 422),
        (operation("replace", "Patient.photo", value("valueAttachment", "{}")), "patch-not-one", 422),
        (operation("add", "Patient.identifier", named("value"), FEMALE), "patch-not-one", 422),
        (operation("insert", "Patient.identifier.period.start", index("index", 0), FEMALE), "patch-not-one", 422),
        (operation("delete", "Patient"), "patch-whole", 422),
        (operation("replace", "Patient", FEMALE), "patch-whole", 422),
        (operation("insert", "Patient.birthDate", index("index", 0), FEMALE), "patch-no-list", 422),
        (operation("insert", "Patient", index("index", 0), FEMALE), "patch-no-list", 422),
        (operation("insert", "Patient.identifier[0]", index("index", 0), FEMALE), "patch-no-list", 422),
        (operation("move", "Patient.birthDate", index("source", 0), index("destination", 0)), "patch-no-list", 422),
        (operation("insert", "Patient.name", index("index", 2), NAME), "patch-index-outside", 422),
        (operation("move", "Patient.name", index("source", 1), index("destination", 0)), "patch-index-outside", 422),
        (operation("move", "Patient.name", index("source", 0), index("destination", 1)), "patch-index-outside", 422),
        (operation("move", "Patient.photo", index("source", 0), index("destination", 0)), "patch-index-outside", 422),
        (operation("add", "Patient", named("contained"), value("resource", "{}")), "no-resource-type", 400),
        ('{"name":"operation","part":{}}', "wrong-shape", 400),
        ('{"name":"operation","part":[1]}', "wrong-shape", 400),
        ('{"name":1}', "patch-member-missing", 400),
    ],
)
def test_every_fault_names_its_operation(made: str, code: str, status: int) -> None:
    with pytest.raises(FhirProblem) as caught:
        patched(PATIENT, operation("delete", "Patient.photo"), made)
    problem = caught.value
    assert (problem.code, problem.kind.status) == (code, status)
    assert problem.expression is not None
    assert problem.expression.startswith("patch[1]")
    assert problem.message("zh")
    assert problem.message("en")


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (b"", "empty"),
        (b"{", "truncated"),
        (b"[]", "not-object"),
        (b'{"resourceType":"Patient"}', "patch-not-parameters"),
        (b'{"resourceType":"Parameters","parameter":{}}', "wrong-shape"),
        (b'{"resourceType":"Parameters","parameter":[1]}', "wrong-shape"),
    ],
)
def test_what_is_no_patch(parameters: bytes, code: str) -> None:
    with pytest.raises(FhirProblem) as caught:
        fhirpath_patch(PATIENT, "Patient", parameters)
    assert (caught.value.code, caught.value.kind.status) == (code, 400)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("Patient.name.select(given)", "select(given)"),
        ("Patient.name.given.resolve()", "resolve()"),
        ("Patient.name | Patient.contact", "| Patient.contact"),
        ("Patient.name[0", "Patient.name[0"),
        ("Patient.name[-1]", "-1]"),
        ("Patient..name", ".name"),
        ("", ""),
        ("Patient.name.where(given.count() > 1)", "> 1)"),
        ("Patient.name.where(use ~ 'x')", "~ 'x')"),
        ("Patient.name.where(use = @2020)", "@2020)"),
        ("Patient.name.where(use = use)", "use)"),
        ("Patient.name.where('x')", "'x')"),
        ("Patient.name.ofType(Foo)", "ofType(Foo)"),
        ("%resource.name", "%resource.name"),
        ("Patient.name.exists()", ".exists()"),
        ("Patient.name[99999999999]", "[99999999999]"),
        ("Patient.name.where(" + "(" * 40 + "use" + ")" * 41, "(((("),
    ],
)
def test_what_a_path_cannot_say_is_named(path: str, what: str) -> None:
    with pytest.raises(FhirProblem) as caught:
        patched(PATIENT, operation("delete", path))
    problem = caught.value
    assert (problem.code, problem.kind.status) == ("patch-path-unsupported", 422)
    assert what in str(problem.params["what"])


def test_a_patch_that_fails_late_changes_nothing() -> None:
    kept = bytes(PATIENT)
    with pytest.raises(FhirProblem):
        patched(PATIENT, operation("delete", "Patient.birthDate"), operation("delete", "Patient.colour"))
    assert kept == PATIENT


ELEMENTS = {
    "gender": ("valueCode", '"other"'),
    "active": ("valueBoolean", "false"),
    "maritalStatus": ("valueCodeableConcept", '{"text":"x"}'),
    "deceased": ("valueDateTime", '"2020-01-01"'),
    "telecom": ("valueContactPoint", '{"rank":3}'),
    "identifier": ("valueIdentifier", '{"value":"new"}'),
    "extension": ("part", EXTENDED),
}
LAST = {name: f"Patient.{name}.last()" for name in ("telecom", "identifier", "extension")}


@given(st.permutations(sorted(ELEMENTS)), st.integers(1, 7))
def test_added_and_deleted_again_is_nothing(names: list[str], count: int) -> None:
    adds = [operation("add", "Patient", named(name), value(*ELEMENTS[name])) for name in names[:count]]
    deletes = [operation("delete", LAST.get(name, f"Patient.{name}")) for name in names[:count]]
    assert patched(PATIENT, *adds, *deletes) == PATIENT
    assert patched(patched(PATIENT, *adds), *reversed(deletes)) == PATIENT


tails = st.sampled_from(["system", "value"])


@given(st.integers(1, 6), st.data())
def test_the_same_change_as_json_patch_gives_the_same_text(length: int, data: st.DataObject) -> None:
    """A list of identifiers, changed at random by both kinds of patch."""
    body = json.dumps(
        {"resourceType": "Patient", "identifier": [{"system": "s", "value": str(n)} for n in range(length)]},
        separators=(",", ":"),
    ).encode()
    at = st.integers(0, length - 1)
    one, other = data.draw(at), data.draw(at)
    kind = data.draw(st.sampled_from(["insert", "add", "delete", "replace", "move"]))
    new = '{"value":"new","period":{"start":"2020"}}'
    place, path = f"/identifier/{one}", f"Patient.identifier[{one}]"
    given = value("valueIdentifier", new)
    as_json, as_fhir = {
        "insert": (
            f'{{"op":"add","path":"{place}","value":{new}}}',
            operation("insert", "Patient.identifier", index("index", one), given),
        ),
        "add": (
            f'{{"op":"add","path":"/identifier/-","value":{new}}}',
            operation("add", "Patient", named("identifier"), given),
        ),
        "delete": (f'{{"op":"remove","path":"{place}/value"}}', operation("delete", f"{path}.value")),
        "replace": (f'{{"op":"replace","path":"{place}","value":{new}}}', operation("replace", path, given)),
        "move": (
            f'{{"op":"move","from":"{place}","path":"/identifier/{other}"}}',
            operation("move", "Patient.identifier", index("source", one), index("destination", other)),
        ),
    }[kind]
    assert json_patch(body, f"[{as_json}]".encode()) == patched(body, as_fhir)


odds = st.recursive(st.sampled_from(["system", "value", "zz"]), lambda below: st.lists(below, max_size=2), max_leaves=3)


@given(odds)
def test_whatever_stands_in_a_stored_resource_a_patch_is_a_problem_at_most(odd: Any) -> None:
    body = json.dumps({"resourceType": "Patient", "identifier": odd, "name": {"given": odd}, "_gender": odd}).encode()
    for path in ("Patient.identifier.value", "Patient.name.given[0]", "Patient.gender.id", "Patient.gender"):
        for made in (operation("delete", path), operation("replace", path, value("valueString", '"x"'))):
            with contextlib.suppress(FhirProblem):
                json.loads(patched(body, made))
