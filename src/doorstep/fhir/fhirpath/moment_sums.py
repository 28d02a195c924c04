"""Durations added to dates and times, and the first and last moment of what is known in part."""

from __future__ import annotations

from calendar import monthrange
from datetime import MAXYEAR, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from doorstep.fhir.fhirpath.amounts import CALENDAR, Amount
from doorstep.fhir.fhirpath.moments import DAY, Moment, of, start
from doorstep.fhir.fhirpath.trouble import NotEvaluated

# UCUM's codes of durations that are the calendar's too; its months and years are not (FHIRPath, date arithmetic)
_CODES: Final = {"wk": "week", "d": "day", "h": "hour", "min": "minute", "s": "second", "ms": "millisecond"}
_LENGTHS: Final[dict[str, int | Decimal]] = {
    "week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1, "millisecond": Decimal("0.001"),
}  # fmt: skip
# for durations finer than the date is known: a year of 365 days, a month of 30
_COARSE: Final = {1: 365 * 86_400, 2: 30 * 86_400, 3: 86_400, 4: 3_600, 5: 60}
_DIGITS: Final = {"date": (4, 6, 8), "dateTime": (4, 6, 8, 10, 12, 17), "time": (2, 4, 9)}
_SECONDS: Final = {14: Decimal(59), 17: Decimal("59.999"), 6: Decimal(59), 9: Decimal("59.999")}


def added(value: Moment, amount: Amount, sign: int) -> Moment:
    """Return a moment so much later; raises NotEvaluated for what is no duration of the calendar."""
    word = amount.unit.removesuffix("s") if amount.unit not in _CODES else _CODES[amount.unit]
    if word not in CALENDAR:
        raise NotEvaluated("no duration of the calendar")
    number = amount.value if word == "second" else Decimal(int(amount.value))
    try:
        if word in ("year", "month"):
            return _months(value, sign * int(number) * (12 if word == "year" else 1))
        return _seconds(value, sign * number * _LENGTHS[word])
    except (ValueError, OverflowError, ArithmeticError):
        raise NotEvaluated("a date out of range") from None


def _months(value: Moment, months: int) -> Moment:
    if value.kind == "time":
        raise NotEvaluated("a time has no months")
    year, month = int(value.parts[0]), int(value.parts[1]) if len(value.parts) > 1 else 1
    total = year * 12 + month - 1 + months
    year, month = divmod(total, 12)
    if not 1 <= year <= MAXYEAR:
        raise NotEvaluated("a date out of range")
    day = min(int(value.parts[2]), monthrange(year, month + 1)[1]) if len(value.parts) > 2 else 1
    parts = (year, month + 1, day, *value.parts[DAY:])
    return value._replace(parts=parts[: len(value.parts)])


def _seconds(value: Moment, seconds: Decimal) -> Moment:
    known = len(value.parts) + (DAY if value.kind == "time" else 0)
    length = _COARSE.get(known)
    if known < DAY:
        return _months(value, int(seconds / _COARSE[known]) * (12 if known == 1 else 1))
    if length is not None:
        seconds = Decimal(int(seconds / length) * length)
    moved = timedelta(microseconds=int(seconds * 1_000_000))
    if value.kind == "time":
        # a clock goes round (FHIRPath, Time arithmetic)
        return of(value, start(value).replace(year=2) + moved % timedelta(days=1), "")
    return of(value, start(value) + moved, value.offset)


def precision(value: Moment) -> int:
    """Return how many digits are known: 4 for a year, 17 for milliseconds, 4 for the minutes of a time."""
    digits = _DIGITS[value.kind if value.kind == "time" else "dateTime"][len(value.parts) - 1]
    last = value.parts[-1]
    return digits if not isinstance(last, Decimal) or last.as_tuple().exponent else digits - 3


def boundary(value: Moment, digits: int | None, high: bool) -> Moment | None:
    """Return the first or the last of what a moment may be, to so many digits; None where there is no such precision.

    What has no offset may be anywhere on earth (FHIRPath, lowBoundary and highBoundary).
    """
    sizes = _DIGITS[value.kind]
    wanted = digits if digits is not None else sizes[-1]
    if wanted not in (*sizes, 14 if value.kind == "dateTime" else 6 if value.kind == "time" else 0):
        return None
    count = next(index for index, size in enumerate(sizes, 1) if size >= wanted)
    parts = list(value.parts[:count])
    first = DAY if value.kind == "time" else 0
    while len(parts) < count:
        parts.append(_end(parts, first + len(parts), wanted) if high else _begin(first + len(parts), wanted))
    offset = value.offset or ("-12:00" if high else "+14:00") if len(parts) > DAY and not first else ""
    return Moment(value.kind, tuple(parts), offset)


def _begin(place: int, wanted: int) -> int | Decimal:
    if place < DAY:
        return 1
    return 0 if place < 5 else _SECONDS[wanted] * 0


def _end(parts: list[int | Decimal], place: int, wanted: int) -> int | Decimal:
    if place == 2:
        return monthrange(int(parts[0]), int(parts[1]))[1]
    return (0, 12, 0, 23, 59)[place] if place < 5 else _SECONDS[wanted]


def number_boundary(value: Decimal, digits: int | None, high: bool) -> Decimal | None:
    """Return the least or greatest of what a decimal may stand for, to so many digits (0 to 28) after the point."""
    wanted = 8 if digits is None else digits
    if not 0 <= wanted <= 28:
        return None
    exponent = value.as_tuple().exponent
    half = Decimal(5).scaleb(min(int(exponent), 0) - 1)
    edge = value + half if high else value - half
    return edge.quantize(Decimal(1).scaleb(-wanted), ROUND_CEILING if high else ROUND_FLOOR)
