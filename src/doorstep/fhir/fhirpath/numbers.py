"""The functions of FHIRPath on numbers, and what is known of how precise a value is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal, DecimalException
from typing import Any, Final

from doorstep.fhir.fhirpath import amounts, moment_sums
from doorstep.fhir.fhirpath.amounts import Amount
from doorstep.fhir.fhirpath.elements import exact
from doorstep.fhir.fhirpath.moments import Moment
from doorstep.fhir.fhirpath.trouble import NotEvaluated
from doorstep.fhir.fhirpath.values import Items, single

_NUMBERS: Final = (int, float, Decimal)
_LONGEST: Final = 40


def _number(value: Any) -> Decimal:
    if type(value) not in _NUMBERS:
        raise NotEvaluated("a number is expected")
    return Decimal(exact(value))


def _of_numbers(work: Callable[..., Any]) -> Callable[..., Items]:
    """Make a function of numbers: empty where one of them is, or where there is no answer."""

    def run(items: Items, *arguments: Items) -> Items:
        values = [single(each) for each in (items, *arguments)]
        if None in values:
            return []
        try:
            answer = work(*(_number(value) for value in values))
        except DecimalException:
            return []
        return [answer] if not isinstance(answer, Decimal) or answer.is_finite() else []

    return run


def whole(value: Decimal) -> int:
    """Return a number as an integer; raises NotEvaluated for one that would fill the memory with digits."""
    if value.adjusted() > _LONGEST:
        raise NotEvaluated("a number that is too long")
    return int(value)


def _to_whole(rounding: str) -> Callable[[Decimal], int]:
    return lambda value: whole(value.to_integral_value(rounding))


def _round(value: Decimal, digits: Decimal = Decimal(0)) -> Decimal:
    if digits < 0:
        raise NotEvaluated("digits below zero")
    return value.quantize(Decimal(1).scaleb(-int(digits)), ROUND_HALF_UP)


def _power(items: Items, exponent: Items) -> Items:
    found = _of_numbers(lambda value, power: value**power)(items, exponent)
    integers = all(type(single(each)) is int for each in (items, exponent))
    return [whole(each) if integers and each == each.to_integral_value() else each for each in found]


def _abs(items: Items) -> Items:
    value = single(items)
    if value is None:
        return []
    return (
        [value._replace(value=abs(value.value))] if type(value) is Amount else [abs(exact(value) + 0 * _number(value))]
    )


def _boundary(high: bool) -> Callable[..., Items]:
    def run(items: Items, digits: Items | None = None) -> Items:
        value, wanted = single(items), None if digits is None else single(digits)
        found: Any = None
        if type(value) is Moment:
            found = moment_sums.boundary(value, wanted, high)
        elif type(value) is Amount:
            number = moment_sums.number_boundary(value.value, wanted, high)
            found = None if number is None else value._replace(value=number)
        elif value is not None:
            found = moment_sums.number_boundary(_number(value), wanted, high)
        return [] if found is None else [found]

    return run


def _precision(items: Items) -> Items:
    value = single(items)
    if value is None:
        return []
    return [moment_sums.precision(value) if type(value) is Moment else amounts.decimals(_number(value))]


def _comparable(items: Items, other: Items) -> Items:
    left, right = single(items), single(other)
    if type(left) is not Amount or type(right) is not Amount:
        return []
    return [amounts.aligned(left, right) is not None]


FUNCTIONS: Final[dict[str, Callable[..., Items]]] = {
    "abs": _abs,
    "ceiling": _of_numbers(_to_whole(ROUND_CEILING)),
    "floor": _of_numbers(_to_whole(ROUND_FLOOR)),
    "truncate": _of_numbers(_to_whole(ROUND_DOWN)),
    "round": _of_numbers(_round),
    "exp": _of_numbers(Decimal.exp),
    "ln": _of_numbers(Decimal.ln),
    "log": _of_numbers(lambda value, base: round(value.ln() / base.ln(), 20)),
    "sqrt": _of_numbers(Decimal.sqrt),
    "power": _power,
    "lowBoundary": _boundary(high=False),
    "highBoundary": _boundary(high=True),
    "precision": _precision,
    "comparable": _comparable,
}
