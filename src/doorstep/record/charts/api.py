"""The door of charts for other rooms: its permission to read, and what a letter takes from a chart."""

from __future__ import annotations

from doorstep.record.charts.access import Permission
from doorstep.record.charts.reads.extracts import extract
from doorstep.record.charts.shapes.extracts import Extract, Measured, Paper

__all__ = ["Extract", "Measured", "Paper", "Permission", "extract"]
