"""What is told of an appointment: the event to other rooms."""

from __future__ import annotations

from typing import Any, TypeVar

from doorstep.events.booking import OfAppointment
from doorstep.kernel.outbox import emit
from doorstep.resources.booking.models import Appointment

E = TypeVar("E", bound=OfAppointment)


def tell(kind: type[E], row: Appointment, **more: Any) -> None:
    """Publish an event of an appointment."""
    emit(kind(row.id, row.resident_id, row.organisation_id, row.session_id, row.starts, row.channel, **more))
