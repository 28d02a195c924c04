"""The specification's invariants as fhirpathpy answers them: slow, and of other hands than ours."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from fhirpathpy import apply_parsed_path
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.engine.util import get_data
from fhirpathpy.models import models
from fhirpathpy.parser import parse

from doorstep.fhir.fhirpath.values import Env, Meter
from doorstep.fhir.structure import Invariant, fields, kind

# trace() hands its input on; its output is for a debugger
TRACE = re.compile(r"\.trace\([^()]*\)")
UCUM = "http://unitsofmeasure.org"


def _has_value(inputs: list[Any]) -> list[bool]:
    data = [get_data(each) for each in inputs]
    return [len(data) == 1 and data[0] is not None and not isinstance(data[0], dict)]


# what FHIR adds to FHIRPath and the oracle lacks
OPTIONS = {"userInvocationTable": {"hasValue": {"fn": _has_value, "arity": {0: []}}}}


# Rules that the oracle cannot evaluate: it resolves nothing, has no htmlChecks, wants one value where there are more.
LACKS = frozenset(("txt-1", "txt-2", "ctm-1", "dom-3", "rng-2"))


class CannotSay(Exception):
    """The oracle fails at an expression."""


@cache
def _parsed(expression: str) -> Any:
    return parse(TRACE.sub("", expression))


def answer(expression: str, value: Any, path: str, env: Env) -> bool | None:
    """What a rule says of a value whose type, or backbone path, is given; None where it yields nothing."""
    variables = {"resource": env.resource, "rootResource": env.root, "context": value, "ucum": UCUM}
    node = ResourceNode.create_node(copy.deepcopy(value), path)
    try:
        found = list(apply_parsed_path(node, _parsed(expression), variables, models["r4"], OPTIONS))
    except Exception as error:
        raise CannotSay(f"{type(error).__name__}: {error}") from None
    if len(found) > 1:
        raise CannotSay("more than one value")
    return None if not found else found[0] if isinstance(found[0], bool) else True


def broken(type_name: str, resource: dict[str, Any]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Key and place of all rules of a resource that are broken, and of those where the oracle cannot say."""
    said: set[tuple[str, str]] = set()
    unsaid: set[tuple[str, str]] = set()
    for rule, value, path, env, place in asked(type_name, resource):
        try:
            if answer(rule.expression, value, path, env) is False:
                said.add((rule.key, place))
        except CannotSay:
            unsaid.add((rule.key, place))
    return said, unsaid


Asked = tuple[Invariant, Any, str, Env, str]


def asked(type_name: str, resource: dict[str, Any]) -> Iterator[Asked]:
    """All rules of a resource with the values of which they are asked; contained resources are left out."""
    env = Env(resource, resource, Meter())
    for rule in kind(type_name).invariants:
        yield rule, resource, type_name, env, type_name
    yield from _below(type_name, resource, type_name, env)


def _below(name: str, value: dict[str, Any], place: str, env: Env) -> Iterator[Asked]:
    known = fields(name)
    for key, held in value.items():
        if key not in known or known[key].type.code == "Resource":
            continue
        element, path = known[key].element, known[key].type.code
        rules = {rule.key: rule for rule in (*kind(path).invariants, *element.invariants)}
        for index, each in enumerate(held if isinstance(held, list) else [held]):
            spot = f"{place}.{element.name}" + (f"[{index}]" if isinstance(held, list) else "")
            if each is None:
                continue
            for rule in rules.values():
                yield rule, each, path, env, spot
            if isinstance(each, dict):
                yield from _below(path, each, spot, env)
