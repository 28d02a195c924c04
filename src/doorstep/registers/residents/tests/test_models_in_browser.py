"""The pages of matching models in a real Chromium: train, try, use; both widths, axe, without scripts."""

from __future__ import annotations

import pytest

from doorstep.kernel import outbox
from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.kernel.testing.callers import system
from doorstep.registers.residents import models
from doorstep.registers.residents.actions import running
from doorstep.registers.residents.tests.conftest import make_organisation
from doorstep.registers.residents.tests.test_linking import incoming, take

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_model_is_trained_tried_and_used_from_the_pages(as_caller, browser_page):
    source = make_organisation("清禾县人民医院").pk
    take(*incoming(40, source)[0])
    as_caller(system())
    browser_page.goto("/residents/models")
    browser_page.get_by_text("还没有训练过规则").wait_for()
    browser_page.get_by_role("button", name="训练新规则").click()
    browser_page.get_by_text("等待后台进程").first.wait_for()
    for _width in at_widths(browser_page):
        axe(browser_page)
    outbox.drain()
    browser_page.goto("/residents/models")
    made = models.MatchModel.objects.get().pk
    browser_page.get_by_role("rowheader", name=f"规则 {made}", exact=True).wait_for()
    browser_page.goto(f"/residents/models/{made}")
    assert browser_page.get_by_role("link", name="启用").count() == 0
    browser_page.get_by_role("button", name="试用比较").click()
    outbox.drain()
    browser_page.goto(f"/residents/models/{made}")
    for _width in at_widths(browser_page):
        axe(browser_page)
    browser_page.get_by_role("link", name="启用").click()
    for _width in at_widths(browser_page):
        axe(browser_page)
    browser_page.get_by_role("button", name="启用").click()
    browser_page.get_by_text("从今天起按这个规则匹配").wait_for()
    browser_page.get_by_text("使用中").first.wait_for()
    browser_page.goto("/residents/models/link")
    browser_page.get_by_role("button", name="开始归并").click()
    outbox.drain()
    browser_page.goto("/residents/models")
    for _width in at_widths(browser_page):
        axe(browser_page)
    assert models.MatchRun.objects.filter(error="", ended_at__isnull=False).count() == 3
    assert browser_page.get_by_text("未完成").count() == 0


def test_a_run_that_is_refused_is_told(as_caller, browser_page):
    as_caller(system())
    running.ask(system(), kind="train")
    outbox.drain()
    browser_page.goto("/residents/models")
    browser_page.get_by_text("至少要 20 条才能训练").wait_for()
