"""What can be asked about endpoints and what came in by them."""

from __future__ import annotations

from doorstep.record.endpoints.reads.alerts import alert, alerts, rules, waiting
from doorstep.record.endpoints.reads.endpoints import doors, is_replaying, listed, one, orders, shown
from doorstep.record.endpoints.reads.gauges import gauges
from doorstep.record.endpoints.reads.inbound import charset_of, journey, messages, reasons, rests
from doorstep.record.endpoints.reads.mappings import mapping_of, mappings, versions_of
from doorstep.record.endpoints.reads.standing import standing
from doorstep.record.endpoints.reads.words import advice, left, named, say

__all__ = [
    "advice",
    "alert",
    "alerts",
    "charset_of",
    "doors",
    "gauges",
    "is_replaying",
    "journey",
    "left",
    "listed",
    "mapping_of",
    "mappings",
    "messages",
    "named",
    "one",
    "orders",
    "reasons",
    "rests",
    "rules",
    "say",
    "shown",
    "standing",
    "versions_of",
    "waiting",
]
