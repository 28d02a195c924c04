"""FHIRPath's Date, DateTime and Time: parts as far as they are known, compared as far as that goes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from doorstep.fhir.fhirpath.trouble import NotEvaluated

Parts = tuple[int | Decimal, ...]

_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_TIME: Final = re.compile(r"(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?", re.ASCII)
_OFFSET: Final = re.compile(r"(?:Z|[+-]\d\d:\d\d)$", re.ASCII)
# The farthest that two offsets can be apart (+14:00 and -12:00).
_APART: Final = timedelta(hours=26)
_FIRST: Final[Parts] = (1, 1, 1, 0, 0, Decimal(0))
_LIMITS: Final = (9999, 12, 31, 23, 59, 60)
DAY: Final = 3


class Moment(NamedTuple):
    """A date, dateTime or time: year, month, day, hour, minute, second as far as known; a time begins at the hour.

    `offset` is the one that was written, "" where there was none.
    """

    kind: str
    parts: Parts
    offset: str = ""

    def __str__(self) -> str:
        """Return the text as FHIR writes it."""
        if self.kind == "time":
            return _clock(self.parts)
        day = "-".join(f"{part:0{4 if index == 0 else 2}d}" for index, part in enumerate(self.parts[:DAY]))
        return day + (f"T{_clock(self.parts[DAY:])}{self.offset}" if len(self.parts) > DAY else "")


def _clock(parts: Parts) -> str:
    return ":".join(f"{part:02d}" if isinstance(part, int) else second(part) for part in parts)


def second(value: Decimal) -> str:
    """Return seconds with two digits before the point."""
    whole, point, fraction = f"{value:f}".partition(".")
    return f"{whole:0>2}{point}{fraction}"


def moment(text: str, kind: str | None = None) -> Moment | None:
    """Read a date, dateTime or time without the `@`; of the kind that is wanted, or that it looks like."""
    if kind == "time" or text.startswith("T"):
        return _time(text.removeprefix("T"))
    day, mark, rest = text.partition("T")
    if mark and kind == "date":
        return None
    found = _DATE.fullmatch(day)
    offset = _OFFSET.search(rest)
    clock = _time(rest[: offset.start()] if offset else rest) if rest else Moment("time", ())
    if found is None or clock is None or (clock.parts and not found[3]):
        return None
    parts = _numbers(found) + clock.parts
    whole = "dateTime" if mark or kind in ("dateTime", "instant") else "date"
    return _right(Moment(whole, parts, offset[0] if offset else ""))


def _numbers(found: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(part) for part in found.groups() if part is not None)


def _time(text: str) -> Moment | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute, seconds = found.groups()
    parts: Parts = tuple(int(part) for part in (hour, minute) if part is not None)
    return _right(Moment("time", parts + ((Decimal(seconds),) if seconds else ())))


def _right(value: Moment) -> Moment | None:
    first = DAY if value.kind == "time" else 0
    if any(part > limit for part, limit in zip(value.parts, _LIMITS[first:], strict=False)):
        return None
    try:
        start(value)
    except ValueError:
        return None
    return value


def start(value: Moment) -> datetime:
    """Return the first moment of what it may be, to the microsecond, as its own clock shows it; a time is of year 1."""
    before = _FIRST[:DAY] if value.kind == "time" else ()
    parts = (*before, *value.parts)
    year, month, day, hour, minute, seconds = (*parts, *_FIRST[len(parts) :])
    # every clock is kept as if it stood in UTC: offsets are worked with apart from it
    whole = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=UTC)
    return whole + timedelta(microseconds=int(seconds * 1_000_000))


def shift(value: Moment) -> timedelta:
    """Return how far its clock is ahead of UTC."""
    if value.offset in ("", "Z"):
        return timedelta(0)
    hours, minutes = value.offset[1:].split(":")
    return timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if value.offset[0] == "-" else 1)


def compare(left: Moment, right: Moment) -> int | None:
    """Return -1, 0 or 1, None where it is not known; a time and a date raise NotEvaluated."""
    if (left.kind == "time") is not (right.kind == "time"):
        raise NotEvaluated("a date and a time")
    if left.offset and right.offset and left.offset != right.offset:
        left, right = _in_utc(left), _in_utc(right)
    order = _by_parts(left.parts, right.parts)
    if bool(left.offset) is not bool(right.offset):
        return order if order and abs(start(left) - start(right)) >= _APART else None
    return order if order or len(left.parts) == len(right.parts) else None


def _by_parts(left: Parts, right: Parts) -> int:
    shared = min(len(left), len(right))
    return (left[:shared] > right[:shared]) - (left[:shared] < right[:shared])


def _in_utc(value: Moment) -> Moment:
    try:
        return of(value, start(value) - shift(value), "Z")
    except OverflowError:
        raise NotEvaluated("a date out of range") from None


def of(value: Moment, instant: datetime, offset: str) -> Moment:
    """Return an instant as precise as a value was, of the same kind."""
    fraction = Decimal(instant.second) + Decimal(instant.microsecond) / 1_000_000
    whole: Parts = (instant.year, instant.month, instant.day, instant.hour, instant.minute, fraction)
    if value.kind == "time":
        whole = whole[DAY:]
    parts = whole[: len(value.parts)]
    if len(parts) == len(whole) and value.parts:
        parts = (*parts[:-1], _as_fine(fraction, value.parts[-1]))
    return Moment(value.kind, parts, offset)


def _as_fine(seconds: Decimal, like: int | Decimal) -> Decimal:
    exponent = like.as_tuple().exponent if isinstance(like, Decimal) else 0
    written = seconds.quantize(Decimal(1).scaleb(max(int(exponent), -6)))
    return written if written == seconds else seconds
