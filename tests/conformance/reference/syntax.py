"""Search values read: escapes, dates as intervals in microseconds, numbers with the precision that they imply."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Time = int | float
Interval = tuple[Time, Time]
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")


def parts(text: str, mark: str) -> list[str]:
    """Cut at marks that no backslash stands before; the escapes stay."""
    found, escaped = [""], False
    for letter in text:
        if letter == mark and not escaped:
            found.append("")
        else:
            found[-1] += letter
        escaped = letter == "\\" and not escaped
    return found


def plain(text: str) -> str:
    r"""Take the escapes of R4 out: `\$`, `\,`, `\|` and the backslash."""
    return re.sub(r"\\([$,|\\])", r"\1", text)


def prefixed(text: str) -> tuple[str, str]:
    """The prefix ("eq" where there is none) and the rest."""
    return (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)


def interval(text: str) -> Interval:
    """The first microsecond of a date and the first after it; what names no offset is in China's time."""
    date, _, clock = text.partition("T")
    if not clock:
        year, month, day = (*(int(each) for each in date.split("-")), 0, 0)[:3]
        return _midnight(year, month or 1, day or 1), _after(year, month, day)
    match = re.fullmatch(r"(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?", clock)
    assert match is not None, text
    hour, minute, second, fraction, offset = match.groups()
    zone: Any = datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo if offset else ZONE
    year, month, day = (int(each) for each in date.split("-"))
    start = micros(datetime(year, month, day, int(hour), int(minute), int(second), tzinfo=zone))
    if not fraction:
        return start, start + 1_000_000
    start += int(Fraction(f"0{fraction}") * 1_000_000)
    return start, start + max(1, 10 ** (7 - len(fraction)))


def _midnight(year: int, month: int, day: int) -> int:
    return micros(datetime(year, month, day, tzinfo=ZONE))


def _after(year: int, month: int, day: int) -> int:
    if not month:
        return _midnight(year + 1, 1, 1)
    if not day:
        return _midnight(year + month // 12, month % 12 + 1, 1)
    return micros((datetime(year, month, day) + timedelta(days=1)).replace(tzinfo=ZONE))


def number(text: str) -> tuple[Fraction, Fraction, Fraction]:
    """A number and the range that its precision implies (R4: 100 is [99.5, 100.5), 1e2 is [95, 105))."""
    digits, _, exponent = text.lower().partition("e")
    places = len(digits.partition(".")[2])
    step = Fraction(10) ** (int(exponent or 0) - places)
    half = step / 2 if not exponent or int(exponent) <= 0 else step / 20
    value = Fraction(text)
    return value, value - half, value + half


def exact(value: Any) -> Fraction | float:
    """A number of a resource, to the digit."""
    return value if value in (inf, -inf) else Fraction(str(value))
