# ruff: noqa: E501 - one case a line
"""The pieces of rules: grammar, three-valued truth, comparisons, narratives, and what keeps them cheap."""

from __future__ import annotations

import contextlib
import time
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir import build_bindings
from doorstep.fhir.fhirpath.compiling import compiled
from doorstep.fhir.fhirpath.grammar import parse
from doorstep.fhir.fhirpath.trouble import NotEvaluated, Unknown
from doorstep.fhir.fhirpath.values import Env, Meter
from doorstep.fhir.structure import kind, kind_names
from doorstep.fhir.tests import fhirpath_oracle as oracle
from doorstep.fhir.validation import invariants
from doorstep.fhir.validation.bindings import r4_bindings
from doorstep.fhir.validation.by_hand import BY_HAND
from doorstep.fhir.validation.faults import LIMIT
from doorstep.fhir.validation.narrative import is_filled, is_plain
from doorstep.fhir.validation.rule_words import CHINESE

XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


def ask(expression: str, value: dict[str, Any]) -> bool | None:
    return compiled(expression)(value, Env(value, value, Meter()))


def every_rule() -> dict[str, str]:
    """All rules of R4 by their key."""
    rules: dict[str, str] = {}
    for name in kind_names():
        own = [*kind(name).invariants, *(each for e in kind(name).elements for each in e.invariants)]
        rules |= {each.key: each.expression for each in own}
    return rules


def test_every_rule_is_compiled_or_written_by_hand():
    rules = every_rule()
    assert len(rules) == 238
    assert BY_HAND.keys() <= rules.keys()
    for key in rules.keys() - BY_HAND.keys():
        compiled(rules[key])


def test_rules_are_said_in_chinese():
    assert CHINESE.keys() <= every_rule().keys()
    found = invariants("Patient", {"resourceType": "Patient", "contact": [{"gender": "male"}]})
    assert "不满足规则 pat-1：联系人必须有姓名、联系方式、地址或机构" in [each.zh for each in found]


TRUTHS = {"true": "(a = 1)", "false": "(a = 2)", "empty": "(b = 1)"}


@pytest.mark.parametrize("operator", ["and", "or", "xor", "implies", "=", "!="])
def test_logic_has_three_values_as_in_the_oracle(operator):
    value = {"resourceType": "Basic", "a": 1}
    for left, right in product(TRUTHS, repeat=2):
        expression = f"{TRUTHS[left]} {operator} {TRUTHS[right]}"
        expected = oracle.answer(expression, value, "Basic", Env(value, value, Meter()))
        assert ask(expression, value) is expected, (left, operator, right)


@pytest.mark.parametrize(
    "expression",
    [
        "a + 1 = 2 and t & 'x' = 'abcx'",
        "a in (1 | 2) xor a in (3 | 4)",
        "t.startsWith('ab') and t.contains('bc') and t.matches('^a.c$') and t.substring(1) = 'bc'",
        "t.replaceMatches('b.*', '') = 'a' and '12'.toInteger() = 12 and t.toInteger().empty()",
        "l.count() = 3 and l.first() = 1 and l.tail().count() = 2 and l.isDistinct().not()",
        "l.where($this > 1).count() = 1 and l.select($this + 1).first() = 2 and l.all($this > 0)",
        "l.combine(l).count() = 6 and (l | l).count() = 2 and l.intersect(2 | 3).count() = 1",
        "l.exists($this = 2) and l.exists($this = 9).not() and (l contains 2)",
        "iif(a = 1, t, 'x') = 'abc' and iif(a = 2, t, 'x') = 'x'",
        "o.p.exists() and o.descendants().q.count() = 1 and o.children().count() = 1",
        "`a` = 1 and %resource.a = 1 and %context.a = 1 and %ucum.startsWith('http')",
        "m = n and (m != n).not()",
        "a > 0 and a >= 1 and a < 2 and a <= 1 and t > 'abb'",
        "r.is(Patient) and (r is Patient) and (r as Patient).exists() and r.ofType(Basic).empty()",
    ],
)
def test_the_language_as_in_the_oracle(expression):
    value = {
        "resourceType": "Basic", "a": 1, "t": "abc", "l": [1, 1, 2], "o": {"p": {"q": 1}},
        "m": {"x": 1, "y": [1]}, "n": {"y": [1], "x": 1}, "r": {"resourceType": "Patient"},
    }  # fmt: skip
    env = Env(value, value, Meter())
    if "descendants" not in expression and " is " not in expression:
        assert oracle.answer(expression, value, "Basic", env) is True
    assert ask(expression, value) is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.",
        "a =",
        "a b",
        "(a",
        "a)",
        "'a",
        "a.b(",
        "%x",
        "a ~~ b",
        "f()",
        "a.skip()",
        "a is Quantity",
        "a.ofType(code)",
        "a.resolve()",
    ],
)
def test_what_is_no_expression_of_ours_is_refused(text):
    with pytest.raises(Unknown):
        compiled(text)


@given(st.text(max_size=30))
def test_any_text_is_parsed_or_refused(text):
    with contextlib.suppress(Unknown):
        parse(text)


DATES = st.sampled_from(["2019", "2020", "2020-01", "2020-02", "2020-01-01", "2020-01-31T23:00:00Z", "2020-02-01T00:00:00+08:00"])  # fmt: skip


@given(DATES, DATES)
def test_a_period_is_refused_only_when_it_surely_ends_before_it_starts(start, end):
    period = "start.hasValue().not() or end.hasValue().not() or (start <= end)"
    forth, back = ask(period, {"start": start, "end": end}), ask(period, {"start": end, "end": start})
    assert not (forth is False and back is False)
    if start == end:
        assert forth is True
    if (start, end) == ("2020", "2020-02"):
        assert forth is None


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ({"value": 1, "unit": "g"}, {"value": 2, "unit": "g"}, True),
        ({"value": 3, "unit": "g"}, {"value": 2, "unit": "g"}, False),
        ({"value": 3, "code": "g", "system": "u"}, {"value": 2, "code": "kg", "system": "u"}, None),
        ({"value": 3, "code": "g", "system": "u"}, {"code": "g", "system": "u"}, None),
    ],
)
def test_quantities_are_compared_in_one_unit_only(low, high, expected):
    assert ask("low.empty() or high.empty() or (low <= high)", {"low": low, "high": high}) is expected


def test_two_values_where_one_is_wanted_are_no_answer():
    for expression in ("l and true", "l > 1", "a.startsWith('x')", "o > 1"):
        with pytest.raises(NotEvaluated):
            ask(expression, {"l": [1, 2], "a": 1, "o": {"x": 1}})


@pytest.mark.parametrize(
    ("inner", "plain", "filled"),
    [
        ("张三 &amp; <b>x</b>", True, True),
        ('<a href="http://example.org">x</a><img src="#a" alt="x"/>', True, True),
        ('<img src="data:image/png;base64,AA"/>', True, True),
        ("<p> \n </p>", True, False),
        ("<script>x</script>", False, True),
        ('<p onclick="x()">x</p>', False, True),
        ('<a href=" JavaScript:x()">x</a>', False, True),
        ('<a href="data:text/html,x">x</a>', False, True),
        ("<iframe/>x", False, True),
        ("<p>x", False, True),
        ("&nbsp;", False, True),
        ('<p xmlns="http://www.w3.org/2000/svg">x</p>', False, True),
    ],
)
def test_narratives(inner, plain, filled):
    assert (is_plain(XHTML.format(inner)), is_filled(XHTML.format(inner))) == (plain, filled)


def test_a_narrative_makes_no_entities():
    bomb = '<!DOCTYPE div [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + XHTML.format("&b;")
    assert not is_plain(bomb)


def team(member: dict[str, Any], **more: Any) -> list[str]:
    participant = {"member": member, "onBehalfOf": {"reference": "Organization/1"}}
    return [each.code for each in invariants("CareTeam", {"resourceType": "CareTeam", "participant": [participant], **more})
            if each.code != "invariant" or "ctm-1" in each.en]  # fmt: skip


def test_who_acts_on_behalf_of_somebody():
    assert team({"reference": "Practitioner/1"}) == []
    assert team({"reference": "Patient/1"}) == ["invariant"]
    assert team({"reference": "urn:uuid:1"}) == ["not-evaluated"]
    assert team({"reference": "urn:uuid:1", "type": "Practitioner"}) == []
    assert team({"reference": "#a"}, contained=[{"resourceType": "Practitioner", "id": "a"}]) == []


def test_a_rule_that_costs_too_much_says_so_in_time():
    coding = [{"system": "s", "code": str(number)} for number in range(20_000)]
    component = [{"code": {"coding": [{"code": "x"}]}, "valueString": "x"} for _ in range(20_000)]
    resource = {"resourceType": "Observation", "code": {"coding": coding}, "valueString": "x", "component": component}
    started = time.process_time()
    found = invariants("Observation", resource)
    assert time.process_time() - started < 10
    assert any(each.code == "not-evaluated" and "too costly" in each.en for each in found)
    assert len(found) <= LIMIT + 1


def test_errors_come_before_warnings_when_there_are_too_many():
    entry = [
        {"fullUrl": f"urn:uuid:{n}", "resource": {"resourceType": "Basic", "code": {"text": "x"}}} for n in range(300)
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "total": 300, "entry": entry}
    found = invariants("Bundle", bundle)
    assert ("bdl-1" in found[0].en, found[0].severity) == (True, "error")
    assert (len(found), found[-1].code) == (LIMIT + 1, "too-many-findings")


def test_value_sets_are_listed_with_what_they_include_and_without_what_they_exclude():
    systems = [
        {
            "resourceType": "CodeSystem",
            "url": "s",
            "content": "complete",
            "concept": [{"code": "a", "concept": [{"code": "b", "concept": [{"code": "c"}]}]}, {"code": "d"}],
        },
        {"resourceType": "CodeSystem", "url": "p", "content": "fragment", "concept": [{"code": "a"}]},
    ]
    sets = [
        {"url": "all", "compose": {"include": [{"system": "s"}], "exclude": [{"system": "s", "concept": [{"code": "d"}]}]}},
        {"url": "some", "compose": {"include": [{"system": "s", "concept": [{"code": "d"}, {"code": "a"}]}]}},
        {"url": "both", "compose": {"include": [{"valueSet": ["all|1", "some"]}, {"system": "x", "concept": [{"code": "y"}]}]}},
        {"url": "part", "compose": {"include": [{"system": "p"}]}},
        {"url": "filter", "compose": {"include": [{"system": "s", "filter": []}]}},
        {"url": "loop", "compose": {"include": [{"valueSet": ["loop"]}]}},
    ]  # fmt: skip
    known = build_bindings.Terminology([*systems, *({"resourceType": "ValueSet", **each} for each in sets)])
    assert known.listed("all") == {"s": {"a", "b", "c"}}
    assert known.listed("both") == {"s": {"a"}, "x": {"y"}}
    for url in ("part", "filter", "loop", "absent"):
        with pytest.raises(build_bindings.Unlisted):
            known.listed(url)


@pytest.mark.parametrize(
    ("value_set", "right", "wrong"),
    [
        ("mimetypes", ["text/plain", "text/plain; charset=utf-8", 'a/b;c="d e"', "json"], ["text", "text/", "a/b c", "a/b; c"]),
        ("ucum-units", ["mg/dL", "10*9/L", "{score}", "mm[Hg]", "1"], ["", "m g", "{a b}", "毫克"]),
        ("currencies", ["CNY"], ["cny", "RMBY"]),
        ("administrative-gender", ["male"], ["Male", ""]),
        ("all-types", ["Patient", "HumanName", "Resource"], ["Patients"]),
    ],
)  # fmt: skip
def test_codes_of_value_sets(value_set, right, wrong):
    member = r4_bindings().codes(f"http://hl7.org/fhir/ValueSet/{value_set}")
    assert member is not None
    assert [each for each in right if not member(each)] == []
    assert [each for each in wrong if member(each)] == []


def test_the_file_of_value_sets_is_written_from_the_definitions(tmp_path, capsys):
    made = build_bindings.BUILD / "fhir-r4-structure.json"
    (tmp_path / made.name).write_bytes(made.read_bytes())
    assert build_bindings.main(["--out", str(tmp_path)]) == 0
    assert "221 required value sets listed" in capsys.readouterr().out
    assert (tmp_path / build_bindings.BINDINGS.name).read_bytes() == build_bindings.BINDINGS.read_bytes()
    assert build_bindings.main(["--out", str(tmp_path), "--definitions", str(tmp_path)]) == 1
    assert "missing" in capsys.readouterr().err
