"""``Appointment/$find``, ``$hold`` and ``$book`` by the booking room, through what is open to all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from doorstep.fhir.door.house import FindWish, TakeWish
from doorstep.fhir.problems import FhirProblem
from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand
from doorstep.kernel.ids import uuid_of
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents
from doorstep.resources.booking import api as booking
from doorstep.site import fhir_answers

Json = Mapping[str, Any]
LONGEST: Final = timedelta(days=366)
NOT_FOUND: Final = frozenset({"not_found", "permission"})
"""Refusals that the door tells in its own words; others say why this place cannot be had."""


def proposals(call: Call, wish: FindWish) -> Sequence[Json]:
    """What is free at the institutions that are named (else the caller's own), as proposed Appointments."""
    _demand(call, booking.Permission.READ)
    named = [one for each in wish.organizations if (one := uuid_of(each)) is not None]
    if wish.organizations and not named:
        return []
    asked = named or sorted(call.scope.organisations)
    since = max(wish.start, call.at).astimezone(clock.CHINA).date()
    until = min(wish.end, call.at + LONGEST).astimezone(clock.CHINA).date()
    departments = _departments(asked, wish.specialties) if wish.specialties else [None]
    found = [
        offer
        for department in departments
        for offer in booking.free(
            call, organisations=asked, department=department, since=since, until=until, channel=booking.Channel.APP,
            limit=500,
        )
        if wish.start <= offer.starts and offer.ends <= wish.end
    ]  # fmt: skip
    ordered = sorted(found, key=lambda offer: (offer.starts, str(offer.slot)))
    return [booking.proposed(offer) for offer in ordered[: wish.count]]


def _departments(asked: Sequence[UUID], codes: Sequence[str]) -> list[UUID | None]:
    today = clock.today()
    lines = (line for one in asked for line in organisations.departments(one, day=today))
    return [line.id for line in lines if line.code in codes]


def take(call: Call, wish: TakeWish) -> Json:
    """Hold or book; the Appointment as it is then. ``FhirProblem`` where it cannot be had, or is nobody's here."""
    _demand(call, booking.Permission.BOOK)
    chosen = uuid_of(wish.chosen)
    if chosen is None:
        raise FhirProblem("not-found", what=f"Appointment/{wish.chosen}")
    try:
        with transaction.atomic():
            key = _taken(call, wish, chosen)
            made = booking.get(call.scope, [key])[key]
    except Refused as refused:
        if refused.decision.reason in NOT_FOUND:
            raise fhir_answers.refusal(refused) from refused
        raise FhirProblem("appointment-refused", reason=refused.decision.reason) from refused
    return booking.resource(made, wish.patient or _patient(call, made.resident))


def _patient(call: Call, resident: UUID) -> str:
    known = residents.records(call.scope, resident)
    return next((one.patient_id for one in known if one.patient_id), "")


def _taken(call: Call, wish: TakeWish, chosen: UUID) -> UUID:
    held = booking.get(call.scope, [chosen]).get(chosen)
    if held is None:
        key = _held(call, wish, chosen)
    elif wish.hold_only:
        raise FhirProblem("appointment-refused", reason="wrong_state")
    else:
        _same_patient(wish, held)
        key = chosen
    if not wish.hold_only:
        booking.confirm(call, appointment=key)
    return key


def _same_patient(wish: TakeWish, held: booking.Booked) -> None:
    if wish.patient and residents.residents_of([wish.patient]).get(wish.patient) != held.resident:
        raise FhirProblem("appointment-refused", reason="another_patient")


def _held(call: Call, wish: TakeWish, slot: UUID) -> UUID:
    if not wish.patient:
        raise FhirProblem("parameter-missing", "Parameters", name="patient-id")
    resident = residents.residents_of([wish.patient]).get(wish.patient)
    if resident is None:
        raise FhirProblem("not-found", what=f"Patient/{wish.patient}")
    until = call.at + timedelta(minutes=booking.hold_minutes(clock.today()))
    return booking.hold(
        call, slot=slot, resident=resident, channel=booking.Channel.APP, until=until, why=wish.comment[:200]
    )


def _demand(call: Call, permission: str) -> None:
    try:
        demand(call.may(permission))
    except Refused as refused:
        raise FhirProblem("forbidden", reason=refused.decision.reason) from refused
