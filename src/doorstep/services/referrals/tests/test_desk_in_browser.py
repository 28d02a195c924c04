"""The desk in a real Chromium: by keyboard from the list to the acceptance, both widths, axe; and a draft that a broken
line does not lose."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.services.referrals.models import ReferralLetter
from doorstep.services.referrals.tests import factory

pytestmark = pytest.mark.django_db(transaction=True)


def present(referral: Any) -> str:
    found = ReferralLetter.objects.unscoped("test").get(referral=referral).body
    return str(found["present"])


def test_a_broken_line_loses_nothing(as_caller: Any, browser_page: Any) -> None:
    here = factory.world()
    referral = factory.drafted(here, urgency="emergency")
    as_caller(here.doctor)
    page = browser_page
    page.goto(f"/referrals/{referral}/write")
    field = page.get_by_label("主要现病史")
    field.fill("头痛四天")
    page.locator("#saved").get_by_text("已保存").wait_for()
    assert present(referral) == "头痛四天"
    page.context.set_offline(True)
    field.fill("头痛四天，今晨呕吐")
    page.get_by_text("网络不通").wait_for()
    page.locator("#saved").get_by_text("有改动还没有保存").wait_for()
    assert present(referral) == "头痛四天"
    assert field.input_value() == "头痛四天，今晨呕吐", "what was typed still stands there"
    page.context.set_offline(False)
    page.wait_for_timeout(7000)
    assert present(referral) == "头痛四天，今晨呕吐", "and is saved when the line is back"
    page.keyboard.press("Alt+Enter")
    page.get_by_text("转诊已发出").wait_for()
    assert factory.row(referral).status == "sent"


def test_sent_while_the_draft_is_being_kept(as_caller: Any, browser_page: Any) -> None:
    here = factory.world()
    referral = factory.drafted(here, urgency="emergency")
    as_caller(here.doctor)
    page, held = browser_page, []
    page.goto(f"/referrals/{referral}/write")
    # the server has kept the draft, and its answer is still on a slow line
    page.route("**/save", lambda route: held.append((route, route.fetch())))
    page.get_by_label("主要现病史").fill("头痛五天")
    for _ in range(100):
        page.wait_for_timeout(100)
        if held:
            break
    page.keyboard.press("Alt+Enter")
    page.wait_for_timeout(300)
    route, answer = held[0]
    route.fulfill(response=answer)
    page.get_by_text("转诊已发出").wait_for()
    assert (factory.row(referral).status, present(referral)) == ("sent", "头痛五天")


def test_accepted_by_keyboard(as_caller: Any, browser_page: Any) -> None:
    here = factory.world()
    first, second = factory.sent(here), factory.sent(here)
    as_caller(here.desk)
    page = browser_page
    page.goto("/referrals/")
    assert page.locator(".desk-row").count() == 2
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#detail .btn-next").wait_for()
    assert str(second) in page.url
    assert page.locator(".desk-row").count() == 2, "the list stays beside it"
    page.keyboard.press("Alt+Enter")
    page.locator("#messages").get_by_text("接收了病人").wait_for()
    assert [factory.row(key).status for key in (first, second)] == ["sent", "accepted"]


@pytest.mark.parametrize("path", ["", "{sent}/", "{draft}/write", "{sent}/paper/out", "measures"])
def test_pages_fit_and_are_accessible(as_caller: Any, browser_page: Any, path: str) -> None:
    here = factory.world()
    ids = {"sent": factory.sent(here), "draft": factory.drafted(here)}
    as_caller(here.doctor)
    browser_page.goto(f"/referrals/{path.format(**ids)}")
    for _width in at_widths(browser_page):
        axe(browser_page)
