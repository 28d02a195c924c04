"""The design system in a real browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from doorstep.kernel.testing import callers
from doorstep.kernel.testing.browser import at_widths, axe

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("path", ["/system/style", "/", "/system/outbox", "/system/trail", "/nothing-here"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_axe_and_widths(open_page, as_caller, path: str, language: str) -> None:
    as_caller(callers.system())
    page = open_page(language=language)
    page.goto(path)
    assert page.locator("html").get_attribute("lang") == ("en" if language == "en" else "zh-Hans")
    for width in at_widths(page):
        if folder := os.environ.get("DOORSTEP_SHOTS"):
            name = f"{path.strip('/').replace('/', '-') or 'start'}-{language}-{width}.png"
            page.screenshot(path=Path(folder) / name, full_page=True)
        axe(page)
