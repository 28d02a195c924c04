"""What is meant to hurt: patterns, circles, depth and size. Each is answered, or refused, in a moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.compose import Composer
from doorstep.fhir.terminology.definitions import holding
from doorstep.fhir.terminology.expansion import Wish, expand
from doorstep.fhir.terminology.lookup import lookup, subsumes
from doorstep.fhir.terminology.patterns import pattern
from doorstep.fhir.terminology.search import below, members
from doorstep.fhir.terminology.validation import Manner, in_value_set


@contextmanager
def within(seconds: float) -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < seconds


def value_set(name: str, *include: Any) -> dict[str, Any]:
    return {"resourceType": "ValueSet", "url": name, "status": "active", "compose": {"include": list(include)}}


def system(concepts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"resourceType": "CodeSystem", "url": "urn:s", "content": "complete", "concept": concepts}


@pytest.mark.parametrize(
    "text", ["(a+)+b", "(a|a)*b", "(a*)*b", "(.*a){12}b", "(a?){30}a{30}b", "((a+)+)+b", "a{0,100}{0,100}"]
)
def test_patterns_that_explode_elsewhere(text: str):
    with within(1.0):
        try:
            fits = pattern(text).matches("a" * 3000 + "c")
        except FhirProblem:
            fits = False
    assert not fits


@pytest.mark.parametrize(
    "text",
    [
        "(",
        "[",
        "a{2,1}",
        "a{99999}",
        "\\1(a)",
        "(?=a)",
        "(?P<x>a)",
        "((((a{99}){99}){99}){99})",
        "(" * 400,
        "a" * 501,
        "a**",
        "*",
        "a^b",
        "\\",
    ],
)
def test_patterns_that_are_refused(text: str):
    with within(1.0), pytest.raises(FhirProblem) as caught:
        pattern(text)
    assert caught.value.code == "bad-pattern"


def test_a_pattern_that_is_slow_everywhere_gives_up():
    random = Random(1)
    codes = [{"code": "".join(random.choices("ab", k=60)) + str(n)} for n in range(20_000)]
    by = {"system": "urn:s", "filter": [{"property": "code", "op": "regex", "value": "(.{0,40}a.{0,40}b){4}[0-9]+"}]}
    definitions = holding([system(codes)])
    with within(5.0), pytest.raises(FhirProblem) as caught:
        expand(definitions, value_set("urn:v", by), Wish(count=1))
    assert caught.value.code == "bad-pattern"


def test_sets_that_import_one_another():
    definitions = holding([value_set("urn:a", {"valueSet": ["urn:b"]}), value_set("urn:b", {"valueSet": ["urn:a"]})])
    start = definitions.value_set("urn:a", None)
    assert start is not None
    for ask in (
        lambda: expand(definitions, start, Wish()),
        lambda: in_value_set(definitions, start, [{"system": "urn:s", "code": "x"}], Manner()),
        lambda: in_value_set(definitions, start, [{"code": "x"}], Manner()),
        lambda: members(definitions, "urn:a"),
    ):
        with pytest.raises(FhirProblem) as caught:
            ask()
        assert caught.value.code == "cyclic-value-set"


def test_imports_that_double_at_every_step_are_worked_out_once():
    last = value_set("urn:0", {"system": "urn:s"})
    sets = [
        value_set(f"urn:{n}", {"valueSet": [f"urn:{n - 1}"]}, {"valueSet": [f"urn:{n - 1}", f"urn:{n - 1}"]})
        for n in range(1, 35)
    ]
    definitions = holding([system([{"code": "x"}]), last, *sets])
    with within(1.0):
        assert members(definitions, "urn:34") == [("urn:s", "x")]
        assert in_value_set(definitions, sets[-1], [{"system": "urn:s", "code": "x"}], Manner()).result
        assert in_value_set(definitions, sets[-1], [{"code": "y"}], Manner()).result is False


def test_imports_that_go_too_deep():
    sets = [value_set(f"urn:{n}", {"valueSet": [f"urn:{n + 1}"]}) for n in range(5000)]
    with pytest.raises(FhirProblem) as caught:
        members(holding(sets), "urn:0")
    assert caught.value.code == "imports-too-deep"


def test_a_hierarchy_with_a_circle():
    def concept(code: str, parent: str) -> dict[str, Any]:
        return {"code": code, "property": [{"code": "parent", "valueCode": parent}]}

    circle = system([concept("a", "c"), concept("b", "a"), concept("c", "b"), concept("d", "c"), concept("e", "e")])
    definitions = holding([circle, value_set("urn:v", {"system": "urn:s"})])
    assert [code for _, code in below(definitions, "urn:s", "a")] == ["a", "b", "c", "d"]
    assert lookup(definitions, "urn:s", "a")["parameter"]
    assert subsumes(definitions, "urn:s", "a", "c")["parameter"][0]["valueCode"] == "subsumes"
    start = definitions.value_set("urn:v", None)
    assert start is not None
    assert str(expand(definitions, start, Wish())).count("'code'") == 5


def test_a_million_codes():
    codes = [{"code": f"{n:07}", "display": f"Nr. {n}"} for n in range(1_000_000)]
    definitions = holding([system(codes), value_set("urn:v", {"system": "urn:s"})])
    start = definitions.value_set("urn:v", None)
    assert start is not None
    with pytest.raises(FhirProblem) as caught:
        expand(definitions, start, Wish())
    assert (caught.value.code, caught.value.kind.issue) == ("too-many-codes", "too-costly")
    with within(20.0):
        page = expand(definitions, start, Wish(offset=999_999, count=10))["expansion"]
    assert (page["total"], [each["code"] for each in page["contains"]]) == (1_000_000, ["0999999"])
    with within(0.1):
        for n in range(0, 1_000_000, 10_000):
            assert lookup(definitions, "urn:s", f"{n:07}")["parameter"]
            assert in_value_set(definitions, start, [{"system": "urn:s", "code": f"{n:07}"}], Manner()).result
    with pytest.raises(FhirProblem):
        members(definitions, "urn:v")


def test_a_hierarchy_of_a_hundred_thousand_levels():
    top: dict[str, Any] = {"code": "0"}
    here = top
    for level in range(1, 100_000):
        here["concept"] = [{"code": str(level)}]
        here = here["concept"][0]
    definitions = holding([system([top])])
    with within(5.0):
        assert len(below(definitions, "urn:s", "0", limit=100_000)) == 100_000
        assert subsumes(definitions, "urn:s", "0", "99999")["parameter"][0]["valueCode"] == "subsumes"
    by = {"system": "urn:s", "filter": [{"property": "concept", "op": "is-a", "value": "99000"}]}
    deep = expand(definitions, value_set("urn:v", by), Wish())["expansion"]
    assert deep["total"] == 1000
    assert len(Composer(definitions).select(value_set("urn:v", by))) == 1000


def test_nested_expansions_can_be_written():
    from doorstep.fhir.parameters_resource import read_parameters
    from doorstep.fhir.terminology.operations import expand as answer

    top: dict[str, Any] = {"code": "0"}
    here = top
    for level in range(1, 9000):
        here["concept"] = [{"code": str(level)}]
        here = here["concept"][0]
    inputs = read_parameters(
        {
            "resourceType": "Parameters",
            "parameter": [{"name": "valueSet", "resource": value_set("urn:v", {"system": "urn:s"})}],
        }
    )
    with within(5.0):
        assert answer(inputs, holding([system([top])])).count(b'"code"') == 9000
