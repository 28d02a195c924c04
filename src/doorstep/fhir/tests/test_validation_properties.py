"""Random resources that are right pass, random faults in them are found at their place, and rules have an oracle."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from doorstep.fhir import structure
from doorstep.fhir.fhirpath.compiling import compiled
from doorstep.fhir.tests import fhirpath_oracle as oracle
from doorstep.fhir.tests.generate import resources
from doorstep.fhir.validation import check, invariants
from doorstep.fhir.validation.by_hand import BY_HAND

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
Spot = tuple[Any, Any, str, str | None]


def spots(name: str, value: dict[str, Any], place: str) -> Iterator[Spot]:
    """Every place of a resource: what holds it, the key or index, its FHIRPath, and the type where it is an object."""
    known = structure.fields(name)
    for key, held in value.items():
        if key not in known:
            continue
        code, spot = known[key].type.code, f"{place}.{known[key].element.name}"
        yield value, key, spot, None
        for holder, step, inside in _each(value, key, held, spot):
            below = holder[step]
            kind = below.get("resourceType") if code == "Resource" else code
            if isinstance(below, dict) and kind:
                yield holder, step, inside, kind
                yield from spots(kind, below, inside)


def _each(value: dict[str, Any], key: str, held: Any, spot: str) -> Iterator[tuple[Any, Any, str]]:
    if not isinstance(held, list):
        if isinstance(held, dict):
            yield value, key, spot
        return
    for index, each in enumerate(held):
        if isinstance(each, dict):
            yield held, index, f"{spot}[{index}]"


def spoil(draw: Any, name: str, resource: dict[str, Any]) -> set[str]:
    """Break one thing in a resource that was right; return the places at which that may be reported."""
    places = list(spots(name, resource, name))
    objects = [(resource, None, name, name), *[each for each in places if each[3]]]
    how = draw(st.sampled_from(["unknown", "missing", "choice", "shape", "null", "empty", "nested"]))
    if how in ("unknown", "missing", "choice"):
        holder, step, place, kind = draw(st.sampled_from(objects))
        return _spoil_object(draw, how, holder if step is None else holder[step], place, kind)
    assume(places)
    holder, step, place, _ = draw(st.sampled_from(places))
    if how == "null":
        # among primitives null may be right, so a whole element is taken
        assume(isinstance(step, str))
        holder[step] = None
    elif how == "empty":
        holder[step] = [] if isinstance(holder[step], list) else {}
    elif how == "nested":
        holder[step] = [holder[step]]
        # an array of one array
        return {place, f"{place}[0]"}
    else:
        value = holder[step]
        holder[step] = value[0] if isinstance(value, list) else {"nobody": 1} if not isinstance(value, dict) else "text"
        return {place, f"{place}.nobody"}
    return {place}


def _spoil_object(draw: Any, how: str, value: dict[str, Any], place: str, kind: str) -> set[str]:
    elements = structure.kind(kind).elements
    if how == "unknown":
        value["nobody"] = 1
        return {f"{place}.nobody"}
    if how == "missing":
        needed = [e for e in elements if e.min]
        assume(needed)
        element = draw(st.sampled_from(needed))
        for key in [k for k, f in structure.fields(kind).items() if f.element is element]:
            value.pop(key, None)
            value.pop(f"_{key}", None)
        # what is left without any key is empty
        return {f"{place}.{element.name}", place}
    chosen = [e for e in elements if e.choice and len(e.types) > 1 and any(_key(e, t) in value for t in e.types)]
    assume(chosen)
    element = draw(st.sampled_from(chosen))
    other = next(_key(element, t) for t in element.types if _key(element, t) not in value)
    value[other] = next(value[_key(element, t)] for t in element.types if _key(element, t) in value)
    return {f"{place}.{element.name}"}


def _key(element: structure.Element, type_: structure.TypeRef) -> str:
    return element.name + type_.code[0].upper() + type_.code[1:]


def named(resource: dict[str, Any]) -> dict[str, Any]:
    """The same with an id for each contained resource, which the generator leaves to chance."""
    for number, inner in enumerate(resource.get("contained", ())):
        inner["id"] = f"c{number}"
    return resource


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(resources().map(named))
def test_what_is_right_passes(resource):
    before = copy.deepcopy(resource)
    assert check(resource["resourceType"], resource) == []
    invariants(resource["resourceType"], resource)
    assert resource == before


@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
@given(st.data(), resources().map(named))
def test_a_random_fault_is_found_at_its_place(data, resource):
    name = resource["resourceType"]
    allowed = spoil(data.draw, name, resource)
    found = check(name, resource)
    assert any(each.severity == "error" and each.expression in allowed for each in found), (allowed, found)


@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(resources())
def test_the_rules_answer_as_the_oracle_does(resource):
    name = resource["resourceType"]
    resource = as_json(resource)
    for rule, value, path, env, place in oracle.asked(name, resource):
        if rule.key in BY_HAND or not supported(rule.expression):
            continue
        try:
            expected = oracle.answer(rule.expression, value, path, env)
        except oracle.CannotSay:
            assert rule.key in oracle.LACKS
            continue
        assert compiled(rule.expression)(value, env) is expected, (rule.key, place)


def supported(expression: str) -> bool:
    """Whether the oracle follows the rule's words here: it has no order of dates that are known in part."""
    return "<=" not in expression and ">=" not in expression


def as_json(value: Any) -> Any:
    """The same with decimals as a parser gives them, and nothing beside primitives, which the oracle takes amiss."""
    if isinstance(value, dict):
        return {key: as_json(below) for key, below in value.items() if key[0] != "_"}
    if isinstance(value, list):
        return [as_json(below) for below in value]
    return value if isinstance(value, (str, int, type(None))) else float(value)
