"""FHIRPath's Quantity: a number and a unit of UCUM or of the calendar."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, NamedTuple

from doorstep.fhir.fhirpath.trouble import NotEvaluated
from doorstep.fhir.fhirpath.units import ONE, Unit, unit

_UCUM: Final = (None, "http://unitsofmeasure.org")
CALENDAR: Final = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")


class Amount(NamedTuple):
    """A quantity; `calendar` where its unit is a word as `day`, not a code as `'d'`."""

    value: Decimal
    unit: str
    calendar: bool = False

    def __str__(self) -> str:
        """Return it as FHIRPath writes it."""
        return f"{self.value:f} {self.unit if self.calendar else repr(self.unit)}"


def literal(number: str, word: str, quoted: bool) -> Amount:
    """Return what a literal stands for: `4 days` or `4 'd'`."""
    if quoted:
        return Amount(Decimal(number), word)
    return Amount(Decimal(number), word, calendar=True)


def from_fhir(value: dict[str, Any], exact: Any) -> Amount | None:
    """Return the amount of FHIR's Quantity; None without a number, with a comparator, or of another system."""
    number, code = value.get("value"), value.get("code") or value.get("unit") or "1"
    if type(number) in (bool, str, type(None)) or value.get("comparator") or value.get("system") not in _UCUM:
        return None
    return Amount(Decimal(exact(number)), code)


def base(amount: Amount) -> Unit | None:
    """Return what its unit is made of; None of a unit that is not known."""
    name = amount.unit.removesuffix("s") if amount.calendar else amount.unit
    return unit(name)


def aligned(left: Amount, right: Amount) -> tuple[Decimal, Decimal] | None:
    """Return both numbers in one unit; None where they have none in common."""
    if left.unit == right.unit and left.calendar is right.calendar:
        return left.value, right.value
    first, second = base(left), base(right)
    if first is None or second is None or first.powers != second.powers:
        return None
    return left.value * first.factor, right.value * second.factor


def alike(left: Amount, right: Amount) -> bool:
    """Say whether they are equivalent: in the coarser unit, to the fewer digits after the point."""
    both = aligned(left, right)
    if both is None:
        return False
    first, second = base(left) or ONE, base(right) or ONE
    factor = max(first.factor, second.factor)
    numbers = [number / factor if left.unit != right.unit else number for number in both]
    return rounded_alike(numbers[0].normalize(), numbers[1].normalize())


def rounded_alike(left: Decimal, right: Decimal) -> bool:
    """Say whether two numbers are equal when rounded to the digits of the less precise."""
    digits = min(decimals(left), decimals(right))
    step = Decimal(1).scaleb(-digits)
    return left.quantize(step, ROUND_HALF_EVEN) == right.quantize(step, ROUND_HALF_EVEN)


def decimals(number: Decimal) -> int:
    """Return the number of digits after the point."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def product(left: Amount, right: Amount, power: int) -> Amount:
    """Return the product, or with power -1 the quotient, in base units where the units differ from 1."""
    first, second = base(left), base(right)
    if first is None or second is None:
        raise NotEvaluated("a unit that is not known")
    whole = first.times(second, power)
    return Amount(left.value * right.value**power * whole.factor, whole.code())


def added(left: Amount, right: Amount, sign: int) -> Amount | None:
    """Return the sum in the unit of the first; None where they have none in common."""
    both = aligned(left, right)
    if both is None:
        return None
    factor = (base(left) or ONE).factor if left.unit != right.unit else Decimal(1)
    return left._replace(value=(both[0] + sign * both[1]) / factor)
