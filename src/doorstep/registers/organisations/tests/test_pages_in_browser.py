"""The pages of both rooms in a real Chromium: sign-in, both widths, axe, and the tree without scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.registers.organisations.tests import factory as places
from doorstep.registers.staff.models import Account, Post
from doorstep.registers.staff.tests import factory as people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def manager(db: None) -> tuple[places.District, Any]:
    district = places.make()
    return district, people.somebody(district.lead, "bureau_manager", "张管理", "bureau")


def sign_in(page: Any) -> None:
    """Enter the house as the manager who has proved who they are by two factors."""
    page.goto("/sign-in")
    cookies = people.client_of(Account.objects.get(username="bureau")).cookies
    page.context.add_cookies([{"name": n, "value": m.value, "url": page.url} for n, m in cookies.items()])
    page.goto("/organisations/")


def test_every_page_is_sound_at_both_widths(manager: tuple[places.District, Any], browser_page: Any) -> None:
    district, account = manager
    browser_page.goto("/sign-in")
    for _width in at_widths(browser_page):
        axe(browser_page)
    sign_in(browser_page)
    post = Post.objects.unscoped("test").get(person=account.person_id)
    institution, consortium, person = (
        f"/organisations/{district.lead}", f"/consortia/{district.community}", f"/staff/{account.person_id}"
    )  # fmt: skip
    paths = (
        *("/organisations/", "/organisations/tree", "/organisations/add", institution, f"{institution}/edit"),
        *("/consortia/", consortium, f"{consortium}/join", f"{consortium}/agree", f"/staff/keys/{district.lead}"),
        *("/staff/", person, f"{person}/edit", f"{person}/post/{post.id}/end", f"{person}/account", "/post"),
    )
    for path in paths:
        browser_page.goto(path)
        for _width in at_widths(browser_page):
            axe(browser_page)


def test_the_tree_opens_without_scripts(manager: tuple[places.District, Any], open_page: Callable[..., Any]) -> None:
    page = open_page(scripts=False)
    sign_in(page)
    page.get_by_role("link", name="按地区").click()
    clinic = page.get_by_role("link", name="麻石村卫生室")
    assert not clinic.is_visible()
    page.locator("summary", has_text="石桥镇").first.click()
    page.locator("summary", has_text="石桥镇中心卫生院").click()
    clinic.click()
    page.wait_for_url("**/organisations/*-*")
    assert "村卫生室" in page.content()
