"""Alerts and the mapper's pages in a browser, wide and narrow."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.kernel.testing.callers import member, system
from doorstep.record.endpoints.actions import mapping, watching
from doorstep.record.endpoints.tests import kit


@pytest.mark.django_db(transaction=True)
def test_pages_for_everyone(open_page: Any, as_caller: Any, source: UUID) -> None:
    """No serious finding of axe, nothing wider than a phone; a sample is tried and an alert taken up by its buttons."""
    endpoint = kit.make_endpoint(source)
    kit.keep(endpoint, b"x", reason="unreadable")
    watching.watch(system())
    version = mapping.begin(system(), organisation=source, note="第三类性别")
    text = "from,to,note\nZ,other,本院的第三类\n"
    mapping.change(system(), mapping=version, expect=1, name="values/gender.csv", text=text)
    mapping.prove(system(), mapping=version, expect=2)
    as_caller(member(source))
    page = open_page()
    for path in (
        f"{endpoint}/watch", "alerts", f"mappings/{version}", "mappings/standard/table?name=segments/OBX.csv",
        f"{endpoint}/upload", "mappings/try",
    ):  # fmt: skip
        page.goto(f"/endpoints/{path}")
        for _width in at_widths(page):
            axe(page)
    page.fill("textarea[name=text]", kit.oru(1).decode().replace("\r", "\n"))
    page.get_by_role("button", name="试一试").click()
    page.get_by_text("MSA|AA|C1").wait_for()
    for _width in at_widths(page):
        axe(page)
    page.goto(f"/endpoints/{endpoint}/")
    page.get_by_role("link", name="上传报文文件").click()
    name = {"name": "夜间.hl7", "mimeType": "text/plain", "buffer": kit.oru(1) + kit.oru(2)}
    page.set_input_files("input[type=file]", [name])
    page.get_by_role("button", name="上传").click()
    page.get_by_text("已收下 2 件报文").wait_for()
    for _width in at_widths(page):
        axe(page)
    page.goto("/endpoints/alerts")
    page.get_by_role("link", name="我来处理").click()
    page.get_by_label("怎么处理的").fill("已请检验科重启")
    page.get_by_role("button", name="我来处理").click()
    page.get_by_text("已请检验科重启").wait_for()
