"""The main job: find a resident, read the chart; find a bad message, mend and replay it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pypinyin import Style, lazy_pinyin

from doorstep.kernel.testing.browser import at_widths, axe
from tests.journeys.conftest import Standing


def _initials(name: str) -> str:
    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))


def _someone_of(standing: Standing, username: str) -> Any:
    """A resident with plenty to read, whose name is plain hanzi, and whom the account's institution has seen."""
    number = next(a.staff_number for a in standing.district.accounts if a.username == username)
    places = {post.uscc for p in standing.district.staff if p.number == number for post in p.posts}
    own = [body for source, body in standing.sent if source in places]
    return next(
        p
        for p in standing.people
        if p.birth.year < 1960 and "·" not in p.name and any(p.resident_id.encode() in body for body in own)
    )


def test_a_doctor_finds_a_resident_by_pinyin_and_reads_the_chart(
    sign_in: Callable[..., Any], standing: Standing
) -> None:
    person = _someone_of(standing, "township")
    page = sign_in("township")
    page.goto("/residents/")
    page.fill("main input[type=search]", _initials(person.name))
    page.press("main input[type=search]", "Enter")
    page.get_by_role("link", name=person.name).first.wait_for()
    for _ in at_widths(page):
        axe(page)
    page.get_by_role("link", name=person.name).first.click()
    page.get_by_role("link", name="健康档案").first.click()
    page.get_by_role("heading", name=person.name).first.wait_for()
    assert person.resident_id not in page.content(), "the whole number is not shown to those who need not see it"
    for _ in at_widths(page):
        axe(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("link", name="时间线").first.click()
    page.locator("ol.timeline li").first.wait_for()
    for _ in at_widths(page):
        axe(page)
    page.locator("ol.timeline a").first.click()
    page.get_by_text("来源机构").first.wait_for()
    for _ in at_widths(page):
        axe(page)


def test_a_resident_of_nobody_is_told_in_words(sign_in: Callable[..., Any]) -> None:
    page = sign_in("township", width=360)
    page.goto("/residents/?q=zzzzqq")
    assert "没有" in page.locator("main").inner_text()
    axe(page)


def test_an_operator_mends_a_message_and_replays_it(sign_in: Callable[..., Any], standing: Standing) -> None:
    issue = next(i for i in standing.issues if "unknown-type" in i.name)
    page = sign_in("exchange")
    page.get_by_role("link", name="报文与待修正").first.click()
    for _ in at_widths(page):
        axe(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    row = page.locator("tr", has_text=issue.name)
    assert "Observatoin" in row.inner_text()
    row.get_by_role("link").first.click()
    page.get_by_text("位置").first.wait_for()
    for _ in at_widths(page):
        axe(page)
    page.get_by_role("button", name="原样重放").click()
    page.get_by_text("重放后仍有问题").wait_for()
    still_wrong = page.locator("textarea[name=text]").input_value().replace("Observatoin", "Observatian")
    page.fill("textarea[name=text]", still_wrong)
    page.get_by_role("button", name="修正并采用").click()
    page.get_by_text("Observatian").first.wait_for()
    assert page.locator("textarea[name=text]").input_value() == still_wrong, "what was typed is kept"
    page.fill("textarea[name=text]", issue.mended.decode())
    page.get_by_role("button", name="修正并采用").click()
    page.get_by_text("已修正并采用").wait_for()
    page.goto("/exchange/")
    assert page.locator("tr", has_text=issue.name).count() == 0


def test_a_doctor_of_another_role_cannot_open_the_messages(sign_in: Callable[..., Any]) -> None:
    page = sign_in("village")
    answer = page.goto("/exchange/")
    assert answer is not None
    assert answer.status == 403
    assert "没有这项权限" in page.content()


def test_the_pages_speak_english_by_choice(sign_in: Callable[..., Any]) -> None:
    page = sign_in("bureau")
    page.goto("/organisations/")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    page.locator("header summary, header details").first.click()
    page.get_by_role("button", name="English").first.click()
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == "en"
    for path in ("/", "/organisations/", "/consortia/", "/staff/"):
        page.goto(path)
        for _ in at_widths(page):
            axe(page)
