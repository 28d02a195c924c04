"""The door of the room: what is free, and holding, confirming and releasing it, for rooms that have asked their own
permission. Everything runs in the caller's transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from doorstep.kernel.call import Call
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions import appointments as acts
from doorstep.resources.booking.fhir import appointment as resource
from doorstep.resources.booking.fhir import proposed
from doorstep.resources.booking.flow import Status
from doorstep.resources.booking.reads import appointments as reads
from doorstep.resources.booking.reads import rulings
from doorstep.resources.booking.reads.appointments import get
from doorstep.resources.booking.reads.offers import free
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.shapes import Booked, Offer

__all__ = [
    "Booked",
    "Channel",
    "Offer",
    "Permission",
    "Status",
    "confirm",
    "free",
    "get",
    "hold",
    "hold_minutes",
    "of_resident",
    "proposed",
    "release",
    "resource",
]


def hold(call: Call, *, slot: UUID, resident: UUID, channel: Channel, until: datetime, why: str) -> UUID:
    """Hold a place, or one like it (same session, same time), for a resident until a moment: the appointment's id.

    ``Refused``: ``slot_taken``, ``one_a_day`` (of this department, that day), ``sanctioned``, ``not_released`` (to this
    channel), ``waited_for`` (by a waiting list), ``slot_past``, ``slot_closed``, ``hold.past``, ``not_found``.
    """
    return acts.hold(_let(call), slot=slot, resident=resident, channel=channel, until=until, why=why)


def hold_minutes(day: date) -> int:
    """How long a place is held for whoever fills in the rest, by the rule of the day."""
    return rulings.terms(day).hold_minutes


def confirm(call: Call, *, appointment: UUID) -> None:
    """Make what was held stand. ``Refused``: ``hold.over`` where its time is over, ``wrong_state``, ``not_found``."""
    acts.confirm(_let(call), appointment=appointment)


def release(call: Call, *, appointment: UUID, why: str) -> None:
    """Give a place back, held or booked. ``Refused``: ``wrong_state``, ``not_found``."""
    acts.release(_let(call), appointment=appointment, why=why)


def of_resident(call: Call, *, resident: UUID, since: date | None = None, limit: int = 50) -> tuple[Booked, ...]:
    """A resident's appointments, the latest first. ``Refused`` (not_found) for one whom the caller does not know."""
    return reads.of_resident(_let(call), resident=resident, since=since, limit=limit)


def _let(call: Call) -> Call:
    """The right of the room that calls holds these."""
    return replace(call, permissions=call.permissions | {Permission.BOOK, Permission.READ})
