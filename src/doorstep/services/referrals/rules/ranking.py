"""Which destination first, and why: capability, free places, the way there, what it costs the patient. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt
from typing import Final
from uuid import UUID

from doorstep.services.referrals.rules.kinds import Kind, Urgency

EARTH_KM: Final = 6371.0
DETOUR: Final = 1.3
"""Roads are longer than the straight line by about this (assumed; circuity of road networks lies at 1.2–1.4)."""
KM_AN_HOUR: Final = 40.0
"""On county roads (assumed)."""


class Reason(StrEnum):
    """Why a destination stands where it stands; ``detail`` of the pair that a page shows says how much."""

    DEPARTMENT = "department"
    NO_DEPARTMENT = "no_department"
    FREE = "free"
    NO_PLACE = "no_place"
    NEAR = "near"
    FAR = "far"
    SAVES = "saves"
    PARTNER = "partner"
    OUTSIDE = "outside"
    DIRECTION = "direction"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An institution that could be asked: whether it has a department of that name, its free places and the first of
    them, the way in km (None: not known), what the referral saves the patient, whether it is of the same consortium."""

    organisation: UUID
    name: str
    tier: str
    kind: Kind
    has_department: bool | None = None
    free: int = 0
    first: datetime | None = None
    km: float | None = None
    saved: Decimal | None = None
    partner: bool = True


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its reasons, the best first."""

    candidate: Candidate
    points: float
    reasons: tuple[tuple[Reason, str], ...]


def distance(a: tuple[Decimal, Decimal] | None, b: tuple[Decimal, Decimal] | None) -> float | None:
    """Kilometres by road, estimated from two places (longitude, latitude, degrees); None where one is not known."""
    if a is None or b is None:
        return None
    x1, y1, x2, y2 = (radians(float(v)) for v in (*a, *b))
    inner = sin((y2 - y1) / 2) ** 2 + cos(y1) * cos(y2) * sin((x2 - x1) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, inner))) * DETOUR


def minutes(km: float) -> int:
    """Travel time by car, estimated."""
    return max(1, round(km / KM_AN_HOUR * 60))


def rank(candidates: Iterable[Candidate], *, kind: Kind | None, urgency: Urgency, at: datetime) -> tuple[Ranked, ...]:
    """The candidates, best first; equal ones by name. The nearer counts more the more urgent it is."""
    found = [_weighed(each, kind, urgency, at) for each in candidates]
    return tuple(sorted(found, key=lambda one: (-one.points, one.candidate.name, str(one.candidate.organisation))))


def _weighed(one: Candidate, kind: Kind | None, urgency: Urgency, at: datetime) -> Ranked:
    parts = [*_capable(one, kind), *_places(one, urgency, at), *_way(one, urgency), *_costs(one)]
    return Ranked(one, sum(points for points, _, _ in parts), tuple((why, said) for _, why, said in parts))


Part = tuple[float, Reason, str]


def _capable(one: Candidate, kind: Kind | None) -> list[Part]:
    parts: list[Part] = []
    if one.has_department is not None:
        parts.append((40, Reason.DEPARTMENT, "") if one.has_department else (-40, Reason.NO_DEPARTMENT, ""))
    if kind is not None and one.kind is not kind:
        parts.append((-30, Reason.DIRECTION, ""))
    parts.append((10, Reason.PARTNER, "") if one.partner else (-10, Reason.OUTSIDE, ""))
    return parts


def _places(one: Candidate, urgency: Urgency, at: datetime) -> list[Part]:
    if not one.free:
        return [(0 if urgency is Urgency.EMERGENCY else -10, Reason.NO_PLACE, "")]
    wait = (one.first - at) / timedelta(days=1) if one.first else 0.0
    return [(20 + min(10, one.free) / 2 - min(20.0, max(0.0, wait) * 2), Reason.FREE, str(one.free))]


def _way(one: Candidate, urgency: Urgency) -> list[Part]:
    if one.km is None:
        return []
    weight = {Urgency.EMERGENCY: 1.0, Urgency.URGENT: 0.5, Urgency.ROUTINE: 0.3}[urgency]
    return [(-min(60.0, one.km) * weight, Reason.NEAR if one.km <= 30 else Reason.FAR, f"{one.km:.0f}")]


def _costs(one: Candidate) -> list[Part]:
    if not one.saved:
        return []
    return [(min(10.0, float(one.saved) / 100), Reason.SAVES, f"{one.saved:.0f}")]
