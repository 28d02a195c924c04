"""The rows that the index keeps of strings and of numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from math import inf
from typing import Any, Final

from doorstep.fhir.extraction import Extract
from doorstep.fhir.hashes import param_key
from doorstep.fhir.quantities import bounds, checked
from doorstep.fhir.texts import normalise

Readings = Callable[[str], Iterable[str]]
String = tuple[int, str, str | None]
Number = tuple[int, float, float]

# What a row keeps of a string, and of a URI.
STRING: Final = 200
URI: Final = 500

_HANZI: Final = re.compile("[㐀-鿿豈-﫿〇\U00020000-\U000323af]")


def strings_of(found: Extract, type_name: str, readings: Readings | None) -> list[String]:
    """Return the rows of all strings and URIs, once each, and of what a person's names are read as."""
    rows: dict[String, None] = {}
    for params, text in found.strings:
        plain, raw = normalise(text)[:STRING], text[:STRING]
        for param in params:
            rows[param_key(type_name, param), plain, None if raw == plain else raw] = None
    for params, uri in found.uris:
        for param in params:
            rows[param_key(type_name, param), uri[:URI], None] = None
    if readings is not None:
        key = param_key(type_name, "name:pinyin")
        for name in found.names:
            for reading in _readings(name, readings):
                rows[key, reading[:STRING], None] = None
    return list(rows)


def _readings(name: dict[str, Any], readings: Readings) -> Iterable[str]:
    """Read a HumanName as one: its text, and the family name with the given ones after it (Chinese order)."""
    parts = (name.get("family"), *(name.get("given") or ()))
    joined = "".join([part for part in parts if isinstance(part, str)])
    wholes = dict.fromkeys([text for text in (name.get("text"), joined) if text and _HANZI.search(text)])
    return [reading for whole in wholes for reading in readings(whole) if reading]


def numbers_of(found: Extract, type_name: str) -> list[Number]:
    """Return the rows of all numbers, quantities, positions, once each; TypeError where R4 has another shape."""
    rows: dict[Number, None] = {}
    for params, kind, value in found.quantities:
        both = bounds(kind, value)
        if both is not None:
            low, high = sorted(map(_float, both))
            for param in params:
                rows[param_key(type_name, param), low, high] = None
    for position in found.positions:
        for name in ("latitude", "longitude"):
            degrees = position.get(name)
            if degrees is not None:
                degree = _float(checked(degrees))
                rows[param_key(type_name, f"near:{name}"), degree, degree] = None
    return list(rows)


def _float(number: int | float | Decimal) -> float:
    try:
        return float(number)
    except OverflowError:
        return inf if number > 0 else -inf
