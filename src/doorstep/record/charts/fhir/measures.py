"""The values of an Observation, with what is usual and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from doorstep.record.charts import rules
from doorstep.record.charts.fhir.parts import (
    Json,
    choice,
    clean,
    concept,
    number,
    obj,
    objs,
    short,
    text,
    when,
    word,
    words,
)
from doorstep.record.charts.rules import Flag
from doorstep.record.charts.shapes import Measure

_SIGNS: Final = frozenset({"<", "<=", ">=", ">", "ad"})
# The order in which people say a pressure: systolic, diastolic.
_ORDER: Final = {"8480-6": 0, "8462-4": 1}
_MOST: Final = 30


def measures(resource: Json) -> tuple[Measure, ...]:
    """The value of an Observation, then those of its components."""
    own = measure(resource)
    parts = [
        found for part in objs(resource.get("component"))[:_MOST] if (found := measure(part, part=True)) is not None
    ]
    parts.sort(key=lambda found: _ORDER.get(found.code, 2))
    return (own, *parts) if own is not None else tuple(parts)


def measure(holder: Json, *, part: bool = False) -> Measure | None:
    """One value with its range and flag; None where the holder tells neither a value nor why there is none."""
    key, value = choice(holder, "value")
    absent = concept(holder.get("dataAbsentReason"))
    about = concept(holder.get("code"))
    label, code = (about.text, "") if part else ("", "")
    code = next((c.code for c in about.codings if c.code), "")
    if value is None:
        reason = absent.codings[0].code if absent.codings else absent.text
        return Measure(label=label, code=code, absent=reason) if reason else None
    amount = obj(value)
    found = number(amount.get("value"))
    if found is None or not key.endswith(("Quantity", "Age", "Duration", "value")):
        stated, flag_text = _stated(holder)
        return Measure(label=label, code=code, text=worded(value), flag=stated, flag_text=flag_text)
    return _quantity(holder, amount, found, label, code)


def _quantity(holder: Json, amount: Json, found: Decimal, label: str, code: str) -> Measure:
    unit = unit_of(amount)
    key = rules.unit_key(unit, word(amount.get("code")))
    low, high, range_text = _range(holder, key)
    doubt = rules.doubt(found, key, code)
    stated, flag_text = _stated(holder)
    sign = word(amount.get("comparator"))
    reckoned = rules.against(found, low, high) if not sign and doubt is None else None
    flag, computed, said_normal = rules.flag(stated, reckoned)
    return Measure(
        label=label,
        code=code,
        text=short(found),
        number=found,
        comparator=sign if sign in _SIGNS else "",
        unit=unit,
        unit_key=key,
        low=low,
        high=high,
        range_text=range_text,
        flag=flag,
        flag_text=flag_text,
        computed=computed,
        said_normal=said_normal,
        doubt=doubt,
    )


def interpretation(resource: Json) -> tuple[Flag | None, str]:
    """What the source says of the whole Observation: the flag, and its own words where no flag fits."""
    return _stated(resource)


def _stated(holder: Json) -> tuple[Flag | None, str]:
    raw = holder.get("interpretation")
    given: list[str] = []
    for item in raw if isinstance(raw, list) else [raw]:
        found = concept(item)
        given += [c.code for c in found.codings if c.code] or [found.text]
    flag = rules.said(given)
    return flag, (words(raw) if flag is Flag.OTHER else "")


def _range(holder: Json, key: str) -> tuple[Decimal | None, Decimal | None, str]:
    """The reference range to compute with (only where there is one, in the same unit), and all of them in words."""
    ranges = [r for r in objs(holder.get("referenceRange")) if _is_normal(r)]
    said = "；".join(filter(None, (_range_words(r) for r in ranges[:6])))
    if len(ranges) != 1:
        return None, None, said
    low, high = (_limit(ranges[0].get(side), key) for side in ("low", "high"))
    if low is not None and high is not None and low > high:
        return None, None, said
    return low, high, said


def _is_normal(found: Json) -> bool:
    kind = concept(found.get("type"))
    return not kind.codings or kind.codings[0].code in ("normal", "")


def _limit(value: object, key: str) -> Decimal | None:
    amount = obj(value)
    unit, code = word(amount.get("unit")), word(amount.get("code"))
    if (unit or code) and rules.unit_key(unit, code) != key:
        return None
    return number(amount.get("value"))


def _range_words(found: Json) -> str:
    low, high = (number(obj(found.get(side)).get("value")) for side in ("low", "high"))
    of = words(found.get("appliesTo"))
    if low is None and high is None:
        body = text(found.get("text"), 200)
    elif low is None:
        body = f"≤ {short(high)}" if high is not None else ""
    else:
        body = f"≥ {short(low)}" if high is None else f"{short(low)}–{short(high)}"
    return f"{body}（{of}）" if of and body else body


def worded(value: Any) -> str:
    """Any value of an Observation in words; "" where it holds nothing that can be said."""
    if isinstance(value, dict):
        return _object_words(value)
    if isinstance(value, str):
        found = when(value)
        return found.text if found is not None and found.start is not None else clean(value, 500)
    return text(value)


def _object_words(value: Json) -> str:
    if {"coding", "text", "display"} & set(value):
        return concept(value).text
    for (first, second), between, said in _PAIRS:
        if {first, second} & set(value):
            return between.join(said(value.get(side)) or "?" for side in (first, second))
    return amount_words(value)


def unit_of(amount: Json) -> str:
    """The unit of a Quantity as people write it."""
    return rules.unit_words(text(amount.get("unit"), 40) or word(amount.get("code")))


def amount_words(value: object) -> str:
    """A Quantity in words, its number as it was sent."""
    amount = obj(value)
    found = number(amount.get("value"))
    said = short(found) if found is not None else text(amount.get("value"), 60)
    sign = word(amount.get("comparator"))
    unit = unit_of(amount)
    return " ".join(filter(None, (sign if sign in _SIGNS else "", said, unit)))


def _moment_words(value: object) -> str:
    return text(value, 60)


# Values that are two: a ratio, a range, a period.
_PAIRS: Final[tuple[tuple[tuple[str, str], str, Callable[[object], str]], ...]] = (
    (("numerator", "denominator"), " : ", amount_words),
    (("low", "high"), "–", amount_words),
    (("start", "end"), "–", _moment_words),
)
