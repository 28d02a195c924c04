"""What a report says, whoever says it: by this a report is known that only repeats what we have told (an echo)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import msgspec

from doorstep.kernel.clock import CHINA

Json = Mapping[str, Any]


def content_of(resident: UUID, report: Json, observations: Iterable[Json]) -> str:
    """A digest of whose report it is, of its code and time, and of the code, value and time of each result; numbers,
    names, notes and units are the sender's own and do not count. Empty where it says too little to be told from others:
    no time and no result."""
    time = _time(report)
    results = sorted(f"{_code(each)}={_value(each)}@{_time(each) or time}" for each in observations)
    if not results and not time:
        return ""
    said = "\n".join([str(resident), _code(report), time, *results])
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def _code(resource: Json) -> str:
    concept = resource.get("code") or {}
    return next((str(c["code"]) for c in concept.get("coding", ()) if c.get("code")), str(concept.get("text", "")))


def _time(resource: Json) -> str:
    """To the minute, as the world's time; a date as it is; empty where none is told."""
    said = resource.get("effectiveDateTime") or (resource.get("effectivePeriod") or {}).get("start") or ""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return str(said)
    if len(said) <= 10:
        return str(said)
    at = at if at.tzinfo else at.replace(tzinfo=CHINA)
    return at.astimezone(UTC).strftime("%Y%m%d%H%M")


def _value(resource: Json) -> str:
    name = next((each for each in sorted(resource) if each.startswith("value")), "")
    value = resource.get(name)
    if isinstance(value, Mapping):
        if "value" in value:
            return str(value.get("comparator", "")) + _number(value["value"])
        coding = next((str(c["code"]) for c in value.get("coding", ()) if c.get("code")), "")
        return coding or str(value.get("text") or msgspec.json.encode(value, order="deterministic").decode())
    return _number(value) if isinstance(value, int | float | Decimal) else " ".join(str(value or "").split())


def _number(said: object) -> str:
    try:
        return f"{Decimal(str(said)).normalize():f}"
    except InvalidOperation:
        return str(said)
