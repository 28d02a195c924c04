"""The pages of the index in a real Chromium: both widths, both languages, axe, and without scripts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.kernel.testing.callers import member, system
from doorstep.registers.residents import api, models
from doorstep.registers.residents.actions import merging
from doorstep.registers.residents.shapes import Address, Phone
from doorstep.registers.residents.tests.conftest import hospital, make_organisation, number, record, resident_id

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(as_caller):
    source, clinic = make_organisation("清禾县人民医院").pk, make_organisation("城关街道社区卫生服务中心").pk
    home = (Address("潇川市清禾县城关街道南门社区3栋2单元401", "439921001001"),)
    said = [
        record(
            f"0b7e8f0c-4b5a-4d58-9a39-{i:012d}", place, resident_id(number(1)), hospital(f"H{i:08d}"), name="欧阳若兰",
            addresses=home, sex="2",
        )
        for i, place in enumerate((source, clinic, source))
    ]  # fmt: skip
    said.append(
        record("0b7e8f0c-4b5a-4d58-9a39-000000000009", clinic, name="欧阳若男", sex="2", birth_date="1985-03-16",
               phones=(Phone("10037777777"),))
    )  # fmt: skip
    found = [v.resident for v in api.take_in(system(), said)]
    call = member(source, scope=system().scope)
    as_caller(call)
    return found[0], found[3]


def test_merging_and_parting_by_hand_without_scripts(people, open_page):
    page = open_page(scripts=False)
    page.goto(f"/residents/{people[0]}/")
    page.get_by_role("link", name="身份与归并").click()
    page.get_by_role("link", name="与另一位居民合并").click()
    page.get_by_label("姓名、拼音或首字母").fill("欧阳若男")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="与 欧阳若男 对照").click()
    page.get_by_role("button", name="是同一个人，合并").click()
    assert page.get_by_role("alert").get_by_text("理由").count()
    page.get_by_label("理由").fill("已核对身份证原件")
    page.get_by_role("button", name="是同一个人，合并").click()
    page.get_by_text("两位居民已合并").wait_for()
    page.get_by_role("link", name="撤销").first.click()
    page.get_by_role("button", name="撤销合并").click()
    page.get_by_text("合并已撤销").wait_for()
    page.goto(f"/residents/{people[0]}/index")
    page.locator("[name=record]").nth(1).check()
    page.get_by_role("button", name="分出所选记录").click()
    page.get_by_role("button", name="分出记录").click()
    page.get_by_text("已分出 1 条记录").wait_for()
    assert models.ResidentRecord.objects.unscoped("test").filter(resident=people[0]).count() == 2


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_both_widths_and_axe(people, open_page, language):
    merge = merging.merge(system(), kept=people[0], gone=people[1], note="已核对身份证原件")
    merging.unmerge(system(), merge=merge)
    merge = merging.merge(system(), kept=people[0], gone=people[1], note="第二次核对，仍是同一人")
    rows = models.ResidentRecord.objects.unscoped("test").order_by("patient_id")
    records = list(rows.values_list("pk", flat=True))
    chosen = "&".join(f"record={each}" for each in records[1:])
    pages = {
        "index": f"{people[0]}/index",
        "undo": f"{people[0]}/merges/{merge}/undo",
        "separate": f"{people[0]}/separate?{chosen}",
        "search": f"{people[0]}/merge?q=欧阳",
        "joined": f"explain?left={records[0]}&right={records[1]}",
        "judged": f"explain?left={records[0]}&right={records[3]}",
    }
    for name, path in pages.items():
        _look(open_page, language, name, path)
    merging.unmerge(system(), merge=merge)
    _look(open_page, language, "beside", f"{people[0]}/merge?with={people[1]}")
    _look(open_page, language, "apart", f"explain?one={people[0]}&other={people[1]}")


def _look(open_page, language, name, path):
    page = open_page(language=language)
    page.goto(f"/residents/{path}")
    folder = os.environ.get("SHOTS")
    for width in at_widths(page):
        axe(page)
        if folder:
            page.screenshot(path=str(Path(folder) / f"{name}-{language}-{width}.png"), full_page=True)
