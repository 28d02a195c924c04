"""Items put together for people: one line a code, results with their curves, days with clusters. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from doorstep.kernel.clock import CHINA
from doorstep.record.charts import rules
from doorstep.record.charts.rules import Validity
from doorstep.record.charts.shapes import Cluster, Curve, Day, Item, Line, Measure, Reading, Result, When

T = TypeVar("T")
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_ORDER: Final = tuple(rules.KINDS)
RECENT: Final = timedelta(days=400)


def grouped(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    """The items by key, in their order."""
    found: dict[str, list[T]] = defaultdict(list)
    for one in items:
        found[key(one)].append(one)
    return found


def moment(item: Item) -> datetime:
    """When an item was, by the index, else by its own date; long ago where neither is known."""
    when = item.reading.when
    return item.at or (when.start if when is not None and when.start is not None else _LONG_AGO)


def name_of(item: Item) -> str:
    """What makes items the same thing; nameless ones are each their own."""
    reading = item.reading
    return reading.concept.key if reading.concept.text else f"{reading.type}/{reading.id}"


def lines(items: Iterable[Item], rank: Callable[[Item], int]) -> tuple[Line, ...]:
    """One line a code: the item of the lowest rank, the newest of them; lines by rank, then newest first."""
    found = []
    for group in grouped(items, name_of).values():
        group.sort(key=moment, reverse=True)
        chosen = min(group, key=rank)
        alike = [one for one in group if (rank(one) == 3) == (rank(chosen) == 3)]
        sources = tuple(dict.fromkeys(one.source for one in alike))
        found.append(Line(chosen, sources, len(alike), _first(alike), _last(alike), rank(chosen) < 2))
    found.sort(key=lambda line: moment(line.item), reverse=True)
    return tuple(sorted(found, key=lambda line: rank(line.item)))


def _first(newest_first: Sequence[Item]) -> When | None:
    return next((i.reading.when for i in reversed(newest_first) if i.reading.when is not None), None)


def _last(newest_first: Sequence[Item]) -> When | None:
    return next((i.reading.when for i in newest_first if i.reading.when is not None), None)


def ended(reading: Reading, at: datetime) -> bool:
    """Whether what it tells was over at the moment."""
    return reading.until is not None and reading.until.start is not None and reading.until.start < at


def problems(items: Iterable[Item], at: datetime) -> tuple[Line, ...]:
    """Problems, active first."""

    def rank(item: Item) -> int:
        reading = item.reading
        return rules.problem_rank(reading.clinical, reading.validity, ended(reading, at))

    return lines(items, rank)


def medicines(items: Iterable[Item], at: datetime) -> tuple[Line, ...]:
    """Medicines, current first."""

    def rank(item: Item) -> int:
        reading = item.reading
        return rules.medicine_rank(reading.status, reading.validity, ended(reading, at))

    return lines(items, rank)


def immunisations(items: Iterable[Item]) -> tuple[Line, ...]:
    """Vaccines, those given before those that were not."""
    return lines(items, lambda item: 0 if item.reading.validity is Validity.VALID else 3)


def allergies(items: Iterable[Item]) -> tuple[Line, ...]:
    """Allergies: those that hold (grave ones first), statements that there is none, ended, not valid."""

    def rank(item: Item) -> int:
        reading = item.reading
        if reading.validity is not Validity.VALID:
            return 3
        return 2 if reading.clinical in rules.ENDED_PROBLEM else int(reading.negative)

    found = lines(items, rank)
    return tuple(sorted(found, key=lambda line: (rank(line.item), line.item.reading.criticality != "high")))


def curves(items: Iterable[Item], most: int = 12) -> tuple[Curve, ...]:
    """The numbers of one code as curves, one a component; units are never mixed, doubtful numbers never drawn."""
    ordered = sorted((i for i in items if _is_drawn(i)), key=moment)
    by_part: dict[str, list[tuple[datetime, Measure]]] = defaultdict(list)
    for one in ordered:
        for place, measure in enumerate(one.reading.measures):
            if measure.number is not None:
                by_part[measure.code or measure.label or str(place)].append((moment(one), measure))
    return tuple(curve for points in by_part.values() if (curve := _curve(points, most)) is not None)


def _is_drawn(item: Item) -> bool:
    return item.reading.validity is Validity.VALID and moment(item) is not _LONG_AGO


def _curve(points: Sequence[tuple[datetime, Measure]], most: int) -> Curve | None:
    sound = [(at, measure) for at, measure in points if measure.doubt is None]
    if not sound:
        return None
    last = sound[-1][1]
    alike = [(at, m) for at, m in sound if m.unit_key == last.unit_key and not m.comparator]
    drawn = tuple((at, float(m.number)) for at, m in alike[-most:] if m.number is not None)
    low, high = (None if edge is None else float(edge) for edge in (last.low, last.high))
    return Curve(last.label, last.unit, drawn, low, high, len(sound) - len(alike), len(points) - len(sound))


def result(items: Sequence[Item]) -> Result | None:
    """The newest valid value among the items of a code; None where all were entered in error."""
    newest_first = sorted(items, key=moment, reverse=True)
    valid = [one for one in newest_first if one.reading.validity is Validity.VALID]
    if not valid:
        return None
    wrong = sum(1 for one in newest_first if one.reading.validity is Validity.ERROR)
    place = next((place for place, one in enumerate(valid) if is_sound(one.reading)), 0)
    return Result(name_of(valid[0]), valid[place], curves(valid), len(valid), place, wrong)


def is_sound(reading: Reading) -> bool:
    """Whether any value of it is there and not in doubt."""
    return any(not m.absent and m.doubt is None for m in reading.measures)


def is_outside(reading: Reading) -> bool:
    """Whether any value of it is flagged."""
    return reading.flag in rules.OUTSIDE or any(m.flag in rules.OUTSIDE for m in reading.measures)


def urgency(item: Item, at: datetime) -> int:
    """The order in which results are looked at: critical, then outside the usual, of late; then all others."""
    reading = item.reading
    if moment(item) < at - RECENT or not is_outside(reading):
        return 2
    flags = {reading.flag, *(m.flag for m in reading.measures)}
    return 0 if flags & rules.CRITICAL else 1


def results(groups: Iterable[Sequence[Item]], at: datetime) -> tuple[Result, ...]:
    """The results of several codes: what is outside the usual and recent first, then the newest; a code once."""
    found: dict[str, Result] = {}
    for group in groups:
        one = result(group)
        if one is not None and (one.key not in found or moment(found[one.key].item) < moment(one.item)):
            found[one.key] = one
    ordered = sorted(found.values(), key=lambda r: r.item.reading.title)
    ordered.sort(key=lambda r: moment(r.item), reverse=True)
    return tuple(sorted(ordered, key=lambda r: urgency(r.item, at)))


def days(items: Iterable[Item]) -> tuple[Day, ...]:
    """Items (newest first) by their day in China, Observations of a day, encounter and institution as one cluster."""
    found = []
    for day, group in grouped(items, _day_of).items():
        on = When(day, datetime.fromisoformat(day).replace(tzinfo=CHINA)) if day else None
        found.append(Day(on, tuple(_entries(sorted(group, key=_within_day)))))
    return tuple(found)


def _day_of(item: Item) -> str:
    return item.at.astimezone(CHINA).date().isoformat() if item.at is not None else ""


def _within_day(item: Item) -> tuple[str, int]:
    """What an institution did in a day stands together, in the order of the kinds: the encounter before the rest."""
    return str(item.source), _ORDER.index(rules.KIND_OF.get(item.reading.type, "other"))


def _entries(items: Sequence[Item]) -> Iterable[Item | Cluster]:
    clusters = grouped((i for i in items if i.reading.type == "Observation"), _together)
    begun: set[str] = set()
    for one in items:
        if one.reading.type != "Observation":
            yield one
            continue
        key = _together(one)
        if key in begun:
            continue
        begun.add(key)
        members = clusters[key]
        yield members[0] if len(members) == 1 else cluster(members)


def _together(item: Item) -> str:
    return f"{item.source} {item.patient} {item.reading.encounter}"


def cluster(items: Sequence[Item]) -> Cluster:
    """Observations that belong together, those outside the usual first."""
    ordered = sorted(items, key=lambda one: not is_outside(one.reading))
    return Cluster(tuple(ordered), sum(1 for one in items if is_outside(one.reading)))
