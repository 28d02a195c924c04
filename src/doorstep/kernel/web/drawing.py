"""Trends as geometry: where the line, the dots and the reference band of a small chart lie. Drawn by a template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from doorstep.kernel.web.moments import day_of

Point = tuple[date | datetime, float]


@dataclass(frozen=True, slots=True)
class Dot:
    """One value at its place; ``tone`` is ``out`` beyond the reference band."""

    x: float
    y: float
    value: float
    on: date
    tone: str


@dataclass(frozen=True, slots=True)
class Band:
    """The reference range as a strip; an open side reaches the edge of the drawing and has no edge line."""

    top: float
    height: float
    edges: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """A drawing of ``width`` × ``height`` units."""

    width: int
    height: int
    left: float
    right: float
    bottom: float
    line: str
    dots: tuple[Dot, ...]
    band: Band | None

    @property
    def across(self) -> float:
        """How wide the drawing is between its margins."""
        return self.right - self.left

    @property
    def last(self) -> Dot:
        """The newest value."""
        return self.dots[-1]

    @property
    def first(self) -> Dot:
        """The oldest value."""
        return self.dots[0]


@dataclass(frozen=True, slots=True)
class Frame:
    """The paper: its size and the margins round the drawing."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int


WIDE = Frame(340, 150, 36, 44, 14, 26)
SMALL = Frame(96, 28, 4, 4, 4, 4)


def out_of(value: float, low: float | None, high: float | None) -> bool:
    """Whether a value lies beyond its reference range."""
    return (low is not None and value < low) or (high is not None and value > high)


def bounds(values: Sequence[float], low: float | None, high: float | None) -> tuple[float, float]:
    """The lowest and highest value to draw, with a tenth to spare, never equal."""
    known = [*values, *(edge for edge in (low, high) if edge is not None)]
    bottom, top = min(known), max(known)
    spare = (top - bottom) * 0.1 or abs(top) * 0.1 or 1.0
    return bottom - spare, top + spare


def trend(
    points: Sequence[Point], low: float | None = None, high: float | None = None, frame: Frame = WIDE
) -> Trend | None:
    """The drawing of dated values in any order; None where there are none."""
    if not points:
        return None
    ordered = sorted(((day_of(at), float(value)) for at, value in points), key=lambda p: p[0])
    bottom, top = bounds([value for _at, value in ordered], low, high)
    first, days = ordered[0][0], (ordered[-1][0] - ordered[0][0]).days
    across, down = frame.width - frame.left - frame.right, frame.height - frame.top - frame.bottom

    def x(at: date) -> float:
        return round(frame.left + (across * (at - first).days / days if days else across / 2), 1)

    def y(value: float) -> float:
        return round(frame.top + down * (top - value) / (top - bottom), 1)

    dots = tuple(Dot(x(at), y(v), v, at, "out" if out_of(v, low, high) else "") for at, v in ordered)
    line = " ".join(f"{d.x},{d.y}" for d in dots)
    upper = y(high) if high is not None else float(frame.top)
    lower = y(low) if low is not None else float(frame.height - frame.bottom)
    edges = tuple((edge, y(edge)) for edge in (low, high) if edge is not None)
    band = Band(upper, round(lower - upper, 1), edges) if edges else None
    return Trend(
        frame.width, frame.height, frame.left, frame.width - frame.right, frame.height - frame.bottom, line, dots, band
    )
