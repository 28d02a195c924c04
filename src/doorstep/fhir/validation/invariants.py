"""The specification's invariants: every rule of every type, asked of every element that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Final, NamedTuple

from doorstep.fhir import structure
from doorstep.fhir.fhirpath.compiling import compiled
from doorstep.fhir.fhirpath.trouble import NotEvaluated
from doorstep.fhir.fhirpath.values import Env, Meter
from doorstep.fhir.structure import Field, Invariant
from doorstep.fhir.validation.by_hand import BY_HAND
from doorstep.fhir.validation.faults import LIMIT
from doorstep.fhir.validation.findings import Finding, capped, finding
from doorstep.fhir.validation.links import resource_types
from doorstep.fhir.validation.rule_words import CHINESE

Test = Callable[[Any, Env], bool | None]

# R4, contained resources: they need no narrative
_OUTER: Final = frozenset(("dom-6",))


class Rule(NamedTuple):
    """A rule made ready: asked of a value it answers yes, no, or None where its expression yields nothing."""

    key: str
    severity: str
    human: str
    test: Test


class Below(NamedTuple):
    """What stands under a key: the name of the element, its type, the rules of both."""

    name: str
    kind: str
    rules: tuple[Rule, ...]


def invariants(type_name: str, resource: dict[str, Any]) -> list[Finding]:
    """Return the rules that a resource of a type breaks, and those that could not be evaluated: errors first.

    At most 100 are listed, and one that says so. Nothing is found in what has another shape than R4 says: that is for
    `check`.
    """
    if type(resource) is not dict or type_name not in resource_types():
        return []
    errors: list[Finding] = []
    others: list[Finding] = []
    try:
        _sort(_resource(resource, type_name, type_name, Env(resource, resource, Meter())), errors, others)
    except RecursionError:
        errors.append(finding("too-deep", type_name))
    return capped([*errors, *others], type_name)


def _sort(found: Iterable[Finding], errors: list[Finding], others: list[Finding]) -> None:
    for each in found:
        kept = errors if each.severity == "error" else others
        if len(kept) <= LIMIT:
            kept.append(each)
        if len(errors) > LIMIT:
            break


def _resource(resource: dict[str, Any], type_name: str, place: str, env: Env) -> Iterator[Finding]:
    contained = env.root is not resource
    yield from _asked(
        (rule for rule in _own(type_name) if not (contained and rule.key in _OUTER)), resource, place, env
    )
    yield from _children(resource, type_name, place, env)


def _children(value: dict[str, Any], kind: str, place: str, env: Env) -> Iterator[Finding]:
    below = _below(kind)
    for key, held in value.items():
        field = below.get(key)
        if field is None:
            continue
        spot = f"{place}.{field.name}"
        if type(held) is list:
            for index, each in enumerate(held):
                yield from _element(each, field, f"{spot}[{index}]", env)
        else:
            yield from _element(held, field, spot, env)


def _element(value: Any, field: Below, place: str, env: Env) -> Iterator[Finding]:
    if value is None:
        return
    if field.kind == "Resource":
        yield from _inner(value, field, place, env)
        return
    yield from _asked(field.rules, value, place, env)
    if type(value) is dict:
        yield from _children(value, field.kind, place, env)


def _inner(value: Any, field: Below, place: str, env: Env) -> Iterator[Finding]:
    name = value.get("resourceType") if type(value) is dict else None
    if type(name) is str and name in resource_types():
        # what a Bundle or Parameters carries stands for itself; what is contained knows its container
        root = env.root if field.name == "contained" else value
        yield from _resource(value, name, place, Env(value, root, env.meter))


def _asked(rules: Iterable[Rule], value: Any, place: str, env: Env) -> Iterator[Finding]:
    for rule in rules:
        try:
            answer = rule.test(value, env)
        except (NotEvaluated, RecursionError) as reason:
            yield finding("not-evaluated", place, key=rule.key, reason=str(reason)[:40])
            continue
        if answer is False:
            chinese = CHINESE.get(rule.key, rule.human)
            yield finding("invariant", place, rule.severity, key=rule.key, human=rule.human, chinese=chinese)


@cache
def _own(name: str) -> tuple[Rule, ...]:
    return _rules(structure.kind(name).invariants)


@cache
def _below(name: str) -> dict[str, Below]:
    return {key: _made(field) for key, field in structure.fields(name).items()}


def _made(field: Field) -> Below:
    code = field.type.code
    if code == "Resource":
        return Below(field.element.name, code, ())
    own = structure.kind(code).invariants
    by_key = {each.key: each for each in (*own, *field.element.invariants)}
    if structure.is_primitive(code):
        # a primitive that is there has a value
        by_key.pop("ele-1", None)
    return Below(field.element.name, code, _rules(by_key.values()))


def _rules(given: Iterable[Invariant]) -> tuple[Rule, ...]:
    return tuple(Rule(each.key, each.severity, each.human, _test(each)) for each in given)


def _test(invariant: Invariant) -> Test:
    return BY_HAND.get(invariant.key) or compiled(invariant.expression)
