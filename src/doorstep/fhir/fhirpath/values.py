"""Values as expressions see them, in lists: plain JSON (what rules are asked of) or elements that know their types.

FHIRPath's three-valued truth, its equality and its order are here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any, Final, NamedTuple

import orjson

from doorstep.fhir.dates import interval
from doorstep.fhir.fhirpath import amounts, moments
from doorstep.fhir.fhirpath.amounts import Amount
from doorstep.fhir.fhirpath.elements import Element, exact
from doorstep.fhir.fhirpath.moments import Moment
from doorstep.fhir.fhirpath.trouble import NotEvaluated
from doorstep.fhir.structure import kind, kind_names

Items = list[Any]
# Items that all rules of one resource may look at: hostile input makes some rules quadratic.
BUDGET: Final = 1_000_000
_NUMBERS: Final = (int, float, Decimal)
_RICH: Final = (Moment, Amount)
# what Python takes for equal to something else
_APART: Final = (bool, Moment, Amount)


class Meter:
    """Counts the items that were looked at; raises NotEvaluated when they are too many."""

    __slots__ = ("left",)

    def __init__(self, left: int = BUDGET) -> None:
        self.left = left

    def spend(self, items: Items) -> Items:
        """Take the items' number off, and hand them on."""
        self.left -= len(items) + 1
        if self.left < 0:
            raise NotEvaluated("too costly")
        return items


class Env(NamedTuple):
    """Where a rule is asked: the resource that the element stands in, the one that contains that, the meter."""

    resource: dict[str, Any]
    root: dict[str, Any]
    meter: Meter


class Bare:
    """A primitive element without a value, only with what stands beside it under `_key`."""

    __slots__ = ("extra",)

    def __init__(self, extra: dict[str, Any]) -> None:
        self.extra = extra


@cache
def choice_names() -> frozenset[str]:
    """Return the names of all elements of R4 that are choices."""
    return frozenset(e.name for name in kind_names() for e in kind(name).elements if e.choice)


def below(item: Any, name: str) -> Items:
    """Return what an element of this name holds; `value` also finds valueQuantity and its like."""
    if type(item) is not dict:
        if type(item) is Element:
            return item.below(name)
        if type(item) is not Bare:
            return []
        item = item.extra
    found = _held(item, name)
    if not found and name in choice_names():
        size = len(name)
        keys = [key for key in item if key.lstrip("_").startswith(name) and key.lstrip("_")[size : size + 1].isupper()]
        for key in dict.fromkeys(key.lstrip("_") for key in keys):
            found += _held(item, key)
    return found


def _held(item: dict[str, Any], key: str) -> Items:
    value, beside = item.get(key), item.get(f"_{key}")
    if beside is None:
        return value if type(value) is list else [] if value is None else [value]
    if type(beside) is not list:
        return [value if value is not None else Bare(beside)]
    values = value if type(value) is list else [None] * len(beside)
    padded = [*beside, *[None] * len(values)]
    pairs = zip(values, padded, strict=False)
    return [v if v is not None else Bare(b) for v, b in pairs if v is not None or b is not None]


def children(item: Any) -> Iterator[Any]:
    """Yield all that stands directly below an item."""
    if type(item) is Element:
        yield from item.children()
        return
    if type(item) is Bare:
        item = item.extra
    if type(item) is dict:
        for key in dict.fromkeys(key.removeprefix("_") for key in item):
            if key != "resourceType":
                yield from _held(item, key)


def descendants(items: Iterable[Any]) -> Iterator[Any]:
    """Yield all that stands below, at any depth."""
    for item in items:
        for child in children(item):
            yield child
            yield from descendants((child,))


def truth(items: Items) -> bool | None:
    """Return the truth of a collection: None of an empty one, true of a single value that is no boolean."""
    if not items:
        return None
    if len(items) > 1:
        raise NotEvaluated("more than one value")
    value = items[0].system() if type(items[0]) is Element else items[0]
    return value if type(value) is bool else True


def single(items: Items) -> Any:
    """Return the only value of a collection, as FHIRPath's own, None where there is none to be had."""
    if len(items) > 1:
        raise NotEvaluated("more than one value")
    return plain(items[0]) if items else None


def plain(item: Any) -> Any:
    """Return FHIRPath's own value of an item, None where it has none."""
    if type(item) is Element:
        return item.system()
    return None if type(item) is Bare else item


def equal(left: Any, right: Any) -> bool | None:
    """Say whether two items are equal, None where it is not known; true is not 1."""
    if type(left) is Element:
        left = _content(left)
    if type(right) is Element:
        right = _content(right)
    if type(left) is bool or type(right) is bool:
        return left is right
    if type(left) is Bare or type(right) is Bare:
        return type(left) is type(right) and bool(left.extra == right.extra)
    if type(left) in _RICH or type(right) in _RICH:
        return _equal_rich(left, right)
    if type(left) is Decimal or type(right) is Decimal:
        return bool(exact(left) == exact(right))
    return bool(left == right)


def same(left: Any, right: Any) -> bool:
    """Say whether two items are surely equal."""
    return equal(left, right) is True


def _content(item: Element) -> Any:
    value = item.system()
    return Bare(item.extra or {}) if value is None else value


def _equal_rich(left: Any, right: Any) -> bool | None:
    if type(left) is not type(right):
        return False
    if type(left) is Moment:
        if (left.kind == "time") is not (right.kind == "time"):
            return False
        order = moments.compare(left, right)
        return None if order is None else order == 0
    both = amounts.aligned(left, right)
    return None if both is None else both[0] == both[1]


def key_of(item: Any) -> Any:
    """Return something hashable that is the same for equal items."""
    if type(item) is Element:
        item = _content(item)
    if type(item) is Bare:
        return ("bare", key_of(item.extra))
    if type(item) in (dict, list):
        return orjson.dumps(item, option=orjson.OPT_SORT_KEYS, default=str)
    return (type(item) if type(item) in _APART else None, item)


def compare(left: Any, right: Any) -> int | None:
    """Return -1, 0 or 1; None where it cannot be said: other units, dates of which one covers the other."""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        left, right = exact(left), exact(right)
        return int(left > right) - int(left < right)
    if type(left) is str and type(right) is str:
        return _compare_text(left, right)
    if type(left) is dict and type(right) is dict:
        return _compare_quantities(left, right)
    if type(left) is Moment and type(right) is Moment:
        return moments.compare(left, right)
    if type(left) is Amount and type(right) is Amount:
        both = amounts.aligned(left, right)
        return None if both is None else (both[0] > both[1]) - (both[0] < both[1])
    raise NotEvaluated("values that cannot be compared")


def _compare_text(left: str, right: str) -> int | None:
    first, second = interval(left[:50]), interval(right[:50])
    if first is None or second is None:
        return (left > right) - (left < right)
    if first == second:
        return 0
    if first[1] <= second[0]:
        return -1
    return 1 if second[1] <= first[0] else None


def _compare_quantities(left: dict[str, Any], right: dict[str, Any]) -> int | None:
    units = [tuple(each.get(key) for key in ("system", "code")) for each in (left, right)]
    if units[0] == (None, None) == units[1]:
        units = [(each.get("unit"),) for each in (left, right)]
    values = [each.get("value") for each in (left, right)]
    if units[0] != units[1] or None in values:
        return None
    return compare(*values)
