"""An expert clinic is made, planned and released; a resident books; it is stopped (停诊), the resident is told and
takes the place that was kept. By the pages alone, in a real Chromium."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from doorstep.record.charts.tests.conftest import organisation
from doorstep.registers.portal.tests import factory
from doorstep.resources.booking.models import Appointment
from doorstep.resources.booking.tests.conftest import ahead, department
from tests.journeys.crowd import Crowd, looked_at

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "13912345678"


def make(page: Any) -> None:
    """The manager makes the clinic, with its hours and its legal basis, plans four weeks and gives out all of it."""
    page.goto("/booking/")
    page.get_by_role("link", name="新门诊").first.click()
    page.locator("[name=department]").select_option(label="心血管内科")
    page.locator("[name=name]").fill("心血管专家门诊")
    page.locator("[name=practitioner]").fill("陆文远")
    page.locator("[name=visits_from]").fill("省人民医院")
    page.locator("[name=title]").fill("主任医师")
    page.locator("[name=fee_level]").select_option("expert")
    page.locator("[name=place]").fill("门诊楼 3 层 305")
    page.get_by_role("button", name="建立门诊").click()
    page.get_by_role("link", name="添加排班").click()
    page.locator(f"[name=weekdays][value='{ahead(1).isoweekday()}']").check()
    page.locator("[name=ends]").fill("10:00")
    page.locator("[name=minutes]").fill("30")
    page.locator("[name=since]").fill(ahead(0).isoformat())
    assert not page.get_by_role("option", name="本机构执业").count(), "for who comes from elsewhere that is no ground"
    page.locator("[name=basis]").select_option("support")
    page.get_by_role("button", name="保存排班").click()
    page.get_by_role("link", name="生成门诊").click()
    page.get_by_role("button", name="生成门诊").click()
    looked_at(page, "expert-planned")
    for left in (4, 3, 2, 1):
        page.get_by_text("未发布").nth(left - 1).wait_for()
        page.get_by_role("button", name="发布").first.click()
    page.get_by_text("放号中").nth(3).wait_for()
    looked_at(page, "expert-released")


def book(page: Any) -> None:
    """The resident finds the expert and takes the second time of tomorrow."""
    page.goto("/my/booking/new?by=expert")
    looked_at(page, "expert-found")
    page.get_by_role("link", name="陆文远").click()
    page.get_by_text("放号").first.wait_for()  # what is given out tomorrow is told today
    looked_at(page, "expert-days")
    page.get_by_role("link", name="个号").first.click()
    page.get_by_role("link", name="08:30").click()
    looked_at(page, "expert-confirm")
    page.get_by_role("button", name="约这个号").click()
    page.get_by_role("img", name="签到二维码").wait_for()


def stop(page: Any) -> None:
    """The manager sees who is affected, says why, and stops it."""
    page.goto(f"/booking/?day={ahead(1)}")
    looked_at(page, "expert-week")
    page.locator(".week-cell").first.click()
    page.get_by_text("欧阳静").wait_for()
    looked_at(page, "expert-session")
    page.get_by_role("link", name="停诊").click()
    page.get_by_text("停诊会取消 1 人的预约").wait_for()
    looked_at(page, "expert-stop")
    page.locator("[name=why]").fill("专家外出抢救")
    page.get_by_role("button", name="停诊", exact=True).click()
    page.get_by_text("改到").wait_for()
    looked_at(page, "expert-stopped")


def test_released_booked_stopped_and_taken_anew(crowd: Crowd) -> None:
    county: UUID = organisation("县人民医院")
    department(county, "03.04", "心血管内科")
    who = factory.resident(county, phone=PHONE)
    manager, phone = crowd.staff(county, "hospital_manager", "周敏"), crowd.resident(who, PHONE)
    make(manager)
    book(phone)
    stop(manager)

    [text] = crowd.told(PHONE)
    assert "停诊（专家外出抢救）" in text
    assert "已为您保留" in text
    phone.goto("/my/booking/")
    phone.get_by_text("改到这个时间行吗").wait_for()
    looked_at(phone, "expert-told")
    phone.get_by_role("link", name="停诊").click()
    phone.get_by_text("不算您爽约").wait_for()
    looked_at(phone, "expert-why")
    phone.get_by_role("link", name="所有预约").click()
    phone.get_by_role("link", name="08:00").click()
    phone.get_by_text("改到这个时间行吗").wait_for()
    looked_at(phone, "expert-kept")
    phone.get_by_role("button", name="要这个号").click()
    phone.get_by_role("img", name="签到二维码").wait_for()
    looked_at(phone, "expert-anew")
    old, new = Appointment.objects.unscoped("a test").filter(resident=who).order_by("starts")
    assert (old.status, old.stopped, new.status, new.replaces_id) == ("cancelled", True, "booked", old.id)
    assert new.day == ahead(8)

    manager.goto(f"/booking/?day={ahead(8)}")
    manager.locator(".week-cell").first.click()
    manager.get_by_text("欧阳静").wait_for()
    looked_at(manager, "expert-after")
    english = crowd.resident(who, PHONE, "en")
    english.goto("/my/booking/")
    english.get_by_text("Clinic cancelled").wait_for()
    looked_at(english, "expert-en")
