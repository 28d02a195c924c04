"""Sessions: of which clinic they are."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from doorstep.resources.booking.models import Session

OPEN: Final = "which clinic a session is of, is public"


def clinic_of(session: UUID) -> UUID:
    """The clinic of a session."""
    found: UUID = Session.objects.unscoped(OPEN).values_list("clinic", flat=True).get(pk=session)
    return found
