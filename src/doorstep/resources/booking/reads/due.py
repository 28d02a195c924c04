"""What the clock has to see to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorstep.resources.booking.flow import Status, Wish
from doorstep.resources.booking.models import Appointment, Release, Slot, Waiting

CLOCK: Final = "what is due by the clock is due whoever it is of"
MOST: Final = 500


def run_out(at: datetime) -> list[UUID]:
    """Appointments whose holding has run out and whose place nobody has taken since."""
    rows = Slot.objects.filter(held_until__lte=at, appointment__isnull=False).order_by("held_until")
    keys = list(rows.values_list("appointment", flat=True)[:MOST])
    held = Appointment.objects.unscoped(CLOCK).filter(pk__in=keys, status=Status.HELD)
    return list(held.values_list("id", flat=True))


def missing(at: datetime) -> list[UUID]:
    """Appointments of sessions that are over, to which nobody came: of the last two days, earlier ones were seen to."""
    rows = Appointment.objects.unscoped(CLOCK).filter(status=Status.BOOKED, session__ends__lte=at)
    recent = rows.filter(starts__gt=at - timedelta(days=2)).order_by("starts")
    return list(recent.values_list("id", flat=True)[:MOST])


def waited_for() -> list[UUID]:
    """Clinics for which somebody waits."""
    rows = Waiting.objects.unscoped(CLOCK).filter(status=Wish.WAITING)
    return list(rows.order_by("clinic").values_list("clinic", flat=True).distinct()[:MOST])


def releases(at: datetime) -> list[UUID]:
    """Sessions for whose release people queue, and whose hour has come."""
    rows = Release.objects.unscoped(CLOCK).filter(closed_at__isnull=True, opens_at__lte=at).order_by("opens_at")
    return list(rows.values_list("session", flat=True)[:MOST])
