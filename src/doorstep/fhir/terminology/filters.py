"""The filters of ValueSet.compose: which concepts of a system they select."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any, Final

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.patterns import pattern
from doorstep.fhir.terminology.systems import System, value_of

Filter = Mapping[str, Any]
Test = Callable[[int], bool]
_SELF: Final = ("concept", "code")
_KNOWN: Final = frozenset({"code", "concept", "display", "definition", "parent", "child", "inactive", "notSelectable"})
_TREE: Final = frozenset({"is-a", "descendent-of", "is-not-a", "generalizes"})


def select(system: System, filters: Sequence[Filter]) -> list[int]:
    """Return the positions that all filters let pass, in the system's order; FhirProblem where one cannot be done."""
    narrowest: Set[int] | range = range(len(system))
    tests: list[Test] = []
    for each in filters:
        within = _walked(system, each)
        if within is None:
            tests.append(_test(system, each))
        elif len(within) < len(narrowest):
            tests.append(narrowest.__contains__)
            narrowest = within
        else:
            tests.append(within.__contains__)
    chosen = narrowest if isinstance(narrowest, range) else sorted(narrowest)
    return [position for position in chosen if all(test(position) for test in tests)]


def passes(system: System, filters: Sequence[Filter], position: int) -> bool:
    """Say whether all filters let one concept pass, without looking at the others."""
    return all(_passes(system, each, position) for each in filters)


def _passes(system: System, asked: Filter, position: int) -> bool:
    if asked["op"] not in _TREE:
        return _test(system, asked)(position)
    top = _top(system, asked)
    if asked["op"] == "generalizes":
        return position in system.above(top)
    inside = top in system.above(position)
    if asked["op"] == "descendent-of":
        return inside and position != top
    return inside is (asked["op"] == "is-a")


def _walked(system: System, asked: Filter) -> Set[int] | None:
    """Return the positions that a filter on the hierarchy lets pass; None for the other filters."""
    op = asked["op"]
    if op not in _TREE:
        return None
    top = _top(system, asked)
    if op == "generalizes":
        return system.above(top)
    inside = system.below(top)
    if op == "descendent-of":
        return inside - {top}
    return inside if op == "is-a" else frozenset(range(len(system))) - inside


def _top(system: System, asked: Filter) -> int:
    position = system.find(asked["value"]) if asked["property"] in _SELF else None
    if position is None:
        raise _refused(system, asked)
    return position


def _test(system: System, asked: Filter) -> Test:
    op, name, value = asked["op"], asked["property"], asked["value"]
    if name not in _KNOWN and name not in system.declared:
        raise _refused(system, asked)
    if op == "=":
        return lambda position: value in values(system, name, position)
    if op in ("in", "not-in"):
        wanted = frozenset(part.strip() for part in value.split(","))
        return lambda position: wanted.isdisjoint(values(system, name, position)) is (op == "not-in")
    if op == "regex":
        fits = pattern(value).matches
        return lambda position: any(fits(each) for each in values(system, name, position))
    if op == "exists" and value in ("true", "false"):
        return lambda position: any(True for _ in values(system, name, position)) is (value == "true")
    raise _refused(system, asked)


def values(system: System, name: str, position: int) -> Iterator[str]:
    """Yield the values of a concept's property as filters write them: codes, numbers and truths as text."""
    if name in _SELF:
        yield system.code(position)
    elif name in ("parent", "child"):
        for each in system.parents(position) if name == "parent" else system.children(position):
            yield system.code(each)
    elif name in ("display", "definition"):
        text = system.concepts[position].get(name)
        if text is not None:
            yield text
    elif name == "inactive":
        yield _text(system.inactive(position))
    elif name == "notSelectable":
        yield _text(system.abstract(position))
    else:
        yield from (_text(value_of(each)) for each in system.properties(position) if each["code"] == name)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.get("code")) if isinstance(value, Mapping) else str(value)


def _refused(system: System, asked: Filter) -> FhirProblem:
    params: dict[str, str | int] = {key: str(asked.get(key)) for key in ("property", "op", "value")}
    return FhirProblem("bad-filter", None, None, None, system=system.url, **params)
