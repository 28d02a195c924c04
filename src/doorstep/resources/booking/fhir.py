"""What the room publishes, as FHIR R4: a clinic's Schedule, its places as Slots, appointments. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from doorstep.kernel.projecting import HL7, Json, concept, filled, plain, reference, subject
from doorstep.resources.booking.flow import Status
from doorstep.resources.booking.rules import CHANNELS, Channel
from doorstep.resources.booking.shapes import Booked, ClinicFacts, Offer, SlotFacts

PUBLISHES: Final = ("Appointment", "Schedule", "Slot")
RESIDENT: Final = "urn:doorstep:resident"
CHANNEL: Final = "urn:doorstep:booking-channel"
STATUSES: Final[Mapping[str, str]] = {
    Status.HELD: "pending",
    Status.BOOKED: "booked",
    Status.CHECKED_IN: "checked-in",
    Status.CALLED: "checked-in",
    Status.FULFILLED: "fulfilled",
    Status.CANCELLED: "cancelled",
    Status.NO_SHOW: "noshow",
    Status.EXPIRED: "cancelled",
}
"""Of an Appointment; that somebody is called is nobody's business but the wall's."""


def schedule(clinic: ClinicFacts) -> Json:
    """A clinic: of one of the house's posts, of a visitor by name, or of a room or device."""
    actor = reference("PractitionerRole", clinic.post) if clinic.post else {"display": plain(clinic.who) or "?"}
    return filled(
        resourceType="Schedule",
        id=str(clinic.id),
        active=not clinic.ended,
        serviceType=[{"text": plain(clinic.name) or "?"}],
        specialty=[subject(clinic.code, plain(clinic.department_name) or "?")],
        actor=[actor],
    )


def slot(place: SlotFacts) -> Json:
    """A place: free, held, taken, or not given away."""
    status = "busy-tentative" if place.held else "busy" if place.taken else "free" if place.live else "busy-unavailable"
    return filled(
        resourceType="Slot",
        id=str(place.id),
        serviceCategory=[concept(CHANNEL, place.channel, CHANNELS[place.channel])],
        schedule=reference("Schedule", place.clinic),
        status=status,
        start=place.starts.isoformat(),
        end=place.ends.isoformat(),
        overbooked=True if place.added else None,
    )


def appointment(booked: Booked, patient: str) -> Json:
    """An appointment of a person (``patient``: the FHIR id of a record of theirs, if there is one); a hold is pending.
    Why it was made is between the doctor and the person, and is not in it."""
    if patient:
        actor: Json = {"reference": f"Patient/{patient}"}
    else:
        actor = {"identifier": {"system": RESIDENT, "value": str(booked.resident)}}
    status = STATUSES[booked.status]
    ended = booked.status in (Status.CANCELLED, Status.EXPIRED)
    walked = booked.channel is Channel.ADD_ON
    return filled(
        resourceType="Appointment",
        id=str(booked.id),
        status=status,
        cancelationReason={"text": plain(booked.ended_why) or "cancelled"} if ended else None,
        serviceType=[{"text": plain(booked.clinic_name) or "?"}],
        specialty=[{"text": plain(booked.department_name) or "?"}],
        appointmentType=concept(HL7 + "v2-0276", "WALKIN" if walked else "ROUTINE", ""),
        start=booked.starts.isoformat(),
        end=booked.ends.isoformat(),
        slot=[reference("Slot", booked.slot)],
        participant=[{"actor": actor, "status": "tentative" if status == "pending" else "accepted"}],
    )


def proposed(offer: Offer) -> Json:
    """What could be booked, as the Argonaut Scheduling guide has it: a proposed Appointment that is kept nowhere; its
    id is the slot's, for ``$hold`` and ``$book``."""
    who = " ".join(filter(None, (plain(offer.practitioner_name), plain(offer.title)))) or plain(offer.clinic_name)
    return filled(
        resourceType="Appointment",
        id=str(offer.slot),
        status="proposed",
        serviceType=[{"text": plain(offer.clinic_name) or "?"}],
        specialty=[{"text": plain(offer.department_name) or "?"}],
        appointmentType=concept(HL7 + "v2-0276", "ROUTINE", ""),
        start=offer.starts.isoformat(),
        end=offer.ends.isoformat(),
        slot=[reference("Slot", offer.slot)],
        participant=[{"actor": {"display": who or "?"}, "required": "required", "status": "needs-action"}],
    )
