"""The review of pairs in a real Chromium: answered and undone by keyboard, both widths, axe, without scripts."""

from __future__ import annotations

import re

import pytest

from doorstep.kernel.call import Scope
from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.kernel.testing.callers import member, system
from doorstep.registers.residents import api, models
from doorstep.registers.residents.actions import reviewing
from doorstep.registers.residents.shapes import Address, Guardian, Phone
from doorstep.registers.residents.tests.conftest import hospital, make_organisation, number, record, resident_id

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reviewer(as_caller):
    """A reviewer of a county hospital and a township's, before whom four pairs lie."""
    one, two = make_organisation("清禾县人民医院").pk, make_organisation("清禾县城关街道社区卫生服务中心").pk
    here, there = Address("潇川市清禾县城关街道南门社区3栋2单元401"), Address("清禾县城关街道南门社区5栋1单元302")
    home, mobile = (Phone("10031234567", "mobile"),), (Phone("10031234568", "mobile"),)
    father = (Guardian("王建国", "10031112222", "51"),)
    said = [
        record("0b7e8f0c-4b5a-4d58-9a39-000000000001", one, hospital("H00000001"), phones=home, addresses=(here,),
               guardians=father, ethnic="01"),
        record("0b7e8f0c-4b5a-4d58-9a39-000000000002", two, hospital("00017"), name="王晓明", birth_date="1985-03-16",
               phones=home, addresses=(there,)),
        record("a2", one, phones=(), name="欧阳若兰", sex="2", birth_date="1972-11-02"),
        record("b2", two, phones=(), name="欧阳若兰", sex="2", birth_date="1972-11-02", addresses=(there,)),
        record("a3", one, resident_id(number()), phones=home, name="李强", addresses=(here,)),
        record("b3", two, resident_id(number()), phones=mobile, name="赵国庆", addresses=(there,)),
        record("a4", one, phones=(), name="诸葛明远", birth_date="1960-02-01"),
        record("b4", two, phones=(), name="诸葛明远", birth_date="1960-02-01"),
    ]  # fmt: skip
    for each in said:
        api.take_in(system(), [each])
    call = member(one, scope=Scope(frozenset({one, two})))
    as_caller(call)
    return call


def rows():
    return models.Doubt.objects.unscoped("test").order_by("-pk")


def states():
    return [row.state for row in rows()]


@pytest.mark.parametrize("width", [360, 1280])
def test_answered_and_undone_by_keyboard(reviewer, open_page, width):
    page = open_page(width=width)
    page.goto("/residents/review")
    assert page.locator("#rows > tr").count() == rows().count() >= 4
    page.locator("#rows a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/residents/review/*")
    first = page.url
    page.keyboard.press("1")
    page.get_by_text("归到了一位居民").wait_for()
    assert states()[0] == "same"
    assert page.url != first
    page.get_by_role("button", name="撤销").focus()
    page.keyboard.press("Enter")
    page.get_by_text("已撤销您的回答").wait_for()
    assert page.url == first
    assert set(states()) == {"open"}
    page.get_by_label("备注").fill("123")
    assert page.url == first
    page.keyboard.press("Tab")
    page.keyboard.press("2")
    page.get_by_text("不会再被归到一起").wait_for()
    assert states()[0] == "different"
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.locator("#keys").uncheck()
    before = page.url
    page.keyboard.press("3")
    page.wait_for_timeout(200)
    assert page.url == before


def test_to_the_end_of_the_queue(reviewer, browser_page):
    browser_page.goto(f"/residents/review/{rows().first().pk}")
    for _ in range(rows().count()):
        there = browser_page.url
        browser_page.keyboard.press("3")
        browser_page.wait_for_url(lambda url, there=there: url != there)
    assert re.search("/residents/review$", browser_page.url)
    browser_page.get_by_text("没有等您核对的记录").wait_for()


def test_pages_at_both_widths(reviewer, browser_page):
    decided, *_, lent = [(row.pk, row.version) for row in rows().order_by("needed", "-pk")]
    reviewing.judge(reviewer, doubt=decided[0], expect=decided[1], answer="same", note="已电话核实，是同一人")
    unsure = rows().filter(state="open", needed=1).first()
    reviewing.judge(reviewer, doubt=unsure.pk, expect=unsure.version, answer="unsure")
    waiting = rows().filter(state="open", needed=1).first()
    paths = (
        "",
        "?state=same",
        "?state=different",
        *(f"/{key}" for key in (waiting.pk, lent[0], decided[0], unsure.pk)),
    )
    for path in paths:
        browser_page.goto(f"/residents/review{path}")
        for _width in at_widths(browser_page):
            axe(browser_page)


def test_a_late_answer(reviewer, browser_page):
    row = rows().filter(needed=1).first()
    browser_page.goto(f"/residents/review/{row.pk}")
    reviewing.judge(reviewer, doubt=row.pk, expect=row.version, answer="different")
    browser_page.get_by_role("button", name="同一人", exact=True).click()
    browser_page.get_by_text("别人刚刚处理了这一对").wait_for()


def test_without_scripts(reviewer, open_page):
    page = open_page(scripts=False)
    page.goto("/residents/review")
    page.locator("#rows a").first.click()
    assert not page.locator("#keys").is_visible()
    page.get_by_role("button", name="无法判断", exact=True).click()
    assert page.get_by_text("还可以再核对").is_visible()
