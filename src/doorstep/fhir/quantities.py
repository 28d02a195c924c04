"""Numbers and quantities of R4 as closed intervals, in the numbers that the resource was parsed to."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import inf
from typing import Any, Final

Number = int | float | Decimal
Bounds = tuple[Number, Number]

_BELOW: Final = ("<", "<=")
_ABOVE: Final = (">", ">=")
_KINDS: Final = (int, float, Decimal)
_LIMITS: Final = (("L", "lowerLimit"), ("U", "upperLimit"))
_CURVE: Final = 1_000_000
"""Letters of a curve that are looked at: some 200,000 points."""


def bounds(fhir_type: str, value: Any) -> Bounds | None:
    """Return the least and greatest value of a number, Quantity, Money, Range or SampledData; None where it has none.

    A comparator or a missing end reaches to infinity. Raises TypeError or AttributeError where R4 has another shape.
    """
    if fhir_type == "Range":
        return _range(value)
    if fhir_type == "SampledData":
        return _curve(value)
    if fhir_type[0].islower():
        return (checked(value),) * 2
    number = value.get("value")
    if number is None:
        return None
    checked(number)
    comparator = value.get("comparator")
    if comparator is None:
        return number, number
    return (-inf if comparator in _BELOW else number), (inf if comparator in _ABOVE else number)


def _range(value: Any) -> Bounds | None:
    low, high = (_end(value.get(name)) for name in ("low", "high"))
    if low is None and high is None:
        return None
    return (-inf if low is None else low), (inf if high is None else high)


def _curve(value: Any) -> Bounds | None:
    """R4, Observation, value-quantity: "just search on the bounds of the values in sampled data".

    E is an error, L and U lie beyond what the device measures: its limits stand for them where it says them.
    """
    zero, factor = _end(value.get("origin")), value.get("factor", 1)
    seen = set((value.get("data") or "")[:_CURVE].split()) - {"E"}
    found = [Decimal(str(checked(value[end]))) for mark, end in _LIMITS if mark in seen and end in value]
    for each in seen - {"L", "U"}:
        try:
            found.append(Decimal(each) * Decimal(str(checked(factor))) + Decimal(str(zero or 0)))
        except InvalidOperation:  # no number: structure checks tell it, an index need not
            continue
    finite = [each for each in found if each.is_finite()]
    return (min(finite), max(finite)) if finite else None


def _end(quantity: Any) -> Number | None:
    number = quantity.get("value") if quantity is not None else None
    return None if number is None else checked(number)


def checked(value: Any) -> Number:
    """Return a number as it is; raises TypeError where it is none."""
    if type(value) not in _KINDS:
        raise TypeError(value)
    number: Number = value
    return number
