"""Appointments: by id, and of one resident."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Final
from uuid import UUID

from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.store import ScopedQuerySet
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents
from doorstep.resources.booking.access import Permission, Sides, may_touch
from doorstep.resources.booking.flow import ONCE, Status
from doorstep.resources.booking.models import Appointment
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.shapes import Booked

WHOSE: Final = "an appointment is of the institution that gives it and of all who know the person: asked below"
MOST: Final = 200


def rows() -> ScopedQuerySet[Appointment]:
    """All appointments with what a page says of them; whoever asks bounds them."""
    found: ScopedQuerySet[Appointment] = Appointment.objects.unscoped(WHOSE)
    return found.select_related("session__clinic")


def booked(found: Iterable[Appointment], *, named: bool = True) -> tuple[Booked, ...]:
    """Rows as they leave the room, with the names of institutions where they are ``named``; one or two queries."""
    listed = list(found)
    clinics = {row.session.clinic for row in listed}
    departments = organisations.department_names({(one.organisation_id, one.code) for one in clinics})
    names = organisations.names({row.organisation_id for row in listed}) if named else {}
    return tuple(_booked(row, names, departments) for row in listed)


def _booked(row: Appointment, names: Mapping[UUID, str], departments: Mapping[tuple[UUID, str], str]) -> Booked:
    session, clinic = row.session, row.session.clinic
    return Booked(
        id=row.id, version=row.version, resident=row.resident_id, organisation=row.organisation_id,
        organisation_name=names.get(row.organisation_id, ""), session=session.id, slot=row.slot_id,
        department=row.department, department_name=departments.get((row.organisation_id, clinic.code), clinic.code),
        clinic_name=clinic.name, practitioner_name=clinic.practitioner, title=clinic.title, place=session.place,
        day=row.day, starts=row.starts, ends=row.ends, number=row.number, channel=Channel(row.channel),
        status=row.status, fee=session.fee, held_until=row.held_until, why=row.why, ended_why=row.ended_why,
        token=row.token, stopped=row.stopped, instead=row.replaces_id is not None,
        double=row.double and row.status in ONCE,
    )  # fmt: skip


def get(scope: Scope, keys: Collection[UUID]) -> Mapping[UUID, Booked]:
    """Appointments by id: those that the scope's institutions give, and those of people whom they know; others are
    left out."""
    found = list(rows().filter(pk__in=keys)[:MOST])
    known = residents.names(scope, {row.resident_id for row in found})
    mine = [row for row in found if scope.holds(row.organisation_id) or row.resident_id in known]
    return {one.id: one for one in booked(mine)}


@ask(Permission.READ, audits="booking.of_resident")
def of_resident(call: Call, *, resident: UUID, since: date | None = None, limit: int = 50) -> tuple[Booked, ...]:
    """A resident's appointments, the latest first, from a day on; ``Refused`` (not_found) for one whom the caller does
    not know. What is only held and was let run out is left out."""
    known = call.resident == resident or residents.visible(call.scope, resident)
    demand(may_touch(call, Sides(UUID(int=0), resident, known)))
    about("Resident", resident, resident=resident)
    found = rows().filter(resident=resident).exclude(status=Status.EXPIRED)
    if since:
        found = found.filter(day__gte=since)
    return booked(found.order_by("-starts", "id")[: min(limit, MOST)])


def touched(call: Call, appointment: UUID) -> Appointment:
    """One appointment, if it is the caller's business; ``Refused`` (not_found) else."""
    row = rows().filter(pk=appointment).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Appointment"))
    known = near(call, row.organisation_id, row.resident_id)
    demand(may_touch(call, Sides(row.organisation_id, row.resident_id, known)))
    return row


def near(call: Call, organisation: UUID, resident: UUID) -> bool:
    """Whether somebody is known to the caller, or it is of their institution or their own, the cheapest first."""
    if call.scope.holds(organisation) or call.resident == resident:
        return True
    return residents.visible(call.scope, resident)


@ask(Permission.READ, audits="booking.appointment")
def one(call: Call, *, appointment: UUID) -> Booked:
    """One appointment that is the caller's business; ``Refused`` (not_found) else."""
    row = touched(call, appointment)
    about("Appointment", appointment, resident=row.resident_id)
    return booked([row])[0]
