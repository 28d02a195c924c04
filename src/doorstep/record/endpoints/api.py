"""The door of the room: for the listener and the FHIR door, how what comes in is kept; for services, messages that they
act on."""

from __future__ import annotations

from doorstep.record.endpoints.actions.answering import done
from doorstep.record.endpoints.actions.keep import KEEP, KNOWN, columns, found
from doorstep.record.endpoints.reads import doors
from doorstep.record.endpoints.reads.arriving import OK, Arriving, arriving
from doorstep.record.endpoints.reads.handed import handed
from doorstep.record.endpoints.rules.facts import may_come_from
from doorstep.record.endpoints.rules.turns import key_of, slot_of
from doorstep.record.endpoints.shapes import Arrival, Door, Kept

__all__ = [
    "KEEP", "KNOWN", "OK", "Arrival", "Arriving", "Door", "Kept", "arriving", "columns", "done", "doors", "found",
    "handed", "key_of", "may_come_from", "slot_of",
]  # fmt: skip
