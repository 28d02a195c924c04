"""The door of charts for other rooms: nothing is asked of it yet but its permission to read."""

from __future__ import annotations

from doorstep.record.charts.access import Permission

__all__ = ["Permission"]
