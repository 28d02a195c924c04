"""Requests that are nearly right: whatever stands at any place, the answer is an answer or a FhirProblem."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.parameters_resource import read_parameters
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.definitions import builtin
from doorstep.fhir.terminology.operations import OPERATIONS

GENDER = "http://hl7.org/fhir/administrative-gender"
VALUE_SET = {
    "resourceType": "ValueSet",
    "url": "urn:v",
    "compose": {
        "inactive": True,
        "include": [
            {"system": GENDER, "concept": [{"code": "male", "designation": [{"language": "zh", "value": "男"}]}]},
            {"system": GENDER, "filter": [{"property": "code", "op": "regex", "value": "m.*"}]},
            {"valueSet": ["http://hl7.org/fhir/ValueSet/administrative-gender"]},
        ],
        "exclude": [{"system": GENDER, "version": "4.0.1", "concept": [{"code": "other"}]}],
    },
    "expansion": {"timestamp": "2026-01-01", "total": 1, "contains": [{"system": GENDER, "code": "male"}]},
}
CODE_SYSTEM = {
    "resourceType": "CodeSystem",
    "url": "urn:s",
    "caseSensitive": False,
    "property": [{"code": "parent", "type": "code", "uri": "http://hl7.org/fhir/concept-properties#parent"}],
    "concept": [
        {"code": "a", "display": "A", "designation": [{"value": "x"}], "concept": [{"code": "b"}]},
        {"code": "c", "property": [{"code": "parent", "valueCode": "a"}, {"code": "status", "valueCode": "retired"}]},
    ],
}
CONCEPT_MAP = {
    "resourceType": "ConceptMap",
    "url": "urn:m",
    "group": [
        {
            "source": GENDER,
            "target": "urn:t",
            "element": [
                {
                    "code": "male",
                    "target": [{"code": "1", "equivalence": "equal", "product": [{"property": "urn:p", "value": "v"}]}],
                }
            ],
            "unmapped": {"mode": "fixed", "code": "0"},
        }
    ],
}
CODING = {"name": "coding", "valueCoding": {"system": GENDER, "code": "male", "display": "Male", "version": "4.0.1"}}
CONCEPT = {"name": "codeableConcept", "valueCodeableConcept": {"coding": [{"system": GENDER, "code": "x"}]}}
DEPENDENCY = {
    "name": "dependency",
    "part": [
        {"name": "element", "valueUri": "urn:e"},
        {"name": "concept", "valueCodeableConcept": {"coding": [{"code": "c"}]}},
    ],
}
VALUE, SYSTEM, MAP = (
    {"name": name, "resource": resource}
    for name, resource in (("valueSet", VALUE_SET), ("codeSystem", CODE_SYSTEM), ("conceptMap", CONCEPT_MAP))
)
REQUESTS: list[tuple[tuple[str, str], list[dict[str, Any]]]] = [
    (("ValueSet", "expand"), [VALUE, {"name": "filter", "valueString": "m"}, {"name": "count", "valueInteger": 2}]),
    (("ValueSet", "expand"), [VALUE, {"name": "includeDesignations", "valueBoolean": True}]),
    (("ValueSet", "validate-code"), [VALUE, CODING]),
    (("ValueSet", "validate-code"), [VALUE, CONCEPT, {"name": "abstract", "valueBoolean": True}]),
    (("CodeSystem", "validate-code"), [SYSTEM, {"name": "code", "valueCode": "B"}]),
    (("CodeSystem", "lookup"), [CODING, {"name": "property", "valueCode": "parent"}]),
    (("CodeSystem", "subsumes"), [{**CODING, "name": "codingA"}, {**CODING, "name": "codingB"}]),
    (("ConceptMap", "translate"), [MAP, CODING, DEPENDENCY]),
]
junk = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False), st.text(max_size=3),
    st.sampled_from(["male", "urn:v", "is-a", "not-in", "exists", "(((", GENDER, "fixed", "4.0.1|"]),
    st.sampled_from(["other-map", "|", "?fhir_vs", "retired", "concept"]),
    st.just([]), st.just({}), st.just([None]), st.just({"code": 1}), st.just([[{}]]),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, as the keys that lead there."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, each in below for found in places(each, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], other: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    if other is ...:
        del value[path[-1]]
    else:
        value[path[-1]] = copy.deepcopy(other)


@given(st.data())
def test_anything_at_any_place(data: st.DataObject):
    operation, given_ = data.draw(st.sampled_from(REQUESTS))
    parameters = copy.deepcopy(given_)
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(places(parameters)[1:]))
        put(parameters, path, data.draw(st.one_of(junk, st.just(...))))
    try:
        inputs = read_parameters({"resourceType": "Parameters", "parameter": parameters})
        answer = msgspec.json.decode(OPERATIONS[operation](inputs, builtin()))
    except FhirProblem as problem:
        status, said = problem.kind.status, problem.message("zh")
    else:
        status, said = 200, "-"
        assert answer["resourceType"] in ("Parameters", "ValueSet")
    assert status < 500
    assert said


def test_the_requests_are_right_before_they_are_spoilt():
    for operation, parameters in REQUESTS:
        inputs = read_parameters({"resourceType": "Parameters", "parameter": parameters})
        assert msgspec.json.decode(OPERATIONS[operation](inputs, builtin()))["resourceType"] in (
            "Parameters",
            "ValueSet",
        )
