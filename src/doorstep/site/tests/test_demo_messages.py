"""The demo's referral by message: it lies on the lead hospital's desk, and is there once however often it is built."""

from __future__ import annotations

import pytest

from doorstep.kernel import outbox
from doorstep.kernel.testing.callers import system
from doorstep.registers.organisations.tests import factory as district
from doorstep.services.referrals.models import Referral
from doorstep.site import demo_messages

pytestmark = pytest.mark.django_db


def test_it_is_there_once_and_on_the_desk() -> None:
    made = district.make()
    assert demo_messages.build(system(), district.LEAD, district.SECOND)
    outbox.drain()
    assert not demo_messages.build(system(), district.LEAD, district.SECOND)
    [row] = Referral.objects.unscoped("test")
    assert (row.name, row.status, row.desk, row.origin_id) == ("周建国", "sent", made.lead, made.second)
    assert (row.sender_name, row.department_name, row.urgency) == ("何医生", "康复医学科", "urgent")
