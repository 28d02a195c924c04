"""The pages of the room in a browser, wide and narrow; the window's work by keyboard alone; the wall that refreshes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.registers.portal.tests.factory import resident as sent
from doorstep.resources.booking.actions import appointments, desk, sessions, waiting
from doorstep.resources.booking.models import Appointment, Session
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.tests.conftest import ahead, person, sitting, slots


@pytest.mark.django_db(transaction=True)
def test_pages_for_everyone_and_the_window_by_keyboard(
    open_page: Any, as_caller: Any, clerk: Call, cardiology: UUID, county: UUID
) -> None:
    """No serious finding of axe, nothing wider than a phone; a person is found and booked without a mouse."""
    session = sitting(clerk, cardiology, ahead(1), minutes=10)
    clinic = Session.objects.unscoped("a test").get(pk=session).clinic_id
    first, last = sent(county, name="欧阳建国", serial=6), sent(county, name="王小明", serial=7)
    key = appointments.book(clerk, slot=slots(session)[0].id, resident=first, channel=Channel.WINDOW)
    waiting.join(clerk, clinic=clinic, resident=first, since=ahead(0), until=ahead(9))
    waiting.withdraw(clerk, wish=waiting.join(clerk, clinic=clinic, resident=last, since=ahead(0), until=ahead(9)))
    as_caller(clerk)
    page = open_page()
    for path in (
        f"?day={ahead(1)}", "check-in", "clinics/new", f"clinics/{clinic}", f"clinics/{clinic}/roster",
        f"clinics/{clinic}/plan", f"clinics/{clinic}/shares", f"clinics/{clinic}/waiting?q=王小明",
        f"sessions/{session}", f"sessions/{session}/stop", f"appointments/{key}", "sanctions",
    ):  # fmt: skip
        page.goto(f"/booking/{path}")
        for _width in at_widths(page):
            axe(page)
    waiting.withdraw(clerk, wish=_wish(clinic))
    page.goto(f"/booking/sessions/{session}/book")
    page.keyboard.type("王小明")
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="王小明").wait_for()
    for _width in at_widths(page):
        axe(page)
    assert page.evaluate("document.activeElement.value") == "book"
    page.keyboard.press("Enter")
    page.get_by_role("img", name="签到二维码").wait_for()
    assert Appointment.objects.unscoped("a test").get(resident=last).status == "booked"


def _wish(clinic: UUID) -> UUID:
    from doorstep.resources.booking.models import Waiting

    found: UUID = Waiting.objects.unscoped("a test").get(clinic=clinic, status="waiting").id
    return found


@pytest.mark.django_db(transaction=True)
def test_the_wall_shows_who_is_called_without_a_hand(
    open_page: Any, as_caller: Any, clerk: Call, cardiology: UUID, county: UUID
) -> None:
    session = sitting(clerk, cardiology, clock.today(), minutes=30, all_day=True)
    sessions.open_doors(clerk, session=session, expect=2)
    desk.walk_in(clerk, session=session, resident=person("王小明", county))
    as_caller(clerk)
    page = open_page()
    page.goto(f"/booking/sessions/{session}/wall")
    page.get_by_text("王*").wait_for()
    assert page.locator(".now").inner_text() == "—"
    for _width in at_widths(page):
        axe(page)
    desk.call_next(clerk, session=session)
    page.locator(".now", has_text="王*").wait_for(timeout=15_000)
