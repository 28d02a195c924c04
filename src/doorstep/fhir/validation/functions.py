"""The functions of FHIRPath that the invariants of R4 call."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, Final

from doorstep.fhir.validation.grammar import Unknown
from doorstep.fhir.validation.links import resource_types
from doorstep.fhir.validation.values import (
    Bare,
    Items,
    NotEvaluated,
    children,
    descendants,
    key_of,
    same,
    single,
    truth,
)

Criterion = Callable[[Any], Items]
_PYTHON: Final[dict[str, tuple[type, ...]]] = {"Boolean": (bool,), "decimal": (int, float, Decimal)}


def union(left: Items, right: Items) -> Items:
    """Return both without what is there twice."""
    return list({key_of(item): item for item in (*left, *right)}.values())


def typed(source: Callable[[Items, Any], Items], name: str, operator: str) -> Callable[[Items, Any], Items]:
    """Return `is`, `as` or `ofType` a type; raises Unknown for types that JSON does not tell."""
    if name in _PYTHON:
        of_type = _python_test(_PYTHON[name])
    elif name in resource_types():
        of_type = _resource_test(name)
    else:
        raise Unknown(name)
    if operator == "is":
        return lambda items, scope: [of_type(item) for item in source(items, scope)[:1]]
    return lambda items, scope: [item for item in source(items, scope) if of_type(item)]


def _python_test(types: tuple[type, ...]) -> Callable[[Any], bool]:
    return lambda item: type(item) in types


def _resource_test(name: str) -> Callable[[Any], bool]:
    return lambda item: type(item) is dict and item.get("resourceType") == name


def _text(items: Items) -> str | None:
    value = single(items)
    if value is not None and type(value) is not str:
        raise NotEvaluated("a string is expected")
    return value


def _not(items: Items) -> Items:
    value = truth(items)
    return [] if value is None else [not value]


def _has_value(items: Items) -> Items:
    return [len(items) == 1 and not isinstance(items[0], (dict, Bare))]


def _is_distinct(items: Items) -> Items:
    return [len({key_of(item) for item in items}) == len(items)]


def _starts_with(items: Items, start: Items) -> Items:
    text, wanted = _text(items), _text(start)
    return [] if text is None or wanted is None else [text.startswith(wanted)]


def _contains(items: Items, part: Items) -> Items:
    text, wanted = _text(items), _text(part)
    return [] if text is None or wanted is None else [wanted in text]


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.DOTALL)


def _matches(items: Items, pattern: Items) -> Items:
    text, wanted = _text(items), _text(pattern)
    return [] if text is None or wanted is None else [_pattern(wanted).search(text) is not None]


def _replace_matches(items: Items, pattern: Items, new: Items) -> Items:
    text, wanted, put = _text(items), _text(pattern), _text(new)
    return [] if text is None or wanted is None or put is None else [_pattern(wanted).sub(put, text)]


def _substring(items: Items, start: Items) -> Items:
    text, first = _text(items), single(start)
    return [] if text is None or first is None or first >= len(text) else [text[first:]]


def _to_integer(items: Items) -> Items:
    value = single(items)
    if type(value) is str and re.fullmatch(r"[+-]?[0-9]{1,10}", value):
        return [int(value)]
    return [int(value)] if type(value) in (int, bool) else []


def _to_string(items: Items) -> Items:
    value = single(items)
    if value is None or type(value) is dict:
        return []
    return [str(value).lower() if type(value) is bool else str(value)]


def _intersect(items: Items, others: Items) -> Items:
    keys = {key_of(item) for item in others}
    return [item for item in items if key_of(item) in keys]


def _all_false(items: Items) -> Items:
    return [all(same(item, False) for item in items)]


PLAIN: Final[dict[str, Callable[..., Items]]] = {
    "empty": lambda items: [not items],
    "not": _not,
    "count": lambda items: [len(items)],
    "hasValue": _has_value,
    "children": lambda items: [child for item in items for child in children(item)],
    "descendants": lambda items: list(descendants(items)),
    "isDistinct": _is_distinct,
    "first": lambda items: items[:1],
    "tail": lambda items: items[1:],
    "startsWith": _starts_with,
    "contains": _contains,
    "matches": _matches,
    "replaceMatches": _replace_matches,
    "substring": _substring,
    "toInteger": _to_integer,
    "toString": _to_string,
    "combine": lambda items, others: [*items, *others],
    "intersect": _intersect,
    "allFalse": _all_false,
}
EACH: Final[dict[str, Callable[[Items, Criterion], Items]]] = {
    "where": lambda items, test: [item for item in items if truth(test(item))],
    "select": lambda items, choose: [found for item in items for found in choose(item)],
    "all": lambda items, test: [all(truth(test(item)) for item in items)],
    "exists": lambda items, test: [any(truth(test(item)) for item in items)],
}
