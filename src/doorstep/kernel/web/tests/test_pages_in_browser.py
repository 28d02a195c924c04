"""The design system in a real browser: what axe says, both widths, both languages, without scripts, with the policy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from doorstep.kernel.testing import callers
from doorstep.kernel.testing.browser import at_widths, axe

pytestmark = pytest.mark.django_db(transaction=True)


def shoot(page, name: str, width: int) -> None:
    """Keep a picture where somebody asked for them (DOORSTEP_SHOTS=folder)."""
    if folder := os.environ.get("DOORSTEP_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)


@pytest.mark.parametrize("path", ["/system/style", "/", "/system/outbox", "/trail", "/nothing-here"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_pages_are_accessible_and_fit(open_page, as_caller, path: str, language: str) -> None:
    as_caller(callers.system())
    page = open_page(language=language)
    page.goto(path)
    assert page.locator("html").get_attribute("lang") == ("en" if language == "en" else "zh-Hans")
    for width in at_widths(page):
        shoot(page, f"{path.strip('/').replace('/', '-') or 'start'}-{language}", width)
        axe(page)


def test_axe_helper_finds_what_is_wrong(open_page, as_caller) -> None:
    as_caller(callers.system())
    page = open_page()
    page.route(
        "**/system/style",
        lambda route: route.fulfill(body="<html><body><input></body></html>", content_type="text/html"),
    )
    page.goto("/system/style")
    with pytest.raises(AssertionError, match="label"):
        axe(page)


def test_width_helper_names_what_sticks_out(open_page, as_caller) -> None:
    as_caller(callers.system())
    page = open_page()
    body = "<html><body><div id='wide' style='width:2000px'>x</div></body></html>"
    page.route("**/system/style", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto("/system/style")
    with pytest.raises(AssertionError, match="wide"):
        list(at_widths(page))


def test_menu_on_a_phone_works_without_scripts(open_page, as_caller) -> None:
    as_caller(callers.system())
    page = open_page(width=360, scripts=False)
    page.goto("/")
    side = page.get_by_role("navigation", name="主菜单")
    assert not side.is_visible()
    page.locator(".menu-button").click()
    side.get_by_role("link", name="操作留痕").click()
    assert page.url.endswith("/trail")
    page.locator(".account summary").click()
    page.get_by_role("button", name="English").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Audit trail"


def test_menu_opens_by_keyboard_and_closes_by_escape(open_page, as_caller) -> None:
    as_caller(callers.system())
    page = open_page(width=360)
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator(".side").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(".side").is_visible()


def test_first_wrong_field_has_the_focus_and_the_summary_leads_to_it(open_page, as_caller) -> None:
    as_caller(callers.system())
    page = open_page()
    page.goto("/system/style")
    form = page.locator("form:has(#id_name)")
    form.get_by_label("电话").fill("x")
    form.get_by_role("button", name="保存").click()
    expect(page.locator("#id_name")).to_be_focused()
    page.locator("form:has(#id_name) .error-summary a", has_text="电话").click()
    expect(page.locator("#id_phone")).to_be_focused()
    assert page.locator("#id_phone").get_attribute("aria-describedby") == "id_phone_error"


def test_nothing_from_elsewhere_is_loaded(open_page, as_caller, live_server) -> None:
    as_caller(callers.system())
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/system/style")
    assert len(asked) > 4
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []


def test_inline_scripts_do_not_run(open_page, as_caller) -> None:
    as_caller(callers.system())
    page = open_page()
    answer = page.goto("/system/style")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert page.evaluate("htmx.config.allowEval") is False
    assert page.content().count("<script") == page.content().count("<script src=")


def test_on_paper_there_is_no_menu_and_tables_stay_tables(open_page, as_caller) -> None:
    as_caller(callers.system())
    page = open_page(width=688)
    page.goto("/system/style")
    page.emulate_media(media="print")
    assert not page.locator(".side").is_visible()
    assert not page.locator("header.top").is_visible()
    assert page.locator("table.list thead").evaluate("e => getComputedStyle(e).display") == "table-header-group"
    if folder := os.environ.get("DOORSTEP_SHOTS"):
        page.pdf(path=Path(folder) / "style.pdf", prefer_css_page_size=True)
