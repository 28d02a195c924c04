"""What the booking room tells the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OfAppointment:
    """An appointment: whose, where, when, by which channel it was made (``rules.Channel``)."""

    appointment: UUID
    resident: UUID
    organisation: UUID
    session: UUID
    starts: datetime
    channel: str

    @property
    def subject(self) -> str:
        """Events of one appointment keep their order."""
        return f"appointment:{self.appointment}"


@dataclass(frozen=True, slots=True)
class AppointmentBooked(OfAppointment):
    """It stands; ``replaces`` is one that was stopped and whose place it takes (``AppointmentReplaced`` tells that)."""

    replaces: UUID | None = None


@dataclass(frozen=True, slots=True)
class AppointmentCheckedIn(OfAppointment):
    """The person has come."""


@dataclass(frozen=True, slots=True)
class AppointmentMissed(OfAppointment):
    """The person did not come, or left before they were seen."""


@dataclass(frozen=True, slots=True)
class AppointmentCancelled(OfAppointment):
    """It was given back before its time; not where the clinic was stopped."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class ClinicStopped(OfAppointment):
    """The clinic was stopped (停诊) and the appointment with it: one event for each that stood. ``instead`` is an
    appointment of the same clinic that is held for the person until ``answer_by``, free of charge, if there is one."""

    why: str = ""
    instead: UUID | None = None
    answer_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class AppointmentReplaced(OfAppointment):
    """The person has taken the place that was kept for them instead of one that was stopped (``replaced``)."""

    replaced: UUID

    @property
    def subject(self) -> str:
        """It comes after what was told of the one that was stopped."""
        return f"appointment:{self.replaced}"


@dataclass(frozen=True, slots=True)
class PlaceOffered(OfAppointment):
    """Somebody on a waiting list is offered this appointment and has until ``answer_by`` to say yes."""

    answer_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClinicSuspended(OfAppointment):
    """The clinic gives no more places away and may be stopped: one event for each appointment that stands."""

    why: str = ""
