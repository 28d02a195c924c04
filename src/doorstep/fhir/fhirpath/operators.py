"""The operators of FHIRPath on collections."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from doorstep.fhir.fhirpath import amounts, moment_sums
from doorstep.fhir.fhirpath.amounts import Amount
from doorstep.fhir.fhirpath.elements import exact
from doorstep.fhir.fhirpath.equivalence import equivalent
from doorstep.fhir.fhirpath.functions import union
from doorstep.fhir.fhirpath.moments import Moment
from doorstep.fhir.fhirpath.numbers import whole
from doorstep.fhir.fhirpath.trouble import NotEvaluated
from doorstep.fhir.fhirpath.values import Items, compare, equal, same, single

Logic = Callable[[bool | None, Callable[[], bool | None]], bool | None]
_NUMBERS: Final = (int, float, Decimal)


def _and(left: bool | None, right: Callable[[], bool | None]) -> bool | None:
    if left is False:
        return False
    other = right()
    return other if left else False if other is False else None


def _or(left: bool | None, right: Callable[[], bool | None]) -> bool | None:
    if left:
        return True
    other = right()
    return True if other else other if left is False else None


def _xor(left: bool | None, right: Callable[[], bool | None]) -> bool | None:
    other = right()
    return None if left is None or other is None else left is not other


def _implies(left: bool | None, right: Callable[[], bool | None]) -> bool | None:
    if left is False:
        return True
    other = right()
    return True if other else other if left else None


def _equal(left: Items, right: Items) -> Items:
    if not left or not right:
        return []
    if len(left) != len(right):
        return [False]
    answers = [equal(a, b) for a, b in zip(left, right, strict=True)]
    return [False] if False in answers else [] if None in answers else [True]


def _unequal(left: Items, right: Items) -> Items:
    return [not answer for answer in _equal(left, right)]


def _ordered(wanted: Callable[[int], bool]) -> Callable[[Items, Items], Items]:
    def run(left: Items, right: Items) -> Items:
        first, second = single(left), single(right)
        order = None if first is None or second is None else compare(first, second)
        return [] if order is None else [wanted(order)]

    return run


def _within(left: Items, right: Items) -> Items:
    item = single(left)
    return [] if item is None else [any(same(item, each) for each in right)]


def _joined(left: Items, right: Items) -> Items:
    first, second = single(left), single(right)
    return [("" if first is None else str(first)) + ("" if second is None else str(second))]


def _pair(work: Callable[[Any, Any], Any]) -> Callable[[Items, Items], Items]:
    """Make an operator of two values: empty where one of them is, or its answer is None."""

    def run(left: Items, right: Items) -> Items:
        first, second = single(left), single(right)
        answer = None if first is None or second is None else work(first, second)
        return [] if answer is None else [answer]

    return run


def _numbers(left: Any, right: Any) -> bool:
    return type(left) in _NUMBERS and type(right) in _NUMBERS


def _sum(left: Any, right: Any) -> Any:
    if type(left) is str and type(right) is str:
        return left + right
    return _added(left, right, 1)


def _added(left: Any, right: Any, sign: int) -> Any:
    if _numbers(left, right):
        return exact(left) + sign * exact(right)
    if type(right) is Amount and type(left) is Moment:
        return moment_sums.added(left, right, sign)
    if type(right) is Amount and type(left) is Amount:
        return amounts.added(left, right, sign)
    raise NotEvaluated("values that cannot be added")


def _product(left: Any, right: Any) -> Any:
    if _numbers(left, right):
        return exact(left) * exact(right)
    return amounts.product(_amount(left), _amount(right), 1)


def _amount(value: Any) -> Amount:
    if type(value) in _NUMBERS:
        return Amount(Decimal(exact(value)), "1")
    if type(value) is not Amount:
        raise NotEvaluated("numbers are expected")
    return value


def _quotient(left: Any, right: Any) -> Any:
    if not _amount(right).value:
        return None
    if _numbers(left, right):
        return Decimal(exact(left)) / Decimal(exact(right))
    return amounts.product(_amount(left), _amount(right), -1)


def _whole(work: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Any, Any], Any]:
    def run(left: Any, right: Any) -> Any:
        if not _numbers(left, right):
            raise NotEvaluated("numbers are expected")
        if not right:
            return None
        answer = work(Decimal(exact(left)), Decimal(exact(right)))
        return whole(answer) if type(left) is int and type(right) is int else answer

    return run


def signed(sign: str) -> Callable[[Items], Items]:
    """Return the sign before a number or a quantity."""

    def run(items: Items) -> Items:
        value = single(items)
        if value is None:
            return []
        number = _amount(value).value
        if sign == "+":
            return [value]
        return [value._replace(value=-number)] if type(value) is Amount else [-exact(value)]

    return run


LOGIC: Final[dict[str, Logic]] = {"and": _and, "or": _or, "xor": _xor, "implies": _implies}
OPERATIONS: Final[dict[str, Callable[[Items, Items], Items]]] = {
    "=": _equal,
    "!=": _unequal,
    "~": lambda left, right: [equivalent(left, right)],
    "!~": lambda left, right: [not equivalent(left, right)],
    "<": _ordered(lambda order: order < 0),
    ">": _ordered(lambda order: order > 0),
    "<=": _ordered(lambda order: order <= 0),
    ">=": _ordered(lambda order: order >= 0),
    "in": _within,
    "contains": lambda left, right: _within(right, left),
    "|": union,
    "&": _joined,
    "+": _pair(_sum),
    "-": _pair(lambda left, right: _added(left, right, -1)),
    "*": _pair(_product),
    "/": _pair(_quotient),
    "div": _pair(_whole(lambda left, right: Decimal(whole(left / right)))),
    "mod": _pair(_whole(lambda left, right: left % right)),
}
