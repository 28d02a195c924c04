"""Whether one value fits one search value, by the rules of R4 for each type of parameter."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import asin, cos, inf, radians, sin, sqrt
from typing import Any

from doorstep.fhir.parameters import Parameter
from tests.conformance.reference import house
from tests.conformance.reference.syntax import Interval, interval, micros, number, parts, plain, prefixed
from tests.conformance.reference.values import LEADS, Number, Reference, Token

BASE = "http://testserver/fhir/"
Test = Callable[[Parameter, str, str, Any], bool]


def in_relation(prefix: str, wanted: Interval, held: Interval) -> bool:
    """R4's prefixes over half-open intervals."""
    low, high = wanted
    start, end = held
    contained = low <= start and end <= high
    return {
        "eq": contained,
        "ne": not contained,
        "gt": end > high,
        "lt": start < low,
        "ge": end > high or contained,
        "le": start < low or contained,
        "sa": start >= high,
        "eb": end <= low,
        "ap": start < high and end > low,
    }[prefix]


def date(_: Parameter, __: str, text: str, held: Interval) -> bool:
    """R4: `ap` is 10 % of the gap between now and the date."""
    prefix, rest = prefixed(text)
    low, high = interval(rest)
    if prefix == "ap":
        slack = abs(micros(datetime.now(UTC)) - low) / 10
        low, high = low - slack, high + slack
    return in_relation(prefix, (low, high), held)


def quantity(_: Parameter, __: str, text: str, held: Number) -> bool:
    """Of eq, ne and ap the precision counts, of the others the value alone (R4, search: number)."""
    said, *unit = parts(text, "|")
    prefix, rest = prefixed(said)
    value, low, high = number(rest)
    if unit and not _unit([plain(each) for each in unit], held):
        return False
    if prefix == "ap":
        slack = max(high - value, abs(value) / 10)
        return bool(held.low <= value + slack and held.high >= value - slack)
    contained = low <= held.low and held.high < high
    return bool(
        {
            "eq": contained,
            "ne": not contained,
            "gt": held.high > value,
            "lt": held.low < value,
            "ge": held.high >= value,
            "le": held.low <= value,
            "sa": held.low > value,
            "eb": held.high < value,
        }[prefix]
    )


def _unit(said: list[str], held: Number) -> bool:
    """`number|system|code`; without a system the code or the unit as written."""
    system, code = said
    if system:
        return system == held.system and code in ("", held.code)
    return code in ("", held.code, held.unit)


def token(param: Parameter, modifier: str, text: str, held: Token) -> bool:
    """`code`, `system|code`, `|code`, `system|`; `:text` and `:of-type`."""
    if modifier == "text":
        return any(house.folded(each).startswith(house.folded(plain(text))) for each in held.texts)
    said = [plain(each) for each in parts(text, "|")]
    if modifier == "of-type":
        system, code, value = said
        return held.code == value and any(c == code and system in ("", s) for s, c in held.types)
    return pair(said, held.system, held.code)


def pair(said: Sequence[str], system: str | None, code: str | None) -> bool:
    """Whether a system and a code are what was said."""
    if len(said) == 1:
        return code == said[0]
    return (system or "") == said[0] and said[1] in ("", code)


def string(_: Parameter, modifier: str, text: str, held: str) -> bool:
    """Prefix; case and accents count for `:exact` alone."""
    wanted = plain(text)
    if modifier == "exact":
        return held == wanted
    ours, theirs = house.folded(wanted), house.folded(held)
    return ours in theirs if modifier == "contains" else theirs.startswith(ours)


def uri(_: Parameter, modifier: str, text: str, held: str) -> bool:
    """Equal; `:below` begins with what is asked for, `:above` is what that begins with."""
    wanted = plain(text)
    if modifier == "below":
        return held.startswith(wanted)
    return wanted.startswith(held) if modifier == "above" else held == wanted


def reference(param: Parameter, modifier: str, text: str, held: Reference) -> bool:
    """`id`, `Type/id`, a URL (also one of this server), a canonical with and without its version; `:identifier`."""
    wanted = plain(text)
    if modifier == "identifier":
        said = [plain(each) for each in parts(text, "|")]
        return held.identifier is not None and pair(said, *held.identifier)
    if held.target is None:
        return False
    wanted = wanted.removeprefix(BASE).split("/_history/")[0]
    leads = LEADS.fullmatch(wanted)
    if modifier and leads and leads[1] != modifier:
        return False
    if re.fullmatch(r"[A-Za-z0-9.-]{1,64}", wanted):
        kinds = [modifier] if modifier else [*param.targets, ""]
        return held.target in [f"{kind}/{wanted}" if kind else wanted for kind in kinds]
    return wanted in (held.target, held.target.split("|")[0])


def near(_: Parameter, __: str, text: str, held: tuple[float, float]) -> bool:
    """Within so many kilometres on a sphere."""
    said = text.split("|")
    north, east = float(said[0]), float(said[1])
    far = float(said[2] or 5) if len(said) > 2 else 5.0
    far *= 0.001 if said[3:] == ["m"] else 1
    a, b = radians(north), radians(held[0])
    h = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(held[1] - east) / 2) ** 2
    return 2 * 6371.0088 * asin(min(1, sqrt(h))) <= far


TESTS: dict[str, Test] = {
    "token": token,
    "string": string,
    "date": date,
    "number": quantity,
    "quantity": quantity,
    "reference": reference,
    "uri": uri,
    "special": near,
}


def composite(param: Parameter, text: str, held: tuple[list[Any], ...]) -> bool:
    """All components fit values of one group."""
    said = parts(text, "$")
    return all(
        any(TESTS[each.type](param, "", one, value) for value in group)
        for each, one, group in zip(param.components, said, held, strict=True)
    )


def sort_value(kind: str, values: Sequence[Any], descending: bool) -> Any:
    """By the least value, descending by the greatest; None where there is none that can be compared."""
    keys: list[Any] = [key for value in values if (key := _key(kind, value)) is not None]
    return (max if descending else min)(keys, default=None)


def _key(kind: str, value: Any) -> Any:
    if kind == "token":
        return value.code
    if kind == "reference":
        return value.sent
    if kind == "date":
        return None if value[0] == -inf else value[0]
    if kind in ("number", "quantity"):
        return value.low
    return house.folded(value)[:200] if kind == "string" else value


def opened(value: Any) -> list[int | float]:
    """Where a date, Period or Timing begins; where it has no start, where its end begins."""
    if isinstance(value, str):
        return [interval(value)[0]]
    if "event" in value:
        return [min(interval(each)[0] for each in value["event"])]
    period = value.get("repeat", {}).get("boundsPeriod", {}) if "repeat" in value else value
    return [interval(period[name])[0] for name in ("start", "end") if name in period][:1]
