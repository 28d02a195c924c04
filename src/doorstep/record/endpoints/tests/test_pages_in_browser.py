"""The pages of what goes out in a real Chromium: wide and narrow, without serious findings of axe."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.kernel.testing.callers import member
from doorstep.record.endpoints.models import Outbound
from doorstep.record.endpoints.tests import kit
from doorstep.record.endpoints.tests.receiver import ack
from doorstep.record.endpoints.tests.test_sending import queue
from doorstep.record.exchange.tests.kit import make_organisation

LONG = "https://a-very-long-name-of-a-host-that-nobody-breaks.qinghe-county-people-s-hospital.example"


@pytest.mark.django_db(transaction=True)
def test_pages_for_everyone(browser_page: Any, as_caller: Any) -> None:
    place = make_organisation("清河县人民医院")
    [came] = kit.keep(kit.make_endpoint(place), kit.oru(3))
    target = kit.make_target(place, out={"host": LONG[8:], "to_application": "HIS" * 30})
    kit.make_target(place, name="空接口")
    rests, waits = queue(target, 1), queue(target, 2, inbound=came)
    said = {"code": "AR", "error": "204", "said": "查无此人"}
    rows = Outbound.objects.unscoped("test")
    rows.filter(pk=rests).update(
        state="resting", tries=1, reason="answered-refused", params=said, answer=ack(kit.oru(1), "AR")
    )  # fmt: skip
    rows.filter(pk=waits).update(reason="not-reached", params={"detail": "Connection refused"})
    as_caller(member(place))
    page = browser_page
    empty = "/endpoints/unsent?reason=answered-refused&endpoint="
    for path in (
        "/endpoints/", f"/endpoints/{target}/", f"/endpoints/{target}/edit", "/endpoints/add-target",
        "/endpoints/unsent", empty, f"/endpoints/sent/{rests}/", f"/endpoints/sent/{waits}/",
        f"/endpoints/sent/{rests}/dismiss", f"/endpoints/messages/{came}/",
    ):  # fmt: skip
        page.goto(path)
        for _width in at_widths(page):
            axe(page)
    page.goto(f"/endpoints/sent/{rests}/")
    button = page.get_by_role("button", name="重新发送")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_text("已安排重新发送").first.wait_for()
    assert rows.get(pk=rests).state == "waiting"
