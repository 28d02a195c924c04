"""The pages of the room in a browser, wide and narrow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.kernel.testing.callers import member
from doorstep.registers.consents.actions.consenting import record
from doorstep.registers.consents.actions.glass import break_glass
from doorstep.registers.consents.shapes import Signed


@pytest.mark.django_db(transaction=True)
def test_pages_for_everyone(open_page: Any, as_caller: Any, resident: UUID, county: UUID) -> None:
    """No serious finding of axe, nothing wider than a phone; a consent by hand with its effect before it."""
    nurse = member(county)
    key = break_glass(nurse, resident=resident, reason="emergency", words="胸痛昏迷" * 20, hours=4)
    record(nurse, resident=resident, signed=Signed(county, False, "self", "李秀英"))
    as_caller(replace(nurse, actor="staff:officer"))
    page = open_page()
    for path in (
        "break-glass", f"break-glass/{key}", f"{resident}/", f"{resident}/new", f"{resident}/break-glass",
    ):  # fmt: skip
        page.goto(f"/consents/{path}")
        for _width in at_widths(page):
            axe(page)
    page.goto(f"/consents/{resident}/new")
    page.get_by_label("同意查阅全部健康档案").check()
    page.select_option("select[name=organisation]", str(county))
    page.get_by_label("本人", exact=True).check()
    page.fill("input[name=signer_name]", "李秀英")
    page.get_by_role("button", name="看看会有什么结果").click()
    page.get_by_role("heading", name="登记以后").wait_for()
    for _width in at_widths(page):
        axe(page)
    page.get_by_role("button", name="登记，立即生效").click()
    page.get_by_text("已登记，立即生效").first.wait_for()
