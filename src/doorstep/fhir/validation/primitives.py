"""Checks of R4's primitive types, written so that hostile text costs no more than its length."""

from __future__ import annotations

import binascii
import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from doorstep.fhir.validation.faults import Fault, Faults, Taker

# R4, datatypes, string: "SHALL NOT exceed 1MB"; no characters below U+0020 but tab, line feed, carriage return.
MAX_TEXT: Final = 1 << 20
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_TYPES: Final = {str: "string", bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}

_YEAR: Final = r"(?!0000)[0-9]{4}"
_MONTH: Final = r"(?:0[1-9]|1[0-2])"
_DAY: Final = r"(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE: Final = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_DATE: Final = re.compile(f"{_YEAR}(?:-{_MONTH}(?:-{_DAY})?)?")
_DATE_TIME: Final = re.compile(f"{_YEAR}(?:-{_MONTH}(?:-{_DAY}(?:T{_CLOCK}{_ZONE})?)?)?")
_SHAPE: Final = re.compile(r"....-..-..T..:..:..(?:\.[0-9]+)?(?:Z|[+-]0.:..|[+-]1[0-3]:..)").fullmatch
_INSTANT: Final = re.compile(f"{_YEAR}-{_MONTH}-{_DAY}T{_CLOCK}{_ZONE}")
# white space is ASCII's, as in the regular expressions of the specification
_WORDS: Final = {
    "code": re.compile(r"[^\s\x00-\x1f]+(?:[ \t\n\r][^\s\x00-\x1f]+)*", re.ASCII),
    "url": re.compile(r"\S+", re.ASCII),
}
_ADDRESSES: Final = {"uri": re.compile(r"\S+", re.ASCII), "canonical": re.compile(r"\S+", re.ASCII)}
# how many of them are remembered, and of what length
_KEPT: Final = 4096
_SHORT: Final = 120
_PATTERNS: Final = {
    "id": re.compile(r"[A-Za-z0-9\-.]{1,64}"),
    "oid": re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+"),
    "time": re.compile(_CLOCK),
    "uuid": re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
}
_RANGES: Final = {
    "integer": (-(1 << 31), (1 << 31) - 1),
    "unsignedInt": (0, (1 << 31) - 1),
    "positiveInt": (1, (1 << 31) - 1),
}
_NUMBERS: Final = frozenset((int, float, Decimal))


def type_fault(value: Any, expected: str) -> Faults:
    """Return the fault of a value of another JSON type than the expected one."""
    if value is None:
        return [Fault("null")]
    if type(value) is list:
        return [Fault("array")]
    return [Fault("wrong-type", expected=expected, found=_TYPES.get(type(value), "number"))]


def string(value: Any) -> Faults | None:
    """Check a string or markdown."""
    if type(value) is str and value and len(value) <= MAX_TEXT and (value.isprintable() or not _CONTROL.search(value)):
        return None
    return _string_fault(value)


def _string_fault(value: Any) -> Faults:
    if type(value) is not str:
        return type_fault(value, "string")
    if not value:
        return [Fault("empty-string")]
    if len(value) > MAX_TEXT:
        return [Fault("too-long", limit=MAX_TEXT)]
    return [Fault("control-character")]


def _patterned(name: str, pattern: re.Pattern[str]) -> Taker:
    match = pattern.fullmatch

    def take(value: Any) -> Faults | None:
        if type(value) is str and match(value) and len(value) <= MAX_TEXT:
            return None
        return _pattern_fault(value, name)

    return take


def _word(name: str, pattern: re.Pattern[str]) -> Taker:
    """Check what is mostly one printable ASCII word; only what is not is held against the pattern."""
    slow = _patterned(name, pattern)

    def take(value: Any) -> Faults | None:
        if type(value) is str and value.isascii() and value.isprintable() and " " not in value and value:
            return None if len(value) <= MAX_TEXT else _string_fault(value)
        return slow(value)

    return take


def _address(name: str, pattern: re.Pattern[str]) -> Taker:
    """Check a uri or canonical: the few systems and extensions that data is full of are looked at once."""
    slow = _word(name, pattern)
    known: set[str] = set()

    def take(value: Any) -> Faults | None:
        if type(value) is str and value in known:
            return None
        faults = slow(value)
        if faults is None and len(known) < _KEPT and len(value) <= _SHORT:
            known.add(value)
        return faults

    return take


def _pattern_fault(value: Any, name: str) -> Faults:
    if type(value) is not str or not value or len(value) > MAX_TEXT:
        return _string_fault(value)
    return [Fault("bad-format", value=value, type=name)]


def _dated(name: str, pattern: re.Pattern[str], quick: Callable[[str], bool]) -> Taker:
    match = pattern.fullmatch

    def take(value: Any) -> Faults | None:
        if type(value) is not str:
            return type_fault(value, "string")
        try:
            if quick(value):
                return None
        except ValueError:
            pass
        if not match(value) or len(value) > MAX_TEXT:
            return _pattern_fault(value, name)
        if (day := value[8:10]) > "28" and int(day) > monthrange(int(value[:4]), int(value[5:7]))[1]:
            return [Fault("bad-day", value=value)]
        return None

    return take


def _usual_date(value: str) -> bool:
    """Say whether it is a whole date that exists, faster than the pattern could; may raise ValueError."""
    return len(value) == 10 and value[4] == "-" == value[7] and bool(date.fromisoformat(value))


def _usual_moment(value: str) -> bool:
    """Say the same of a date with time and offset: what ISO 8601 allows beyond FHIR is kept out by the shape."""
    return bool(_SHAPE(value)) and bool(datetime.fromisoformat(value))


def _ranged(name: str, low: int, high: int) -> Taker:
    def take(value: Any) -> Faults | None:
        if type(value) is not int:
            return _integer_fault(value, name)
        return None if low <= value <= high else [Fault("out-of-range", value=value, type=name)]

    return take


def _integer_fault(value: Any, name: str) -> Faults:
    if type(value) in _NUMBERS:
        return [Fault("bad-format", value=value, type=name)]
    return type_fault(value, "number")


def decimal(value: Any) -> Faults | None:
    """Check a decimal: any JSON number, however a parser holds it."""
    return None if type(value) in _NUMBERS else type_fault(value, "number")


def boolean(value: Any) -> Faults | None:
    """Check a boolean."""
    return None if type(value) is bool else type_fault(value, "boolean")


def base64(value: Any) -> Faults | None:
    """Check base64 text, which may be broken by white space; its length is bounded by that of the body alone."""
    if type(value) is not str or not value:
        return _string_fault(value)
    try:
        packed = value.encode("ascii")
        binascii.a2b_base64(packed if packed.isalnum() else b"".join(packed.split()), strict_mode=True)
    except ValueError:
        return [Fault("bad-format", value=value, type="base64Binary")]
    return None


def xhtml(value: Any) -> Faults | None:
    """Check that a narrative is one div; what stands in it is a matter of the invariants txt-1 and txt-2."""
    if type(value) is not str or not value:
        return _string_fault(value)
    text = value.strip()
    if text.startswith("<div") and text.endswith(("</div>", "/>")):
        return None
    return [Fault("bad-format", value=value, type="xhtml")]


PRIMITIVE: Final[dict[str, Taker]] = {
    "string": string,
    "markdown": string,
    "boolean": boolean,
    "decimal": decimal,
    "base64Binary": base64,
    "xhtml": xhtml,
    "date": _dated("date", _DATE, _usual_date),
    "dateTime": _dated("dateTime", _DATE_TIME, _usual_moment),
    "instant": _dated("instant", _INSTANT, _usual_moment),
    **{name: _word(name, pattern) for name, pattern in _WORDS.items()},
    **{name: _address(name, pattern) for name, pattern in _ADDRESSES.items()},
    **{name: _patterned(name, pattern) for name, pattern in _PATTERNS.items()},
    **{name: _ranged(name, *limits) for name, limits in _RANGES.items()},
}
