"""Parameters: the same inputs from a resource and from a query, every fault with its place, and writing."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.parameters_resource import (
    Inputs,
    from_query,
    parameters,
    part,
    read_body,
    read_parameters,
    resource,
    value,
)
from doorstep.fhir.problems import FhirProblem


def read(*given: Any) -> Inputs:
    return read_parameters({"resourceType": "Parameters", "parameter": list(given)})


def fault(call: Any) -> tuple[str, str | None]:
    with pytest.raises(FhirProblem) as caught:
        call()
    assert caught.value.message("zh")
    assert caught.value.message("en")
    return caught.value.code, caught.value.expression


def test_values_come_as_the_type_that_is_asked_for() -> None:
    inputs = read(
        {"name": "a", "valueString": "x"},
        {"name": "b", "valueBoolean": False},
        {"name": "c", "valuePositiveInt": 3},
        {"name": "d", "valueDecimal": 1.5},
        {"name": "e", "valueDate": "2020-02"},
        {"name": "f", "valueCoding": {"code": "x"}},
        {"name": "g", "resource": {"resourceType": "Patient"}},
    )
    assert (inputs.one("a", "string"), inputs.one("a", "code"), inputs.one("a", "uri")) == ("x", "x", "x")
    assert inputs.one("b", "boolean") is False
    assert (inputs.one("c", "integer"), inputs.one("c", "decimal"), inputs.one("d", "decimal")) == (
        3,
        3,
        Decimal("1.5"),
    )
    assert inputs.one("e", "dateTime") == "2020-02"
    assert inputs.one("f", "Coding") == {"code": "x"}
    assert inputs.resources("g", "Patient") == [{"resourceType": "Patient"}]
    assert inputs.maybe("z", "string") is None
    assert inputs.all("z", "string") == []
    assert inputs.names() == frozenset("abcdefg")


def test_parts_are_inputs_of_their_own_and_name_their_place() -> None:
    inputs = read(
        {"name": "match", "part": [{"name": "n", "valueInteger": 1}]},
        {"name": "match", "part": [{"name": "n", "valueString": "one"}]},
    )
    first, second = inputs.parts("match")
    assert first.one("n", "integer") == 1
    assert fault(lambda: second.one("n", "integer")) == (
        "parameter-wrong-type",
        "Parameters.parameter[1].part[0].valueString",
    )
    assert fault(lambda: second.one("m", "integer")) == ("parameter-missing", "Parameters.parameter[1].part")


ONE = {"name": "a", "valueString": "x"}


@pytest.mark.parametrize(
    ("given", "code", "place"),
    [
        ([], "not-parameters", None),
        ({"resourceType": "Patient"}, "not-parameters", None),
        ({"parameter": {}}, "wrong-shape", "Parameters.parameter"),
        ({"parameter": [1]}, "wrong-shape", "Parameters.parameter[0]"),
        ({"parameter": [{}]}, "wrong-shape", "Parameters.parameter[0].name"),
        ({"parameter": [ONE, {"name": "a"}]}, "parameter-not-one-value", "Parameters.parameter[1]"),
        ({"parameter": [{**ONE, "valueCode": "y"}]}, "parameter-not-one-value", "Parameters.parameter[0]"),
        ({"parameter": [{**ONE, "resource": {}}]}, "parameter-not-one-value", "Parameters.parameter[0]"),
        ({"parameter": [{"name": "a", "valueFoo": 1}]}, "unknown-value-type", "Parameters.parameter[0].valueFoo"),
        ({"parameter": [{"name": "a", "valueCoding": 1}]}, "wrong-shape", "Parameters.parameter[0].valueCoding"),
        ({"parameter": [{"name": "a", "resource": []}]}, "wrong-shape", "Parameters.parameter[0].resource"),
        ({"parameter": [{"name": "a", "part": 1}]}, "wrong-shape", "Parameters.parameter[0].part"),
        ({"parameter": [ONE] * 10_001}, "parameters-too-many", "Parameters.parameter"),
    ],
)
def test_a_wrong_form_is_named_with_its_place(given: Any, code: str, place: str | None) -> None:
    full = {"resourceType": "Parameters", **given} if isinstance(given, dict) else given
    assert fault(lambda: read_parameters(full)) == (code, place)


def test_missing_repeated_unknown_and_wrong() -> None:
    twice = read(ONE, ONE, {"name": "r", "resource": {"resourceType": "Patient"}})
    assert fault(lambda: twice.one("z", "string")) == ("parameter-missing", "Parameters")
    assert fault(lambda: twice.one("a", "string")) == ("parameter-repeated", "Parameters.parameter[1].valueString")
    assert fault(lambda: twice.maybe("a", "string"))[0] == "parameter-repeated"
    assert twice.all("a", "string") == ["x", "x"]
    assert fault(lambda: twice.all("a", "boolean")) == ("parameter-wrong-type", "Parameters.parameter[0].valueString")
    assert fault(lambda: twice.resources("r", "Group")) == ("parameter-wrong-type", "Parameters.parameter[2].resource")
    assert fault(lambda: twice.refuse_others("a")) == ("parameter-unknown", "Parameters.parameter[2].resource")
    twice.refuse_others("a", "r")


@pytest.mark.parametrize(
    ("key", "kind", "bad"),
    [
        ("valueBoolean", "boolean", "true"),
        ("valueBoolean", "boolean", 1),
        ("valueInteger", "integer", "1"),
        ("valueInteger", "integer", 1.5),
        ("valueInteger", "integer", True),
        ("valueInteger", "positiveInt", 0),
        ("valueInteger", "unsignedInt", -1),
        ("valueInteger", "integer", 1 << 31),
        ("valueDecimal", "decimal", "1.5"),
        ("valueString", "string", 1),
        ("valueString", "string", ""),
        ("valueString", "string", None),
        ("valueString", "code", " x"),
        ("valueString", "id", "a/b"),
        ("valueDate", "date", "2020-02-30"),
        ("valueDateTime", "date", "2020-02-03T00:00:00Z"),
        ("valueDate", "instant", "2020-02-03"),
        ("valueBase64Binary", "base64Binary", "***"),
    ],
)
def test_a_value_that_its_type_does_not_have(key: str, kind: str, bad: Any) -> None:
    inputs = read({"name": "a", key: bad})
    assert fault(lambda: inputs.one("a", kind)) == ("parameter-bad-value", f"Parameters.parameter[0].{key}")


def test_query_gives_the_same_inputs() -> None:
    query = from_query([("b", "true"), ("n", "12"), ("d", "1.50"), ("s", "x"), ("s", "y"), ("t", "2020-01-01")])
    assert query.one("b", "boolean") is True
    assert (query.one("n", "integer"), query.one("n", "string")) == (12, "12")
    assert str(query.one("d", "decimal")) == "1.50"
    assert query.all("s", "code") == ["x", "y"]
    assert query.one("t", "dateTime") == "2020-01-01"
    assert fault(lambda: query.one("s", "string")) == ("parameter-repeated", "s")
    assert fault(lambda: query.one("t", "Coding")) == ("parameter-wrong-type", "t")
    assert fault(lambda: query.one("t", "boolean")) == ("parameter-bad-value", "t")
    assert fault(lambda: query.parts("t")) == ("parameter-wrong-type", "t")
    assert fault(lambda: query.resources("t")) == ("parameter-wrong-type", "t")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "9" * 100_000),
        ("decimal", "9" * 100_000),
        ("decimal", "1e99999999999"),
        ("decimal", "NaN"),
        ("integer", "１"),
        ("base64Binary", " " * 50_000 + "*"),
        ("code", "a " * 50_000),
    ],
)
def test_hostile_texts_of_a_query_are_bad_values(kind: str, text: str) -> None:
    assert fault(lambda: from_query([("a", text)]).one("a", kind))[0] == "parameter-bad-value"


def test_a_bare_resource_is_the_one_parameter() -> None:
    assert read_body({"resourceType": "Patient", "id": "1"}).one("resource", "resource")["id"] == "1"
    assert read_body({"resourceType": "Parameters", "parameter": [ONE]}).one("a", "string") == "x"


def test_what_is_written_keeps_every_byte_of_what_goes_in() -> None:
    body = b'{"resourceType":"Observation","valueQuantity":{"value":72.50}}'
    written = parameters(
        value("result", "boolean", True),
        value("score", "decimal", Decimal("0.90")),
        value("code", "Coding", msgspec.Raw(b'{"code":"x"}')),
        part("match", resource("resource", body), value("grade", "code", "确定")),
    )
    assert written == (
        b'{"resourceType":"Parameters","parameter":[{"name":"result","valueBoolean":true},'
        b'{"name":"score","valueDecimal":0.90},{"name":"code","valueCoding":{"code":"x"}},'
        b'{"name":"match","part":[{"name":"resource","resource":' + body + b"},"
        b'{"name":"grade","valueCode":"\xe7\xa1\xae\xe5\xae\x9a"}]}]}'
    )
    assert parameters() == b'{"resourceType":"Parameters"}'
    with pytest.raises(ValueError, match="valueFoo"):
        value("a", "foo", 1)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(lambda text: text.strip(" "))


@given(st.lists(st.tuples(st.sampled_from("abc"), texts)))
def test_what_is_written_is_read_again(pairs: list[tuple[str, str]]) -> None:
    inputs = read_parameters(json.loads(parameters(*[value(name, "markdown", text) for name, text in pairs])))
    for name in "abc":
        wanted = [text for each, text in pairs if each == name]
        # R4's pattern of markdown takes neither form feeds nor vertical tabs; a wide blank (U+3000) is text
        if not any(each in text for each in "\v\f" for text in wanted):
            assert inputs.all(name, "markdown") == wanted == from_query(pairs).all(name, "markdown")
        else:
            assert fault(lambda name=name: inputs.all(name, "markdown"))[0] == "parameter-bad-value"
