"""The door of the room: for the listener, what endpoints there are and how what comes in is kept."""

from __future__ import annotations

from doorstep.record.endpoints.actions.keep import KEEP, KNOWN, columns, found
from doorstep.record.endpoints.reads import doors, gauges
from doorstep.record.endpoints.rules.facts import MLLP, may_come_from
from doorstep.record.endpoints.rules.turns import key_of, slot_of
from doorstep.record.endpoints.shapes import Arrival, Door, Gauge, Kept

__all__ = [
    "KEEP", "KNOWN", "MLLP", "Arrival", "Door", "Gauge", "Kept", "columns", "doors", "found", "gauges", "key_of",
    "may_come_from", "slot_of",
]  # fmt: skip
