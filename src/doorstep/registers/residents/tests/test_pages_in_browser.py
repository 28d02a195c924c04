"""The pages in a real Chromium: live search from the keyboard, registration, both widths, axe."""

from __future__ import annotations

import re
from datetime import date

import pytest

from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.kernel.testing.callers import member, system
from doorstep.registers.residents import api
from doorstep.registers.residents.actions import family
from doorstep.registers.residents.shapes import Address, Guardian, Phone
from doorstep.registers.residents.tests.conftest import hospital, make_organisation, number, record, resident_id

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(as_caller):
    source = make_organisation("清禾县人民医院").pk
    said = [
        record(
            f"0b7e8f0c-4b5a-4d58-9a39-{i:012d}",
            source,
            resident_id(number(2 * i + 1, date(1950 + i, 3, 15))),
            hospital(f"H{i:08d}"),
            name=name,
            phones=(Phone(f"1003123456{i % 10}", "mobile"),),
            addresses=(Address("潇川市清禾县城关街道南门社区3栋2单元401", "439921001001"),),
            guardians=(Guardian("王建国", "10031112222", "51"),),
            birth_date="",
            ethnic="01",
        )
        for i, name in enumerate([f"王{a}{b}" for a in "小大" for b in "明红刚强丽芳伟静娜敏飞超"])
    ]
    residents = [v.resident for v in api.take_in(system(), said)]
    call = member(source)
    as_caller(call)
    home = family.start_household(call, head=residents[0], address="南门社区3栋")
    family.add_member(call, household=home, expect=1, resident=residents[1], relation="12")
    return residents


def test_live_search_from_the_keyboard(people, browser_page):
    browser_page.goto("/residents/")
    browser_page.keyboard.type("wxm", delay=30)
    first = browser_page.get_by_role("link", name="王小明", exact=True)
    first.wait_for()
    assert re.search(r"q=wxm$", browser_page.url)
    assert number(1, date(1950, 3, 15)) not in browser_page.content()
    browser_page.locator("#q").fill("没有这人")
    browser_page.get_by_text("没有找到").wait_for()
    browser_page.locator("#q").fill("wang")
    browser_page.get_by_role("link", name="再看一些").click()
    browser_page.locator("#rows > tr").nth(23).wait_for()
    assert browser_page.locator("#rows > tr").count() == 24


def test_pages_at_both_widths(people, browser_page):
    paths = ("", "?q=wx", "?q=zzz", "new", f"{people[0]}/", f"{people[0]}/contacts", f"{people[0]}/guardians",
             f"{people[2]}/household", f"{people[0]}/household/add?q=wang")  # fmt: skip
    for path in paths:
        browser_page.goto(f"/residents/{path}")
        for _width in at_widths(browser_page):
            axe(browser_page)


def test_registration_tells_of_a_held_number_before_it_is_sent(people, browser_page):
    browser_page.goto("/residents/new")
    browser_page.get_by_label("身份证号").fill(number(1, date(1950, 3, 15)))
    browser_page.get_by_label("身份证号").press("Tab")
    browser_page.get_by_text("这个身份证号已经登记过").wait_for()
    browser_page.get_by_label("身份证号").fill(number(999))
    browser_page.get_by_label("身份证号").press("Tab")
    browser_page.get_by_text("号码正确：男").wait_for()
    browser_page.get_by_label("姓名").fill("李雷")
    browser_page.get_by_role("button", name="登记").click()
    browser_page.wait_for_url("**/residents/*/")
    assert "李雷" in browser_page.title()


def test_search_without_scripts(people, open_page):
    page = open_page(scripts=False)
    page.goto("/residents/")
    page.locator("#q").fill("wxm")
    page.get_by_role("button", name="查找").click()
    assert page.get_by_role("link", name="王小明", exact=True).is_visible()
