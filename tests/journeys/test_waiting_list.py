"""A waiting list that moves: two wait for a full clinic, a place comes back, the first does not answer, the second
takes it. What each of them sees, and what the desk sees; by the pages alone, in a real Chromium."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import F

from doorstep.kernel import outbox
from doorstep.kernel.testing.callers import member, system
from doorstep.record.charts.tests.conftest import organisation
from doorstep.registers.portal.tests import factory
from doorstep.resources.booking import jobs
from doorstep.resources.booking.models import Appointment, Session, Slot, Waiting
from doorstep.resources.booking.tests.conftest import ahead, department, sitting
from tests.journeys.crowd import Crowd, looked_at

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = (("欧阳静", "13912345678"), ("王小明", "13912345679"), ("赵桂兰", "13912345670"))


def waits(page: Any, name: str, clinic: UUID) -> None:
    """All is taken: the third tap leads to the waiting list."""
    page.goto(f"/my/booking/clinic/{clinic}")
    page.get_by_role("link", name="约满了，可以候补").click()
    page.get_by_role("link", name="约满了，登记候补").click()
    looked_at(page, f"list-{name}-joins")
    page.get_by_role("button", name="登记候补").click()
    page.get_by_text("已登记").wait_for()


def hour_passes() -> None:
    """What was offered was offered more than an hour ago; the clock's work is done."""
    hour = timedelta(hours=1)
    Appointment.objects.unscoped("a test").filter(status="held").update(held_until=F("held_until") - hour)
    Slot.objects.filter(held_until__isnull=False).update(held_until=F("held_until") - hour)
    Waiting.objects.unscoped("a test").filter(status="offered").update(answer_by=F("answer_by") - hour)
    assert jobs.tidy(system()) >= 2


def test_it_moves_in_its_order(crowd: Crowd) -> None:
    county: UUID = organisation("县人民医院")
    session = sitting(member(county), department(county, "03.04", "心血管内科"), ahead(1), minutes=60, hours=1)
    clinic = Session.objects.unscoped("a test").get(pk=session).clinic_id
    keys = [factory.resident(county, name=n, phone=p, serial=at + 1) for at, (n, p) in enumerate(PEOPLE)]
    has, first, second = (crowd.resident(key, phone) for key, (_, phone) in zip(keys, PEOPLE, strict=True))
    desk = crowd.staff(county, "referral_desk", "周敏")

    has.goto(f"/my/booking/clinic/{clinic}?day={ahead(1)}")
    has.get_by_role("link", name="08:00").click()
    has.get_by_role("button", name="约这个号").click()
    has.get_by_role("img", name="签到二维码").wait_for()
    waits(first, "first", clinic)
    waits(second, "second", clinic)
    first.get_by_text("前面有 0 人").wait_for()
    second.get_by_text("前面有 1 人").wait_for()
    looked_at(second, "list-second-waits")
    desk.goto(f"/booking/clinics/{clinic}/waiting")
    rows = desk.locator("#rows tr")
    assert ["王小明" in rows.nth(0).inner_text(), "赵桂兰" in rows.nth(1).inner_text()] == [True, True]

    has.get_by_role("button", name="取消这个号").click()
    has.get_by_text("已取消。").wait_for()
    outbox.drain()
    assert "有号了" in crowd.told(PEOPLE[1][1])[-1]
    assert crowd.told(PEOPLE[2][1]) == []
    first.reload()
    first.get_by_text("有号了").wait_for()
    looked_at(first, "list-first-offered")
    second.reload()
    second.get_by_text("前面有 1 人").wait_for()  # who is being asked is still before them
    desk.reload()
    desk.get_by_text("等答复").wait_for()
    looked_at(desk, "list-desk-offered")

    hour_passes()
    assert "有号了" in crowd.told(PEOPLE[2][1])[-1]
    first.reload()
    first.get_by_text("没有等到您答复，给下一位了").wait_for()
    looked_at(first, "list-first-missed")
    second.reload()
    second.get_by_text("有号了").wait_for()
    looked_at(second, "list-second-offered")
    second.get_by_role("button", name="要这个号").click()
    second.get_by_role("img", name="签到二维码").wait_for()
    looked_at(second, "list-second-has")
    desk.reload()
    desk.get_by_text("没有人候补").wait_for()
    assert (
        Slot.objects.get(session=session).appointment == Appointment.objects.unscoped("a test").get(status="booked").id
    )
    wishes = Waiting.objects.unscoped("a test").order_by("created_at").values_list("status", flat=True)
    assert list(wishes) == ["lapsed", "accepted"]

    first.get_by_role("link", name="还要，重新候补").click()
    first.get_by_role("button", name="登记候补").click()
    first.get_by_text("前面有 0 人").wait_for()
    assert not first.get_by_text("没有等到您答复").count()
    english = crowd.resident(keys[0], PEOPLE[0][1], "en")
    english.goto("/my/booking/")
    looked_at(english, "list-en")
