"""A township doctor refers up with a place, the desk takes the patient, who arrives; the return letter comes back, and
the family doctor follows up. By the pages alone, list and detail side by side, in a real Chromium."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from doorstep.kernel.testing.callers import member
from doorstep.resources.booking import api as booking
from doorstep.resources.booking.tests.conftest import ahead, department, sitting
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.tests import factory
from tests.journeys.crowd import looked_at

pytestmark = pytest.mark.django_db(transaction=True)


def write(page: Any, here: factory.World) -> UUID:
    """The doctor's part: from the resident's page to the letter that is sent."""
    page.goto(f"/residents/{here.resident}/")
    page.get_by_role("link", name="转诊", exact=True).click()
    page.get_by_role("button", name="开始填写").click()
    page.locator("[name=kind][value=up]").check()
    page.locator("[name=service]").select_option("outpatient")
    page.locator("details.more summary").first.click()
    page.locator("[name=seen][value=headache]").check()
    page.locator("[name=criteria][value=U1]").check()
    for name, text in factory.LETTER.items():
        page.locator(f"[name={name}]").fill(text)
    page.locator(f"[name=destination][value='{here.county}']").check()
    page.locator("[name=slot]").nth(1).wait_for(state="attached")  # the places of whoever was chosen come by themselves
    page.locator("label[for^=id_slot_]").nth(1).click()
    page.locator("[name=consenter]").select_option("self")
    page.locator("[name=consent_name]").fill("李秀英")
    page.locator("[name=consent_channel]").select_option("in_person")
    page.locator("#saved").get_by_text("已保存").wait_for()
    looked_at(page, "referral-written")
    page.get_by_role("button", name="发出转诊").click()
    page.get_by_text("转诊已发出").wait_for()
    return UUID(str(Referral.objects.unscoped("test").get().pk))


def test_up_with_a_place_and_back_to_the_family_doctor(as_caller: Any, browser_page: Any) -> None:
    here, page = factory.world(), browser_page
    page.set_viewport_size({"width": 1280, "height": 900})
    sitting(member(here.county), department(here.county, "03.04", "心血管内科"), ahead(1))
    as_caller(here.doctor)
    referral = write(page, here)

    as_caller(here.desk)
    page.goto("/referrals/")
    page.locator(".desk-row").first.click()
    page.locator("#detail .btn-next").wait_for()
    looked_at(page, "referral-at-the-desk")
    page.get_by_role("button", name="接收病人").click()
    page.locator("#detail").get_by_text("已接收，待到诊").first.wait_for()
    taken = factory.row(referral)
    assert booking.get(here.bounds, [taken.appointment])[taken.appointment].status == "booked"
    page.get_by_role("button", name="病人已到").click()
    page.locator("[name=report-diagnosis]").wait_for()
    looked_at(page, "referral-return-letter")
    for name, text in factory.BACK.items():
        page.locator(f"[name=report-{name}]").fill(text)
    page.locator("#detail .btn-next").click()
    page.locator("#detail").get_by_text("已回转，待接收").first.wait_for()

    as_caller(here.doctor)
    page.goto(f"/referrals/{referral}/")
    page.get_by_text(factory.BACK["plan"]).first.wait_for()
    looked_at(page, "referral-came-back")
    page.get_by_role("button", name="接收回转单").click()
    page.locator("[name=follow_up-note]").fill("血压 138/84，继续服药")
    page.get_by_role("button", name="登记随访").click()
    page.get_by_role("button", name="办结").click()
    page.locator("#detail").get_by_text("已办结").first.wait_for()
    looked_at(page, "referral-closed")
    assert factory.row(referral).status == "closed"
