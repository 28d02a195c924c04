"""What must hold of any code system and any value set, against a slow and obvious reading of the rules."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.compose import Composer
from doorstep.fhir.terminology.definitions import builtin, holding
from doorstep.fhir.terminology.expansion import Wish, expand
from doorstep.fhir.terminology.patterns import pattern
from doorstep.fhir.terminology.search import members
from doorstep.fhir.terminology.systems import Kept, System
from doorstep.fhir.terminology.validation import Manner, in_value_set

URL = "http://example.org/vs"
CODES = [f"{letter}{digit}" for letter in "abc" for digit in range(6)]
codes = st.sampled_from(CODES)


@st.composite
def systems(draw: st.DrawFn, url: str = "urn:s") -> dict[str, Any]:
    """A code system with a random tree, further parents (in circles too), inactive and abstract concepts."""
    names = draw(st.lists(codes, unique=True, min_size=1, max_size=12))
    concepts = [
        {"code": name, "display": f"Display {name}", "property": draw(properties(names)), "concept": []}
        for name in names
    ]
    top = []
    for place, concept in enumerate(concepts):
        parent = draw(st.integers(-2, place - 1))
        (concepts[parent]["concept"] if parent >= 0 else top).append(concept)
    declared = [{"code": "parent", "type": "code"}, {"code": "group", "type": "string"}]
    return {
        "resourceType": "CodeSystem",
        "url": url,
        "content": "complete",
        "caseSensitive": True,
        "property": declared,
        "concept": top,
    }


@st.composite
def properties(draw: st.DrawFn, names: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"code": "parent", "valueCode": name} for name in draw(st.lists(st.sampled_from(names), max_size=1))
    ]
    found += [{"code": "group", "valueString": value} for value in draw(st.lists(st.sampled_from("xyz"), max_size=2))]
    found += [{"code": "inactive", "valueBoolean": draw(st.booleans())}] * draw(st.integers(0, 1))
    return found + [{"code": "notSelectable", "valueBoolean": True}] * draw(st.integers(0, 1))


@st.composite
def includes(draw: st.DrawFn, system: dict[str, Any], imported: list[str]) -> dict[str, Any]:
    part: dict[str, Any] = {"system": system["url"]}
    kind = draw(
        st.sampled_from(["all", "listed", "filter", "import", "both"] if imported else ["all", "listed", "filter"])
    )
    if kind in ("import", "both"):
        part["valueSet"] = draw(st.lists(st.sampled_from(imported), min_size=1, max_size=2, unique=True))
    if kind == "import":
        del part["system"]
    if kind == "listed":
        part["concept"] = [{"code": code} for code in draw(st.lists(codes, min_size=1, max_size=5))]
    if kind == "filter":
        part["filter"] = draw(st.lists(filters(walk(system)), min_size=1, max_size=2))
    return part


def filters(names: dict[str, set[str]]) -> st.SearchStrategy[dict[str, str]]:
    trees = st.tuples(
        st.just("concept"),
        st.sampled_from(["is-a", "descendent-of", "is-not-a", "generalizes"]),
        st.sampled_from(sorted(names)),
    )
    groups = st.tuples(st.just("group"), st.sampled_from(["=", "in", "not-in"]), st.sampled_from("xyz"))
    patterns = st.tuples(st.just("code"), st.just("regex"), st.sampled_from(["a.*", "[ab][0-2]", "c\\d|b1"]))
    exists = st.tuples(st.just("group"), st.just("exists"), st.sampled_from(["true", "false"]))
    return st.one_of(trees, groups, patterns, exists).map(
        lambda f: dict(zip(("property", "op", "value"), f, strict=True))
    )


@st.composite
def houses(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A code system and four value sets, each of which may import those before it."""
    system = draw(systems())
    urls: list[str] = []
    sets = []
    for number in range(4):
        parts = {
            name: draw(st.lists(includes(system, urls), min_size=least, max_size=2))
            for name, least in (("include", 1), ("exclude", 0))
        }
        url = f"{URL}{number}"
        sets.append({"resourceType": "ValueSet", "url": url, "status": "active", "compose": parts})
        urls.append(url)
    return [system, *sets]


def walk(system: dict[str, Any]) -> dict[str, set[str]]:
    """The direct parents of every code."""
    found: dict[str, set[str]] = {}

    def visit(concepts: list[dict[str, Any]], parent: str | None) -> None:
        for each in concepts:
            stated = {p["valueCode"] for p in each["property"] if p["code"] == "parent"}
            found[each["code"]] = {code for code in {parent, *stated} if code not in (None, each["code"])}
            visit(each["concept"], each["code"])

    visit(system["concept"], None)
    return found


def ancestors(parents: dict[str, set[str]], code: str) -> set[str]:
    found = {code}
    while True:
        more = found | {parent for each in found for parent in parents[each]}
        if more == found:
            return found
        found = more


def expected(house: list[dict[str, Any]], value_set: dict[str, Any]) -> set[str]:
    """What the rules say, in sets."""
    system, *sets = house
    parents = walk(system)
    flat = {concept["code"]: concept for concept in every(system["concept"])}
    by_url = {each["url"]: each for each in sets}

    def passes(code: str, by: dict[str, str]) -> bool:
        groups = {p["valueString"] for p in flat[code]["property"] if p["code"] == "group"}
        value = by["value"]
        return {
            "is-a": lambda: value in ancestors(parents, code),
            "descendent-of": lambda: value in ancestors(parents, code) and value != code,
            "is-not-a": lambda: value not in ancestors(parents, code),
            "generalizes": lambda: code in ancestors(parents, value),
            "=": lambda: value in groups,
            "in": lambda: value in groups,
            "not-in": lambda: value not in groups,
            "exists": lambda: bool(groups) is (value == "true"),
            "regex": lambda: re.fullmatch(value, code) is not None,
        }[by["op"]]()

    def chosen(part: dict[str, Any]) -> set[str]:
        found = set(flat)
        if "concept" in part:
            found &= {each["code"] for each in part["concept"]}
        for by in part.get("filter", ()):
            found = {code for code in found if passes(code, by)}
        for url in part.get("valueSet", ()):
            found &= expected(house, by_url[url])
        return found

    compose = value_set["compose"]
    return set().union(*map(chosen, compose["include"])) - set().union(*map(chosen, compose["exclude"]))


def every(concepts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [found for each in concepts for found in (each, *every(each["concept"]))]


def contained(contains: list[dict[str, Any]]) -> list[str]:
    return [code for each in contains for code in (each["code"], *contained(each.get("contains", [])))]


@given(houses())
def test_expansions_are_set_arithmetic_and_agree_with_validation(house: list[dict[str, Any]]):
    definitions = holding(house)
    value_set = house[-1]
    wanted = expected(house, value_set)
    nested = contained(expand(definitions, value_set, Wish())["expansion"].get("contains", []))
    flat = contained(expand(definitions, value_set, Wish(exclude_nested=True))["expansion"].get("contains", []))
    assert sorted(nested) == sorted(flat) == sorted(wanted)
    assert {code for _, code in members(definitions, value_set["url"])} == wanted
    for code in CODES:
        coding = {"system": "urn:s", "code": code}
        verdict = in_value_set(definitions, value_set, [coding], Manner(abstract=True))
        assert verdict.result is (code in wanted)
        assert (verdict.message is None) or not verdict.result or "停用" in verdict.message
        assert in_value_set(definitions, value_set, [{"code": code}], Manner(abstract=True)).result is (code in wanted)


@given(houses(), st.integers(1, 5), st.booleans())
def test_pages_together_are_the_whole_once(house: list[dict[str, Any]], size: int, active: bool):
    definitions = holding(house)
    whole = expand(definitions, house[-1], Wish(exclude_nested=True, active_only=active))["expansion"]
    found: list[str] = []
    for offset in range(0, whole["total"], size):
        page = expand(definitions, house[-1], Wish(offset=offset, count=size, active_only=active))["expansion"]
        assert page["total"] == whole["total"]
        found += contained(page["contains"])
    assert found == contained(whole.get("contains", []))


@given(systems())
def test_the_hierarchy_is_what_a_plain_walk_finds(resource: dict[str, Any]):
    system, parents = System(resource), walk(resource)
    assert len(system) == len(parents)
    for code in parents:
        position = system.find(code)
        assert position is not None
        assert {system.code(each) for each in system.above(position)} == ancestors(parents, code)
        assert {system.code(each) for each in system.below(position)} == {
            c for c in parents if code in ancestors(parents, c)
        }


@pytest.mark.parametrize("url", builtin().urls("ValueSet")[::9])
def test_every_code_of_r4s_own_expansions_validates_and_another_does_not(url: str):
    value_set = builtin().value_set(url, None)
    assert value_set is not None
    try:
        found = Composer(builtin()).select(value_set)
    except FhirProblem as problem:
        if problem.code not in ("system-not-loaded", "value-set-not-loaded", "bad-filter"):
            raise
        return
    for item in list(found.values())[:200]:
        coding = {"system": item.system.url, "code": item.code, "display": item.display(None)}
        coding = {key: value for key, value in coding.items() if value is not None}
        assert in_value_set(builtin(), value_set, [coding], Manner(abstract=True)).result
        assert not in_value_set(
            builtin(), value_set, [{**coding, "code": f"{item.code}~"}], Manner(abstract=True)
        ).result


# patterns, against Python's own


@st.composite
def patterns(draw: st.DrawFn, depth: int = 3) -> str:
    if depth == 0 or draw(st.booleans()):
        return draw(
            st.sampled_from(["a", "b", "1", ".", "\\d", "\\w", "[ab]", "[^a]", "[0-9-]", "\\.", "\\W", "-", "[\\d.]"])
        )
    kind = draw(st.sampled_from(["pair", "either", "repeat", "group"]))
    first = draw(patterns(depth=depth - 1))
    if kind == "pair":
        return first + draw(patterns(depth=depth - 1))
    if kind == "either":
        return f"(?:{first}|{draw(patterns(depth=depth - 1))})"
    if kind == "repeat":
        return f"(?:{first})" + draw(st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "{0,}", "{0}"]))
    return f"({first})"


@given(patterns(), st.lists(st.text("ab1.-", max_size=7), max_size=8))
def test_patterns_match_as_pythons_do(text: str, tries: list[str]):
    made = pattern(text)
    for each in tries:
        assert made.matches(each) is (re.fullmatch(text, each) is not None), (text, each)


@given(st.text("ab()[]{}*+?|\\^$.,-1d", max_size=12))
def test_any_text_is_a_pattern_or_refused(text: str):
    try:
        pattern(text).matches("ab1")
    except FhirProblem as problem:
        if problem.code != "bad-pattern":
            raise


def test_indexes_are_kept_once_and_not_without_bounds():
    kept = Kept(most=2 * 60 + 5)
    resources = [{"url": f"urn:{n}", "concept": [{"code": str(c)} for c in range(10)]} for n in range(4)]
    first = kept.get(resources[0], ())
    assert kept.get(resources[0], ()) is first
    kept.get(resources[1], ())
    assert kept.get(resources[0], ()) is first
    kept.get(resources[2], ())
    kept.get(resources[3], ())
    assert kept.get(resources[0], ()) is not first
