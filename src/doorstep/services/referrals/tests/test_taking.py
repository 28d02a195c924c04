"""A slot of booking: taken with the acceptance or not at all, given back with the referral, followed where it goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from doorstep.events.booking import (
    AppointmentCancelled,
    AppointmentCheckedIn,
    AppointmentMissed,
    AppointmentReplaced,
    ClinicStopped,
)
from doorstep.kernel.call import Scope
from doorstep.kernel.clock import CHINA
from doorstep.kernel.decision import Refused
from doorstep.kernel.outbox import drain
from doorstep.kernel.testing.callers import member, system
from doorstep.registers.staff.tests.factory import client_of, somebody
from doorstep.resources.booking import api as booking
from doorstep.resources.booking.actions import own, stopping
from doorstep.resources.booking.models import Session
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


@pytest.fixture
def stopped(here: World, session: UUID) -> UUID:
    """A referral whose clinic was stopped; a place of the day after is kept for the patient."""
    sitting(member(here.county), department_of(session), ahead(2))
    referral = booked(here, session)
    version = Session.objects.unscoped("test").get(pk=session).version
    stopping.stop(member(here.county), session=session, expect=version, why="专家出差")
    drain()
    return referral


def department_of(session: UUID) -> UUID:
    found: UUID = Session.objects.unscoped("test").get(pk=session).department
    return found


def held(of: UUID) -> UUID:
    """The place that is kept for the patient of a referral."""
    found = row(of).instead
    assert found is not None
    return found


def desk_says(of: UUID, at: UUID) -> str:
    """The page of a referral at an institution."""
    client = client_of(somebody(at, "referral_desk" if at == row(of).destination_id else "township_physician"))
    return str(client.get(f"/referrals/{of}/").content.decode())


def test_the_place_kept_instead_is_seen_and_taken_over(here: World, stopped: UUID) -> None:
    """The patient takes it by themselves: the referral is accepted with it, and both desks see so."""
    now, kept = row(stopped), held(stopped)
    assert (now.status, now.appointment) == ("sent", None)
    for at in (here.centre, here.county):
        assert "已为病人留了另一个号" in desk_says(stopped, at)
    mine = replace(system(), actor=f"resident:{here.resident}", resident=here.resident, scope=Scope())
    own.answer(mine, appointment=kept, accept=True)
    drain()
    got = booking.get(here.bounds, [kept])[kept]
    now = row(stopped)
    assert (now.status, now.appointment, now.instead, now.starts) == ("accepted", kept, None, got.starts)
    step = ReferralChange.objects.unscoped("test").filter(referral=stopped).latest("at")
    assert (step.move, step.reason) == ("accept", "replaced")
    local = got.starts.astimezone(CHINA)
    for at in (here.centre, here.county):
        html = desk_says(stopped, at)
        assert f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}" in html
        assert "停诊后病人改约了保留的号" in html
        assert "已为病人留了另一个号" not in html
    booking.release(here.desk, appointment=kept, why="病人退号")
    drain()
    assert row(stopped).status == "sent", "it follows the new appointment as it did the old"


def test_a_desk_that_was_quicker_lets_the_kept_place_go(here: World, stopped: UUID) -> None:
    kept = held(stopped)
    other = sitting(member(here.county), department(here.county, "04.01", "外科"), ahead(3))
    move(here.desk, "accept", stopped, slot=slots(other)[0].id)
    assert booking.get(here.bounds, [kept])[kept].status == "cancelled"
    now = row(stopped)
    assert (now.status, now.instead, now.appointment == kept) == ("accepted", None, False)
    reactions.on_replaced(system(), event(AppointmentReplaced, stopped, replaced=kept))
    assert row(stopped).appointment == now.appointment, "what comes too late changes nothing"


def test_a_kept_place_that_nobody_took_is_not_shown(here: World, stopped: UUID) -> None:
    booking.release(here.desk, appointment=held(stopped), why="不要")
    drain()
    assert row(stopped).status == "sent"
    assert "已为病人留了另一个号" not in desk_says(stopped, here.county)


def test_the_wished_slot_is_kept_with_the_draft(here: World, session: UUID) -> None:
    wanted = slots(session)[1].id
    referral = drafted(here, slot=wanted)
    assert row(referral).slot == wanted
