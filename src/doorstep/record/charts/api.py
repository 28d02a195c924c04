"""The door of charts for other rooms: its permission to read, what a letter takes from a chart, and a chart opened for
a room whose things stand in it (within an ``ask`` of that room, whose line in the trail then tells of it)."""

from __future__ import annotations

from doorstep.record.charts.access import Permission
from doorstep.record.charts.reads.entry import seen
from doorstep.record.charts.reads.extracts import extract
from doorstep.record.charts.reads.head import Chart, open_chart
from doorstep.record.charts.shapes.extracts import Extract, Measured, Paper

__all__ = ["Chart", "Extract", "Measured", "Paper", "Permission", "extract", "open_chart", "seen"]
