"""What is told of clinics, places and appointments: events to other rooms, FHIR to the door."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from doorstep.events.booking import OfAppointment
from doorstep.kernel import act
from doorstep.kernel.outbox import emit
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents
from doorstep.resources.booking import fhir
from doorstep.resources.booking.actions.relating import relate
from doorstep.resources.booking.models import Appointment, Clinic, Session, Slot
from doorstep.resources.booking.reads import appointments as reads
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.shapes import ClinicFacts, SlotFacts

E = TypeVar("E", bound=OfAppointment)
TOLD: Final = "what an action of this room has changed is published by the institution that it is of"


def tell(kind: type[E], row: Appointment, **more: Any) -> None:
    """Publish an event of an appointment."""
    emit(kind(row.id, row.resident_id, row.organisation_id, row.session_id, row.starts, row.channel, **more))


def publish(appointments: Collection[UUID], at: datetime) -> Mapping[UUID, Appointment]:
    """Publish appointments and their places as they are now, let the clinic read the charts of those who come; the rows
    by their ids."""
    rows = list(reads.rows().select_related("session__clinic", "slot").filter(pk__in=appointments))
    for row, booked in zip(rows, reads.booked(rows, named=False), strict=True):
        patient = residents.patient_of(row.resident_id, row.organisation_id)
        act.publish(fhir.appointment(booked, patient), source=row.organisation_id)
        relate(row, at)
        row.slot.session = row.session
    publish_slots([row.slot for row in rows], at)
    return {row.id: row for row in rows}


def publish_slots(slots: Iterable[Slot], at: datetime) -> None:
    """Publish places; their sessions must be selected with them."""
    for row in slots:
        act.publish(fhir.slot(_slot(row, at)), source=row.session.organisation_id)


def _slot(row: Slot, at: datetime) -> SlotFacts:
    over = row.held_until is not None and row.held_until <= at
    return SlotFacts(
        id=row.id, clinic=row.session.clinic_id, channel=Channel(row.channel), starts=row.starts, ends=row.ends,
        live=row.live, taken=row.appointment is not None and not over,
        held=row.held_until is not None and not over, added=row.added,
    )  # fmt: skip


def publish_session(session: Session, at: datetime) -> None:
    """Publish a session's places, and its clinic."""
    clinic = Clinic.objects.unscoped(TOLD).get(pk=session.clinic_id)
    publish_clinic(clinic)
    publish_slots(Slot.objects.filter(session=session).select_related("session"), at)


def publish_clinic(clinic: Clinic) -> None:
    """Publish a clinic as a Schedule."""
    names = organisations.department_names({(clinic.organisation_id, clinic.code)})
    who = " · ".join(filter(None, (clinic.practitioner, clinic.title, clinic.visits_from))) or clinic.name
    facts = ClinicFacts(
        id=clinic.id, name=clinic.name, code=clinic.code, post=clinic.post_id, who=who,
        department_name=names.get((clinic.organisation_id, clinic.code), ""), ended=clinic.ended_on is not None,
    )  # fmt: skip
    act.publish(fhir.schedule(facts), source=clinic.organisation_id)
