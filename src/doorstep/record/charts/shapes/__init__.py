"""Frozen records of a chart: what was read from resources, and what the pages show."""

from __future__ import annotations

from doorstep.record.charts.shapes.pages import (
    Changes,
    Cluster,
    Curve,
    Day,
    Entry,
    Head,
    Item,
    Line,
    Narrowing,
    Person,
    Result,
    Results,
    Series,
    Summary,
    Target,
    Timeline,
    Version,
)
from doorstep.record.charts.shapes.readings import Change, Concept, Fact, Key, Measure, Reading, Ref, Shown, When

__all__ = [
    "Change",
    "Changes",
    "Cluster",
    "Concept",
    "Curve",
    "Day",
    "Entry",
    "Fact",
    "Head",
    "Item",
    "Key",
    "Line",
    "Measure",
    "Narrowing",
    "Person",
    "Reading",
    "Ref",
    "Result",
    "Results",
    "Series",
    "Shown",
    "Summary",
    "Target",
    "Timeline",
    "Version",
    "When",
]
