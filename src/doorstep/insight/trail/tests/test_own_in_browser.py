"""A resident's way at 360 px: in by a code, their record, who looked, an objection; and its answer."""

from __future__ import annotations

import json
import re
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from doorstep.kernel import clock, outbox, trail
from doorstep.kernel.call import NOWHERE, Call
from doorstep.kernel.testing.browser import axe, no_sideways
from doorstep.record.charts.tests.conftest import organisation, patient, send
from doorstep.registers.portal.tests import factory
from doorstep.registers.residents import api as residents
from doorstep.registers.staff.tests import factory as staff

PHONE, NUMBER = "13912345678", factory.number(1, date(1958, 3, 15))


def code_of(folder: Path) -> str:
    """The digits of the newest message, as a worker delivers it."""
    for _try in range(20):
        outbox.drain()
        if (path := folder / "messages.jsonl").exists():
            found = re.search(r"验证码 (\d{6})", json.loads(path.read_text().splitlines()[-1])["text"])
            assert found
            return found[1]
        time.sleep(0.1)
    raise AssertionError("no message came")


@pytest.mark.django_db(transaction=True)
def test_a_resident_s_way(open_page: Any, live_server: Any, tmp_path: Path, settings: Any) -> None:
    """Nothing wider than a phone, no serious finding of axe, and what each side wrote is read by the other."""
    settings.DOORSTEP_MESSAGES = str(tmp_path / "messages.json")
    county = organisation("县人民医院")
    told = {"resourceType": "Condition", "id": "c1", "code": {"text": "高血压"}, "recordedDate": "2024-01-01",
            "subject": {"reference": "Patient/p1"}}  # fmt: skip
    phone = [{"system": "phone", "value": PHONE, "use": "mobile"}]
    send(county, patient("p1", NUMBER, factory.NAME) | {"telecom": phone}, told)
    resident = residents.residents_of(["p1"])["p1"]
    doctor = Call("staff:doctor", "某", clock.now(), NOWHERE, organisation=county)
    trail.write(doctor, "charts.read", resident=resident, detail={"basis": "break_glass"})
    officer = staff.somebody(county, "privacy_officer")

    page = open_page(width=360)

    def seen(heading: str) -> None:
        page.get_by_role("heading", name=heading).first.wait_for()
        no_sideways(page)
        axe(page)

    page.goto("/my/record")
    seen("居民登录")
    page.get_by_label("手机号").fill(PHONE)
    page.get_by_role("button", name="发送验证码").click()
    seen("输入验证码")
    page.get_by_label("短信里的 6 位数字").fill(code_of(tmp_path))
    page.get_by_role("button", name="下一步").click()
    seen("您是哪一位")
    page.get_by_label("姓名").fill(factory.NAME)
    page.get_by_label("居民身份证号").fill(NUMBER)
    page.get_by_role("button", name="核验并登录").click()
    seen("健康档案")
    page.get_by_text("高血压").wait_for()
    for path, heading in (("/my/", "您好"), ("/my/card", "健康卡"), ("/my/sign-ins", "登录的设备"),
                          ("/my/consents", "我的授权"), ("/my/consents/new", "同意或拒绝一家机构")):  # fmt: skip
        page.goto(path)
        seen(heading)
    page.get_by_role("link", name="谁看过").click()
    seen("谁看过我的档案")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="对勾选的提出异议").click()
    seen("提出异议")
    page.get_by_label("您觉得哪里不对").fill("我没有在这家医院看过病")
    page.get_by_role("button", name="提出异议").click()
    seen("异议 2")
    address = page.url

    desk = open_page(width=1280)
    signed = staff.client_of(officer).cookies["sessionid"].value
    desk.context.add_cookies([{"name": "sessionid", "value": signed, "url": str(live_server.url)}])
    desk.goto("/trail/objections")
    axe(desk)
    desk.locator("#rows a").click()
    desk.get_by_role("button", name="受理", exact=True).click()
    desk.get_by_label("异议成立：这次查阅不应该").check()
    desk.get_by_label("给居民的答复").fill("查阅没有理由，已处理。")
    desk.get_by_role("button", name="答复居民").click()
    desk.get_by_text("居民可以看到").first.wait_for()
    axe(desk)

    page.goto(address)
    seen("异议 2")
    page.get_by_text("查阅没有理由，已处理。").wait_for()
    page.get_by_role("button", name="接受答复").click()
    page.get_by_text("已结束").first.wait_for()
