"""Every page of the menu, as it stands in an empty house: accessible, and within both widths."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from doorstep.kernel import clock
from doorstep.kernel.models import Delivery, OutboxEvent
from doorstep.kernel.testing import callers
from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.kernel.web.context import groups
from doorstep.record.charts.tests.conftest import organisation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_page_of_the_menu(open_page, as_caller, language: str) -> None:
    caller = replace(callers.system(), organisation=organisation("县人民医院"))  # a desk is an institution's
    as_caller(caller)
    page = open_page(language=language)
    entries = [entry.url for group in groups(caller, "/") for entry in group.entries]
    links = [url for url in entries if not url.startswith("/my/")]  # those are a resident's, whom nobody here is
    assert "/trail" in links
    for url in ["/", *links, "/sign-in"]:
        if url == "/sign-in":
            as_caller(None)
        answer = page.goto(url)
        assert answer is not None
        assert answer.status == 200, url
        for width in at_widths(page):
            if folder := os.environ.get("DOORSTEP_SHOTS"):
                name = f"room-{url.strip('/').replace('/', '-') or 'start'}-{language}-{width}.png"
                page.screenshot(path=Path(folder) / name, full_page=True)
            axe(page)


def letters(n: int) -> None:
    for number in range(n):
        event = OutboxEvent.objects.create(name="a.B", subject=f"s{number}", body={}, at=clock.now())
        Delivery.objects.create(event=event, handler="h", subject=event.subject, state="dead", due_at=clock.now())


def test_more_rows_come_below_and_a_lost_line_is_said(open_page, as_caller) -> None:
    as_caller(callers.system())
    letters(45)
    page = open_page()
    page.goto("/system/outbox")
    rows = page.locator("#rows tr")
    assert rows.count() == 20
    more = page.get_by_role("link", name="再看一些")
    more.click()
    rows.nth(39).wait_for()
    assert page.get_by_role("link", name="回到第一页").count() == 0
    page.context.set_offline(True)
    more.click()
    page.get_by_role("alert").filter(has_text="网络不通").wait_for()
    assert rows.count() == 40
    page.context.set_offline(False)
    more.click()
    rows.nth(44).wait_for()
    assert page.get_by_text("已到最后").is_visible()


def test_without_scripts_the_next_page_is_a_page(open_page, as_caller) -> None:
    as_caller(callers.system())
    letters(25)
    page = open_page(scripts=False)
    page.goto("/system/outbox")
    page.get_by_role("link", name="再看一些").click()
    assert page.locator("#rows tr").count() == 5
    page.get_by_role("link", name="回到第一页").click()
    assert page.locator("#rows tr").count() == 20
