"""An appointment is a reason to read the chart: for the clinic, about its day, until it is given back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from uuid import UUID

import pytest

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.testing.callers import member
from doorstep.registers.consents import api as consents
from doorstep.resources.booking.actions import appointments as acts
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.tests.conftest import ahead, at, person, sitting, slots

pytestmark = pytest.mark.django_db


def reason(call: Call, resident: UUID, days: int) -> consents.Why | None:
    """What a colleague's reading would rest on, at noon that many days from today."""
    noon = datetime.combine(ahead(days), time(12), clock.CHINA)
    found = consents.basis(at(call, noon), resident, [])
    return found.why if found and found.whole else None


def test_the_clinic_reads_about_the_day_and_not_once_it_is_given_back(
    clerk: Call, county: UUID, township: UUID, cardiology: UUID
) -> None:
    who = person("王小明", county)
    slot = slots(sitting(clerk, cardiology, ahead(3)))[0]
    doctor, elsewhere = replace(member(county), actor="staff:doctor"), member(township)
    booked = acts.book(clerk, slot=slot.id, resident=who, channel=Channel.WINDOW)
    assert [reason(doctor, who, day) for day in (1, 2, 3, 4)] == [None, *[consents.Why.APPOINTMENT] * 2, None]
    assert reason(elsewhere, who, 3) is None
    assert reason(clerk, who, 3) is None  # whoever made it did not make themselves a reason
    acts.release(clerk, appointment=booked, why="病人要求")
    assert reason(doctor, who, 3) is None


def test_a_hold_is_no_reason_until_it_is_confirmed(clerk: Call, county: UUID, cardiology: UUID) -> None:
    who = person("王小明", county)
    slot = slots(sitting(clerk, cardiology, ahead(1)))[0]
    doctor = replace(member(county), actor="staff:doctor")
    until = clerk.at + timedelta(minutes=5)
    held = acts.hold(clerk, slot=slot.id, resident=who, channel=Channel.WINDOW, until=until, why="")
    assert reason(doctor, who, 1) is None
    acts.confirm(clerk, appointment=held)
    assert reason(doctor, who, 1) is consents.Why.APPOINTMENT
