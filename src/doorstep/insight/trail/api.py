"""The door of the room: the trail as the FHIR door shows it."""

from __future__ import annotations

from doorstep.insight.trail.fhir import audit_event
from doorstep.insight.trail.reads.events import event, events

__all__ = ["audit_event", "event", "events"]
