"""The door of the room: for the listener and the FHIR door, how what comes in is kept; for services, messages that they
act on; for others, how a message is sent, and where a protocol is plugged in."""

from __future__ import annotations

from doorstep.record.endpoints.actions.answering import done
from doorstep.record.endpoints.actions.corresponding import tell
from doorstep.record.endpoints.actions.dispatching import Dispatcher
from doorstep.record.endpoints.actions.keep import KEEP, KEEP_AND_CALL, KNOWN, columns, found
from doorstep.record.endpoints.actions.protocols import PROTOCOLS, Protocol
from doorstep.record.endpoints.actions.queueing import send
from doorstep.record.endpoints.reads import doors, gauges
from doorstep.record.endpoints.reads.arriving import OK, Arriving, arriving
from doorstep.record.endpoints.reads.handed import handed
from doorstep.record.endpoints.rules.answers import Outcome, Unanswered, Unreachable, Verdict
from doorstep.record.endpoints.rules.facts import MLLP, may_come_from
from doorstep.record.endpoints.rules.turns import key_of, slot_of
from doorstep.record.endpoints.shapes import Arrival, Door, Endpoint, Facts, Gauge, Kept, Outward

__all__ = [
    "KEEP", "KEEP_AND_CALL", "KNOWN", "MLLP", "OK", "PROTOCOLS", "Arrival", "Arriving", "Dispatcher", "Door",
    "Endpoint", "Facts", "Gauge", "Kept", "Outcome", "Outward", "Protocol", "Unanswered", "Unreachable", "Verdict",
    "arriving", "columns", "done", "doors", "found", "gauges", "handed", "key_of", "may_come_from", "send", "slot_of",
    "tell",
]  # fmt: skip
