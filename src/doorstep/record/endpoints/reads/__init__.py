"""What can be asked about endpoints and what came in by them."""

from __future__ import annotations

from doorstep.record.endpoints.reads.endpoints import (
    carrying,
    doors,
    is_replaying,
    listed,
    one,
    orders,
    sendable,
    shown,
)
from doorstep.record.endpoints.reads.inbound import charset_of, journey, messages, reasons, rests
from doorstep.record.endpoints.reads.outbound import passage, sent, unsent, unsent_reasons
from doorstep.record.endpoints.reads.standing import standing
from doorstep.record.endpoints.reads.words import advice, left, named, say, say_sent

__all__ = [
    "advice",
    "carrying",
    "charset_of",
    "doors",
    "is_replaying",
    "journey",
    "left",
    "listed",
    "messages",
    "named",
    "one",
    "orders",
    "passage",
    "reasons",
    "rests",
    "say",
    "say_sent",
    "sendable",
    "sent",
    "shown",
    "standing",
    "unsent",
    "unsent_reasons",
]
