"""Who waits at a session's door."""

from __future__ import annotations

from uuid import UUID

from doorstep.resources.booking.flow import Status
from doorstep.resources.booking.models import Appointment
from doorstep.resources.booking.reads.appointments import WHOSE
from doorstep.resources.booking.rules import Terms, queue


def line(session: UUID, terms: Terms) -> tuple[queue.Waiter, ...]:
    """Those who have checked in and are not called yet, in the order in which they are."""
    rows = Appointment.objects.unscoped(WHOSE).filter(session=session, status=Status.CHECKED_IN)
    found = rows.values_list("id", "number", "starts", "came_at", "passed")
    return queue.order((queue.Waiter(*row) for row in found), terms)
