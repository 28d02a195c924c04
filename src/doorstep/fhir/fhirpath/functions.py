"""The functions of FHIRPath on collections."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from doorstep.fhir.fhirpath import conversions, numbers, texts
from doorstep.fhir.fhirpath.elements import Element
from doorstep.fhir.fhirpath.moments import Moment, moment
from doorstep.fhir.fhirpath.trouble import NotEvaluated
from doorstep.fhir.fhirpath.types import info
from doorstep.fhir.fhirpath.values import Bare, Items, below, children, descendants, key_of, same, single, truth

Criterion = Callable[[Any], Items]


def union(left: Items, right: Items) -> Items:
    """Return both without what is there twice."""
    return list(_by_key((*left, *right)).values())


def _by_key(items: Iterable[Any]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for item in items:
        found.setdefault(key_of(item), item)
    return found


def _distinct(items: Items) -> Items:
    return union(items, [])


def _not(items: Items) -> Items:
    value = truth(items)
    return [] if value is None else [not value]


def _has_value(items: Items) -> Items:
    if len(items) != 1 or isinstance(items[0], (dict, Bare)):
        return [False]
    return [type(items[0]) is not Element or type(items[0].value) not in (dict, type(None))]


def _is_distinct(items: Items) -> Items:
    return [len({key_of(item) for item in items}) == len(items)]


def _intersect(items: Items, others: Items) -> Items:
    keys = {key_of(item) for item in others}
    return _distinct([item for item in items if key_of(item) in keys])


def _exclude(items: Items, others: Items) -> Items:
    keys = {key_of(item) for item in others}
    return [item for item in items if key_of(item) not in keys]


def _subset(items: Items, others: Items) -> Items:
    return [{key_of(item) for item in items} <= {key_of(item) for item in others}]


def _single(items: Items) -> Items:
    if len(items) > 1:
        raise NotEvaluated("more than one value")
    return items


def _number(items: Items) -> int:
    number = single(items)
    if type(number) is not int:
        raise NotEvaluated("an integer is expected")
    return max(number, 0)


def _every(wanted: bool) -> Callable[[Items], Items]:
    def run(items: Items) -> Items:
        return [all(_boolean(item) is wanted for item in items)]

    return run


def _some(wanted: bool) -> Callable[[Items], Items]:
    def run(items: Items) -> Items:
        return [any(_boolean(item) is wanted for item in items)]

    return run


def _boolean(item: Any) -> bool:
    value = single([item])
    if type(value) is not bool:
        raise NotEvaluated("a boolean is expected")
    return value


def _extension(items: Items, url: Items) -> Items:
    wanted = single(url)
    found = [each for item in items for each in below(item, "extension")]
    return [each for each in found if any(same(link, wanted) for link in below(each, "url"))]


def repeated(items: Items, choose: Criterion) -> Items:
    """Return what is chosen from the items, from what was chosen, and so on, each value once."""
    found: dict[Any, Any] = {}
    todo = [each for item in items for each in choose(item)]
    while todo:
        fresh = {key: each for key, each in _by_key(todo).items() if key not in found}
        found |= fresh
        todo = [each for item in fresh.values() for each in choose(item)]
    return list(found.values())


def _now(kind: str) -> Callable[[Items], Items]:
    def run(items: Items) -> Items:
        text = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if kind == "date":
            return [moment(text[:10])]
        whole = moment(text)
        return [whole if kind == "dateTime" or whole is None else Moment("time", whole.parts[3:])]

    return run


PLAIN: Final[dict[str, Callable[..., Items]]] = {
    "empty": lambda items: [not items],
    "not": _not,
    "count": lambda items: [len(items)],
    "hasValue": _has_value,
    "getValue": lambda items: [single(items)] if _has_value(items)[0] else [],
    "children": lambda items: [child for item in items for child in children(item)],
    "descendants": lambda items: list(descendants(items)),
    "isDistinct": _is_distinct,
    "distinct": _distinct,
    "first": lambda items: items[:1],
    "last": lambda items: items[-1:],
    "tail": lambda items: items[1:],
    "skip": lambda items, number: items[_number(number) :],
    "take": lambda items, number: items[: _number(number)],
    "single": _single,
    "combine": lambda items, others: [*items, *others],
    "union": union,
    "intersect": _intersect,
    "exclude": _exclude,
    "subsetOf": _subset,
    "supersetOf": lambda items, others: _subset(others, items),
    "allTrue": _every(True),
    "allFalse": _every(False),
    "anyTrue": _some(True),
    "anyFalse": _some(False),
    "extension": _extension,
    "type": info,
    "today": _now("date"),
    "now": _now("dateTime"),
    "timeOfDay": _now("time"),
    **texts.FUNCTIONS,
    **numbers.FUNCTIONS,
    **conversions.FUNCTIONS,
}
# how many arguments they take; none where it is not said
ARGUMENTS: Final[dict[str, tuple[int, ...]]] = {
    **dict.fromkeys(("skip", "take", "combine", "union", "intersect", "exclude", "subsetOf", "supersetOf"), (1,)),
    **dict.fromkeys(("extension", "startsWith", "endsWith", "contains", "matches", "matchesFull", "indexOf"), (1,)),
    **dict.fromkeys(("split", "encode", "decode", "escape", "unescape", "log", "power", "comparable"), (1,)),
    **dict.fromkeys(("join", "round", "lowBoundary", "highBoundary"), (0, 1)),
    **dict.fromkeys(("replace", "replaceMatches"), (2,)),
    "substring": (1, 2),
}
EACH: Final[dict[str, Callable[[Items, Criterion], Items]]] = {
    "where": lambda items, test: [item for item in items if truth(test(item))],
    "select": lambda items, choose: [found for item in items for found in choose(item)],
    "all": lambda items, test: [all(truth(test(item)) for item in items)],
    "exists": lambda items, test: [any(truth(test(item)) for item in items)],
    "repeat": repeated,
}
