"""Whether one resource fits a leaf, asked of its values: for what the index lets through that may not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final

from doorstep.fhir.dates import Span
from doorstep.fhir.extraction_values import QuantityValue, ReferenceValue, TokenValue, Values, values
from doorstep.fhir.parameters import parameters
from doorstep.fhir.search import text
from doorstep.fhir.search.implied import implied_systems
from doorstep.fhir.search.leaves import Setting, circle
from doorstep.fhir.search.query import Leaf
from doorstep.fhir.search.targets import references_to
from doorstep.fhir.texts import normalise

_TAGS: Final = re.compile(r"<[^>]*>")


def fits(leaf: Leaf, resource: dict[str, Any], setting: Setting) -> bool:
    """Say whether a parsed resource fits a leaf of its type."""
    if leaf.param.code == "_text":
        story = _TAGS.sub(" ", (resource.get("text") or {}).get("div", "")).casefold()
        return any(text.plain(value).casefold() in story for value in leaf.values)
    return fits_values(leaf, values(leaf.type, resource, setting.zone), setting)


def fits_values(leaf: Leaf, found: Values, setting: Setting) -> bool:
    """Say whether the values of a resource fit a leaf of its type."""
    held = _held(leaf, found)
    if leaf.missing is not None:
        return leaf.missing == (not held)
    if leaf.param.type == "token":
        return _token(leaf, held, setting)
    if leaf.param.type == "composite":
        return any(_composite(leaf, value, held, setting) for value in leaf.values)
    one = _ONE[leaf.param.type]
    return any(one(leaf, value, each, setting) for value in leaf.values for each in held)


def _held(leaf: Leaf, found: Values) -> Sequence[Any]:
    by_kind: Mapping[str, Mapping[str, Sequence[Any]]] = {
        "token": found.tokens,
        "string": found.strings,
        "date": found.dates,
        "number": found.quantities,
        "quantity": found.quantities,
        "reference": found.references,
        "uri": found.uris,
        "special": found.positions,
        "composite": found.composites,
    }
    return by_kind[leaf.param.type].get(leaf.param.code, ())


def _token(leaf: Leaf, held: Sequence[TokenValue], setting: Setting) -> bool:
    if leaf.modifier in ("in", "not-in", "below", "above"):
        return True  # the index is exact
    if leaf.modifier == "not":
        return not any(_same_token(leaf, value, each, setting) for value in leaf.values for each in held)
    ways = {"text": _token_text, "of-type": _of_type}
    one = ways.get(leaf.modifier, _same_token)
    return any(one(leaf, value, each, setting) for value in leaf.values for each in held)


def _same_token(leaf: Leaf, value: str, each: TokenValue, __: Setting) -> bool:
    wanted = text.token(value)
    if wanted.system and each.kind == "code" and wanted.system in (implied_systems(leaf.type, leaf.param.code) or ()):
        return wanted.code in (None, each.code)
    if wanted.code is not None and wanted.code != each.code:
        return False
    if wanted.system is None:
        return True
    return (each.system or "") == wanted.system


def _token_text(_: Leaf, value: str, each: TokenValue, __: Setting) -> bool:
    wanted = normalise(text.plain(value))
    return any(normalise(said).startswith(wanted) for said in each.texts)


def _of_type(_: Leaf, value: str, each: TokenValue, __: Setting) -> bool:
    system, code, number = (text.plain(part) for part in text.split(value, "|"))
    return each.code == number and any(code == c and system in ("", s or "") for s, c in each.types)


def _string(leaf: Leaf, value: str, each: str, _: Setting) -> bool:
    wanted = text.plain(value)
    if leaf.modifier == "exact":
        return each == wanted
    if leaf.modifier == "contains":
        return normalise(wanted) in normalise(each)
    return normalise(each).startswith(normalise(wanted))


def _uri(leaf: Leaf, value: str, each: str, _: Setting) -> bool:
    wanted = text.plain(value)
    if leaf.modifier == "below":
        return each.startswith(wanted)
    return wanted.startswith(each) if leaf.modifier == "above" else each == wanted


def _date(leaf: Leaf, value: str, each: Span, setting: Setting) -> bool:
    span = text.date(value, setting.zone, leaf.place)
    return dates_fit(span.prefix, (span.low, span.high), each)


def dates_fit(prefix: str, wanted: tuple[datetime, datetime], held: Span) -> bool:
    """Say whether a span that is held stands to the one wanted as the prefix says; None is without bound."""
    low, high = wanted
    start, end = held
    inside = start is not None and end is not None and start >= low and end <= high
    above, below = end is None or end > high, start is None or start < low
    return {
        "eq": inside,
        "ne": not inside,
        "gt": above,
        "lt": below,
        "ge": above or inside,
        "le": below or inside,
        "sa": start is not None and start >= high,
        "eb": end is not None and end <= low,
        "ap": (start is None or start < high) and (end is None or end > low),
    }[prefix]


def _quantity(leaf: Leaf, value: str, each: QuantityValue, _: Setting) -> bool:
    parts = text.split(value, "|")
    wanted = text.number(parts[0], leaf.place)
    if len(parts) > 1 and not _same_unit([text.plain(part) for part in parts[1:]], each):
        return False
    low, high = float(each.low), float(each.high)
    inside = low >= wanted.low and high < wanted.high
    return {
        "eq": inside,
        "ne": not inside,
        "gt": high > wanted.value,
        "lt": low < wanted.value,
        "ge": high >= wanted.value,
        "le": low <= wanted.value,
        "sa": low > wanted.value,
        "eb": high < wanted.value,
        "ap": low <= wanted.high and high >= wanted.low,
    }[wanted.prefix]


def _same_unit(wanted: Sequence[str], each: QuantityValue) -> bool:
    """R4: `number|system|code`, `number||code` (code or unit); a lone `number|unit` is taken as the latter."""
    system, code = (wanted[0], wanted[1]) if len(wanted) > 1 else ("", wanted[0])
    if system and system != each.system:
        return False
    return not code or code == each.code or (not system and code == each.unit)


def _reference(leaf: Leaf, value: str, each: ReferenceValue, setting: Setting) -> bool:
    if leaf.modifier == "identifier":
        wanted = text.token(value)
        if each.identifier is None:
            return False
        system, number = each.identifier
        return wanted.code in (None, number) and wanted.system in (None, system or "")
    target = (each.target or "").partition("/_history/")[0]
    wished = references_to(leaf, text.plain(value), setting.base)
    return target in wished or target.partition("|")[0] in wished


def _near(leaf: Leaf, value: str, each: Any, _: Setting) -> bool:
    north, east, far = circle(value, leaf.place)
    return distance(north, east, float(each.latitude), float(each.longitude)) <= far


def distance(north: float, east: float, other_north: float, other_east: float) -> float:
    """Return the kilometres between two places given in degrees, on a sphere of 6371.0088 km (haversine)."""
    up, down = radians(north), radians(other_north)
    half = sin((down - up) / 2) ** 2 + cos(up) * cos(down) * sin(radians(other_east - east) / 2) ** 2
    return 2 * 6371.0088 * asin(min(1.0, sqrt(half)))


def _composite(leaf: Leaf, value: str, held: Sequence[tuple[list[Any], ...]], setting: Setting) -> bool:
    own = parameters(leaf.type)
    parts = text.split(value, "$")
    leaves = [
        Leaf(leaf.type, own[component.code], "", (part,), leaf.place)
        for component, part in zip(leaf.param.components, parts, strict=True)
    ]
    return any(all(_any_fits(one, each, setting) for one, each in zip(leaves, group, strict=True)) for group in held)


def _any_fits(leaf: Leaf, held: Sequence[Any], setting: Setting) -> bool:
    one = _ONE[leaf.param.type]
    return any(one(leaf, value, each, setting) for value in leaf.values for each in held)


_ONE: Final[Mapping[str, Callable[[Leaf, str, Any, Setting], bool]]] = {
    "token": _same_token,
    "string": _string,
    "uri": _uri,
    "date": _date,
    "number": _quantity,
    "quantity": _quantity,
    "reference": _reference,
    "special": _near,
}
