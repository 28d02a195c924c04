"""A resident books in four taps at 360 px, has the code for the check-in, gives the place back; and queues for more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from doorstep.kernel.testing.browser import axe
from doorstep.kernel.testing.callers import member
from doorstep.record.charts.tests.conftest import organisation
from doorstep.registers.portal.tests import factory
from doorstep.resources.booking import jobs
from doorstep.resources.booking.models import Appointment, Release, Slot
from doorstep.resources.booking.tests.conftest import ahead, at, department, sitting
from tests.journeys.crowd import PICTURES, looked_at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def county(transactional_db: Any) -> UUID:
    """The county hospital, with a clinic tomorrow and one whose places are given out tomorrow morning."""
    made = organisation("县人民医院")
    clerk, cardiology = member(made), department(made, "03", "心血管内科")
    sitting(clerk, cardiology, ahead(1), hours=3, minutes=15)
    sitting(at(clerk, clerk.at - timedelta(days=1)), cardiology, ahead(15), hours=2, minutes=30, name="专家门诊")
    return made


@pytest.fixture
def enter(open_page: Callable[..., Any], live_server: Any, county: UUID) -> Callable[..., Any]:
    """A page at which somebody has signed in by their telephone (the way in is walked in the trail's own journey)."""
    who = factory.resident(county)

    def make(width: int = 360, language: str = "zh-CN") -> Any:
        page = open_page(width=width, language=language)
        signed = factory.client_of(who).cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": signed, "url": str(live_server.url)}])
        return page

    return make


def test_four_taps_a_code_and_back(enter: Callable[..., Any]) -> None:
    page = enter()
    page.goto("/my/")
    page.get_by_role("link", name="预约", exact=True).first.click()
    page.get_by_text("现在没有预约").wait_for()
    looked_at(page, "list")
    page.get_by_role("link", name="约一个号").click()
    looked_at(page, "departments")
    page.get_by_role("link", name="心血管内科").click()
    looked_at(page, "days")
    page.get_by_role("link", name="个号").first.click()
    looked_at(page, "times")
    page.get_by_role("link", name="08:15").first.click()
    looked_at(page, "confirm")
    page.get_by_role("button", name="约这个号").click()
    page.get_by_role("img", name="签到二维码").wait_for()
    looked_at(page, "appointment")
    with page.expect_download() as kept:
        page.get_by_role("link", name="放进手机日历").click()
    assert "BEGIN:VEVENT" in Path(kept.value.path()).read_text()
    page.get_by_role("link", name="所有预约").click()
    page.get_by_text("08:15").first.wait_for()
    looked_at(page, "booked")
    page.get_by_role("link", name="08:15").click()
    page.get_by_role("button", name="取消这个号").click()
    page.get_by_text("已取消。").wait_for()
    looked_at(page, "cancelled")
    assert Appointment.objects.unscoped("a test").get().status == "cancelled"


def test_the_page_of_the_queue_renews_itself(enter: Callable[..., Any]) -> None:
    """One joins, the hour comes, and the page says by itself that one has a place."""
    page = enter()
    session = Slot.objects.order_by("-session__day").first().session_id
    page.goto(f"/my/booking/release/{session}")
    looked_at(page, "queue")
    page.get_by_role("button", name="我要排队").click()
    page.get_by_text("您已经在等了").wait_for()
    looked_at(page, "waiting")
    soon = member(UUID(int=0)).at
    Release.objects.unscoped("a test").update(opens_at=soon)
    Slot.objects.filter(session=session).update(open_at=soon)
    page.reload()
    page.get_by_text("约到了").wait_for()
    looked_at(page, "given")
    assert jobs.give_out(member(UUID(int=0))) == 0


def test_in_english(enter: Callable[..., Any]) -> None:
    page = enter(1280, "en")
    page.goto("/my/booking/new")
    page.get_by_role("heading", name="Which department?").wait_for()
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / "departments-en.png"), full_page=True)
    page.get_by_role("link", name="心血管内科").click()
    page.get_by_role("heading", name="Which day?").wait_for()
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / "days-en.png"), full_page=True)
    page.get_by_role("link", name="place").first.click()
    page.get_by_role("link", name="08:15").first.click()
    page.get_by_role("button", name="Book it").click()
    page.get_by_role("heading", name="You cannot come?").wait_for()
    axe(page)
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / "appointment-en.png"), full_page=True)
