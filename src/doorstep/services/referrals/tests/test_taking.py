"""A slot of booking: taken with the acceptance or not at all, given back with the referral, followed where it goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from doorstep.events.booking import AppointmentCancelled, AppointmentCheckedIn, AppointmentMissed, ClinicStopped
from doorstep.kernel.decision import Refused
from doorstep.kernel.testing.callers import member, system
from doorstep.resources.booking import api as booking
from doorstep.resources.booking.tests.conftest import ahead, department, sitting, slots
from doorstep.services.referrals import reactions
from doorstep.services.referrals.actions import moving
from doorstep.services.referrals.models import ReferralChange
from doorstep.services.referrals.shapes import Answer
from doorstep.services.referrals.tests.factory import World, another, drafted, move, row, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(here: World) -> UUID:
    """A clinic of the county hospital tomorrow, with four places of one hour."""
    return sitting(member(here.county), department(here.county, "03.04", "心血管内科"), ahead(1))


def booked(here: World, session: UUID) -> UUID:
    """A routine referral that has a place."""
    referral = sent(here, urgency="routine")
    move(here.desk, "accept", referral, slot=slots(session)[0].id)
    return referral


def event(kind: Any, referral: UUID, **more: Any) -> Any:
    now = row(referral)
    return kind(now.appointment, now.resident_id, now.destination_id, now.pk, now.starts, "referral", **more)


def test_it_is_held_and_confirmed_with_the_acceptance(here: World, session: UUID) -> None:
    referral = booked(here, session)
    now = row(referral)
    got = booking.get(here.bounds, [now.appointment])[now.appointment]
    assert (got.status, got.resident, got.why) == ("booked", here.resident, now.number)
    assert (now.starts, now.due_at) == (got.starts, got.starts)


def test_two_referrals_never_get_one_place(here: World, session: UUID) -> None:
    """The second takes one like it; when all are gone, it is told so, and nothing of the acceptance stays."""
    wanted = slots(session)[0]
    booked(here, session)
    other = replace(here, resident=another(here))
    second = sent(other, urgency="routine")
    with pytest.raises(Refused), transaction.atomic():
        moving.accept(here.desk, referral=second, expect=row(second).version, answer=Answer(slot=wanted.id))
    assert (row(second).status, row(second).appointment) == ("sent", None)
    assert not ReferralChange.objects.unscoped("test").filter(referral=second, move="accept").exists()


def test_a_place_elsewhere_is_none(here: World) -> None:
    there = sitting(member(here.other), department(here.other, "03.04", "心血管内科"), ahead(1))
    referral = sent(here, urgency="routine")
    with pytest.raises(Refused) as found, transaction.atomic():
        moving.accept(here.desk, referral=referral, expect=None, answer=Answer(slot=slots(there)[0].id))
    assert found.value.decision.reason == "referral.elsewhere"
    assert booking.of_resident(here.desk, resident=here.resident) == (), "the place there is as free as before"


def test_withdrawn_it_is_free_again(here: World, session: UUID) -> None:
    referral = booked(here, session)
    appointment = row(referral).appointment
    move(here.doctor, "withdraw", referral, reason="better")
    assert booking.get(here.bounds, [appointment])[appointment].status not in ("held", "booked")


@pytest.mark.parametrize(
    ("kind", "handler", "status"),
    [
        (AppointmentCheckedIn, reactions.on_checked_in, "arrived"),
        (AppointmentMissed, reactions.on_missed, "no_show"),
        (ClinicStopped, reactions.on_stopped, "sent"),
        (AppointmentCancelled, reactions.on_cancelled, "sent"),
    ],
)
def test_it_follows_the_appointment(here: World, session: UUID, kind: Any, handler: Any, status: str) -> None:
    referral = booked(here, session)
    told = event(kind, referral)
    handler(system(), told)
    assert row(referral).status == status
    handler(system(), told)
    assert row(referral).status == status, "told twice, done once"


def test_why_a_clinic_was_stopped_is_told(here: World, session: UUID) -> None:
    referral = booked(here, session)
    reactions.on_stopped(system(), event(ClinicStopped, referral, why="专家出差"))
    step = ReferralChange.objects.unscoped("test").filter(referral=referral).latest("at")
    assert (step.move, step.note, row(referral).appointment) == ("reopen", "专家出差", None)


def test_the_wished_slot_is_kept_with_the_draft(here: World, session: UUID) -> None:
    wanted = slots(session)[1].id
    referral = drafted(here, slot=wanted)
    assert row(referral).slot == wanted
