"""Sheets in a real Chromium: a file is sent, the page follows the worker; by keyboard, at both widths."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.record.sheets.tests import kit
from doorstep.registers.staff.models import Account
from doorstep.registers.staff.tests import factory as people

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_file_from_the_desk_to_the_way_back(source: UUID, browser_page: Any) -> None:
    people.somebody(source, "public_health_worker", "赵公卫", "zhao")
    page = browser_page
    page.goto("/sign-in")
    cookies = people.client_of(Account.objects.get(username="zhao")).cookies
    page.context.add_cookies([{"name": n, "value": m.value, "url": page.url} for n, m in cookies.items()])

    def sound() -> None:
        for _width in at_widths(page):
            axe(page)

    page.goto("/sheets/")
    sound()
    page.goto("/sheets/upload?kind=residents")
    sound()
    rows = [kit.resident(n, address="清河镇柳树村很长很长的地址" * 4) for n in range(1, 35)]
    raw = kit.sheet("residents", *rows, kit.resident(40, id_number="X" * 18))
    page.set_input_files("input[type=file]", {"name": "居民.csv", "mimeType": "text/csv", "buffer": raw})
    page.keyboard.press("Tab")
    page.get_by_role("button", name="上传并检查").press("Enter")
    page.get_by_text("正在检查").first.wait_for()
    sound()
    kit.work_off()
    page.get_by_text("有的行有错").wait_for()
    sound()
    page.get_by_role("button", name="写入没有错的行").press("Enter")
    page.get_by_text("正在写入").first.wait_for()
    kit.work_off()
    page.get_by_role("link", name="已新增").wait_for()
    page.get_by_role("link", name="撤销导入").click()
    page.get_by_text("34 行新增的内容会去掉。").wait_for()
    sound()
    page.get_by_role("button", name="撤销导入").press("Enter")
    page.get_by_text("正在撤销").first.wait_for()
    kit.work_off()
    page.get_by_text("已撤销").first.wait_for()
    assert kit.living() == []
