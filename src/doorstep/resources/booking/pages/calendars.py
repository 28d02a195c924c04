"""An appointment as a file for the calendar of a telephone (iCalendar, RFC 5545). Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from icalendar import Calendar, Event

from doorstep.kernel.projecting import plain
from doorstep.resources.booking.flow import Status
from doorstep.resources.booking.shapes import Booked

ENDED = frozenset({Status.CANCELLED, Status.EXPIRED})


def calendar(one: Booked, at: datetime) -> bytes:
    """One appointment; sent again after a change it replaces the older one (``UID``, ``SEQUENCE``). What it is for is
    not in it: calendars are shared."""
    event = Event()
    event.add("uid", f"{one.id}@doorstep")
    event.add("sequence", one.version)
    event.add("dtstamp", at.astimezone(UTC))
    event.add("dtstart", one.starts.astimezone(UTC))
    event.add("dtend", one.ends.astimezone(UTC))
    event.add("summary", plain(f"{one.organisation_name} {one.department_name}"))
    event.add("location", plain(f"{one.organisation_name} {one.place}").strip())
    event.add("status", "CANCELLED" if one.status in ENDED else "CONFIRMED")
    made = Calendar()
    made.add("prodid", "-//Doorstep//booking//ZH")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add_component(event)
    text: bytes = made.to_ical()
    return text
