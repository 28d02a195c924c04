"""The small syntax inside search values: escapes, alternatives, prefixes, numbers with their precision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Final

from doorstep.fhir.dates import interval
from doorstep.fhir.problems import FhirProblem

PREFIXES: Final = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
_PREFIXED: Final = re.compile(rf"({'|'.join(PREFIXES)})?(.*)", re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?", re.ASCII)


def split(text: str, mark: str) -> list[str]:
    """Cut at every mark that no backslash escapes; escapes stay, for a finer cut or `plain`."""
    if "\\" not in text:
        return text.split(mark)
    parts, start, position = [], 0, 0
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] == mark:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]


def plain(text: str) -> str:
    r"""Take the escapes out: `\,` is a comma, and so for `|`, `$` and the backslash (R4, search: escaping)."""
    return re.sub(r"\\([,|$\\])", r"\1", text) if "\\" in text else text


def prefixed(text: str) -> tuple[str, str]:
    """Return the prefix of a value ("eq" where it has none) and the rest."""
    match = _PREFIXED.fullmatch(text)
    assert match is not None  # the pattern takes every text
    return match[1] or "eq", match[2]


@dataclass(frozen=True, slots=True)
class TokenValue:
    """A token as asked for: `system` None is any, "" is none; `code` None is any code of the system."""

    system: str | None
    code: str | None


def token(text: str) -> TokenValue:
    """Read `code`, `system|code`, `|code` or `system|`."""
    parts = split(text, "|")
    if len(parts) == 1:
        return TokenValue(None, plain(parts[0]))
    if len(parts) > 2:
        # an unescaped mark more: taken as part of the code, as senders mean it
        parts = [parts[0], "|".join(parts[1:])]
    return TokenValue(plain(parts[0]), plain(parts[1]) or None)


@dataclass(frozen=True, slots=True)
class Span:
    """What a date or number search names: `low` up to, not including, `high`, under a prefix."""

    prefix: str
    low: datetime
    high: datetime


def date(text: str, zone: tzinfo, place: str) -> Span:
    """Read a date with its prefix; FhirProblem "bad-search-value" where it is none. `ap` is widened (R4: 10 %)."""
    prefix, rest = prefixed(text)
    bounds = interval(plain(rest).replace(" ", "+"), zone)
    if bounds is None:
        raise FhirProblem("bad-search-value", place, value=text, kind="date")
    low, high = bounds
    if prefix == "ap":
        slack = max(abs(datetime.now(UTC) - low) / 10, timedelta(0))
        return Span(prefix, _moved(low, -slack), _moved(high, slack))
    return Span(prefix, low, high)


def _moved(at: datetime, by: timedelta) -> datetime:
    try:
        return at + by
    except OverflowError:
        return at


@dataclass(frozen=True, slots=True)
class Range:
    """What a number search names: the value itself, and the range that its precision implies (`low` ≤ x < `high`)."""

    prefix: str
    value: float
    low: float
    high: float


def number(text: str, place: str) -> Range:
    """Read a number with its prefix; R4: 100 is [99.5, 100.5), 1e2 is [95, 105); FhirProblem where it is none."""
    prefix, rest = prefixed(text)
    match = _NUMBER.fullmatch(rest)
    if match is None:
        raise FhirProblem("bad-search-value", place, value=text, kind="number")
    try:
        value = Decimal(rest)
    except InvalidOperation:  # the pattern leaves none, but a broken one must not be a 500
        raise FhirProblem("bad-search-value", place, value=text, kind="number") from None
    exponent = int(value.as_tuple().exponent)
    half = Decimal(5).scaleb(exponent - 1 if exponent <= 0 else exponent - 2)
    if prefix == "ap":
        half = max(half, abs(value) / 10)
    return Range(prefix, float(value), float(value - half), float(value + half))
