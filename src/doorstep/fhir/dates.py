"""FHIR dates as intervals of time: a date known to the day, month or year covers all of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final

from doorstep.fhir import faults
from doorstep.fhir.problems import FhirProblem

Interval = tuple[datetime, datetime]
Span = tuple[datetime | None, datetime | None]

_PARTIAL: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_FULL: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)


@lru_cache(maxsize=16_384)
def interval(text: str, zone: tzinfo = UTC) -> Interval | None:
    """Return the first instant (UTC) of a FHIR date, dateTime or instant and the first after it; None if impossible.

    What carries no offset is read in `zone` (R4, search: "the server should assume its local timezone").
    """
    try:
        match = _FULL.fullmatch(text)
        return _instant(match, zone) if match else _span(text, zone)
    except (ValueError, OverflowError):
        return None


def _instant(match: re.Match[str], zone: tzinfo) -> Interval | None:
    minute, seconds, fraction, offset = match.groups()
    if seconds > "60":
        return None
    start = datetime.fromisoformat(minute + (offset or ""))
    if start.tzinfo is None:
        start = start.replace(tzinfo=zone)
    # a leap second (:60) is the first second of the next minute, as PostgreSQL has it
    fine = int((fraction or "0")[:6].ljust(6, "0"))
    start = start.astimezone(UTC) + timedelta(seconds=int(seconds), microseconds=fine)
    width = timedelta(seconds=1) if not fraction else timedelta(microseconds=10 ** max(0, 6 - len(fraction)))
    return start, _later(start, width)


def _span(text: str, zone: tzinfo) -> Interval | None:
    match = _PARTIAL.fullmatch(text)
    if not match:
        return None
    year, month, day = (int(part or 0) for part in match.groups())
    start = datetime(year, month or 1, day or 1, tzinfo=zone)
    return _utc(start), _utc(_after(start, month, day))


def _utc(moment: datetime) -> datetime:
    """The moment in UTC, or the first of the calendar where it would be before that."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return _FIRST


def _later(start: datetime, width: timedelta) -> datetime:
    """The instant after a span; the last of the calendar where there is none after it (9999-12-31: "for ever")."""
    try:
        return start + width
    except OverflowError:
        return _LAST


def _after(start: datetime, month: int, day: int) -> datetime:
    if day:
        return _later(start, timedelta(days=1))
    if start.year == 9999:
        return _LAST
    return start.replace(month=month + 1) if 0 < month < 12 else start.replace(year=start.year + 1, month=1)


def span(fhir_type: str, value: Any, zone: tzinfo, resource: dict[str, Any]) -> Span:
    """Return the first instant and the first after a date, Period or Timing inside a resource.

    None is without bound; both None where it says no time at all. Raises FhirProblem ("bad-date") with the path.
    """
    if fhir_type == "Period":
        return _period(value, zone, resource)
    if fhir_type == "Timing":
        return _timing(value, zone, resource)
    return _bounds(value, zone, resource)


def opening(fhir_type: str, value: Any, zone: tzinfo, resource: dict[str, Any]) -> datetime:
    """Return the start of the end of a Period or Timing that has no start itself: where an index puts it."""
    period = value["repeat"]["boundsPeriod"] if fhir_type == "Timing" else value
    return _bounds(period["end"], zone, resource)[0]


def _bounds(value: Any, zone: tzinfo, resource: dict[str, Any]) -> Interval:
    # longer than any date with its fractions: not worth a place in the cache
    found = interval(value, zone) if isinstance(value, str) and len(value) < 50 else None
    if found is None:
        place = next(faults.paths(resource, lambda each: each is value), None)
        raise FhirProblem("bad-date", place, value=str(value))
    return found


def _period(value: Any, zone: tzinfo, resource: dict[str, Any]) -> Span:
    if not isinstance(value, dict):
        return _bounds(value, zone, resource)
    start, end = value.get("start"), value.get("end")
    begun = _bounds(start, zone, resource) if start is not None else None
    ended = _bounds(end, zone, resource) if end is not None else None
    if begun is None or ended is None:
        return begun[0] if begun else None, ended[1] if ended else None
    if begun[0] < ended[1]:
        return begun[0], ended[1]
    # an end before the start is against R4, but is still between these
    return min(begun[0], ended[0]), max(begun[1], ended[1])


def _timing(value: Any, zone: tzinfo, resource: dict[str, Any]) -> Span:
    if not isinstance(value, dict):
        return _bounds(value, zone, resource)
    events = value.get("event")
    if isinstance(events, list):
        spans = [_bounds(event, zone, resource) for event in events if event is not None]
        return (min(spans)[0], max([end for _, end in spans])) if spans else (None, None)
    repeat = value.get("repeat")
    period = repeat.get("boundsPeriod") if isinstance(repeat, dict) else None
    return _period(period, zone, resource) if period is not None else (None, None)
