"""An appointment is a reason to read the chart: from the day before, for who prepares, to the end of its day."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from doorstep.kernel import clock
from doorstep.registers.consents import api as consents
from doorstep.resources.booking.flow import Status
from doorstep.resources.booking.models import Appointment

COMES: Final = frozenset({Status.BOOKED, Status.CHECKED_IN, Status.CALLED, Status.FULFILLED})
NEVER: Final = frozenset({Status.HELD, Status.EXPIRED})
BEFORE: Final = timedelta(days=1)


def relate(row: Appointment, at: datetime) -> None:
    """Open the clinic's relation of care to who has an appointment, or end it where they come no more.

    To whoever made the appointment it opens nothing (``consents.Opening.maker``).
    """
    status, reference = Status(row.status), f"Appointment/{row.pk}"
    if status in NEVER:
        return
    if status not in COMES:
        consents.close_relation(consents.Why.APPOINTMENT, reference, at=at, reason=status.value)
        return
    day = datetime.combine(row.day, time(), clock.CHINA)
    consents.open_relation(
        consents.Opening(
            row.resident_id, consents.Why.APPOINTMENT, reference, day - BEFORE, day + timedelta(days=1),
            organisation=row.organisation_id, maker=row.made_by,
        )
    )  # fmt: skip
