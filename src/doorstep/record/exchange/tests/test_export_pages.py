"""The page of exports: what it says in two languages, to whom, at what cost, in a browser."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import connection

from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.exchange import rules
from doorstep.record.exchange.models import Export
from doorstep.record.exchange.tests.test_exports import begin, full, home, source_call, turn, work
from doorstep.record.exchange.tests.test_pages import CHINESE, ENGLISH, enter, html

pytestmark = pytest.mark.django_db
__all__ = ["enter", "home"]
PAGE = "/exchange/exports"


def operator(source):
    return member(source)


def test_nothing_yet(source, enter):
    said = html(enter(operator(source)).get(PAGE))
    assert "还没有导出" in said
    assert "hx-trigger" not in said[said.index("<main") :]


def test_one_at_work_moves_and_one_that_is_done_tells_its_size(source, enter, home, monkeypatch):
    full(source, *range(1, 6))
    done = work(system(), begin(replace(source_call(source), name="检验系统")))
    monkeypatch.setattr(rules, "WINDOW", 2)
    monkeypatch.setattr(rules, "SLICE_RESOURCES", 1)
    begin(source_call(source), types=["Patient"])
    said = html(enter(operator(source)).get(PAGE))
    assert "等待开始" in said
    assert 'hx-trigger="every 3s"' in said
    turn()
    said = html(enter(operator(source)).get(PAGE))
    for words in ("检验系统", "导出中", "已完成", "全部数据", "10 条", "1 类资源", "40%", "已读取 2 / 约 5 条"):
        assert words in said, words
    assert f"/exchange/exports/{done.id}/cancel" in said


@pytest.mark.parametrize(("counted", "told"), [(10_000, "约 5 条"), (3, "约 3 条")])
def test_few_rows_are_counted_and_many_estimated(source, enter, home, monkeypatch, counted, told):
    """What ANALYZE found last may be of long ago."""
    full(source, 1, 2, 3)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE fhir_patient")
    full(source, 4, 5)
    for name, value in {"WINDOW": 2, "SLICE_RESOURCES": 1, "COUNTED": counted}.items():
        monkeypatch.setattr(rules, name, value)
    begin(source_call(source), types=["Patient"])
    turn()
    assert f"已读取 2 / {told}" in html(enter(operator(source)).get(PAGE))


def test_a_failed_one_says_why(source, enter, home):
    begin(source_call(source))
    Export.objects.unscoped("test").update(state="failed", error="export-disk")
    said = html(enter(operator(source)).get(PAGE))
    assert "导出失败" in said
    assert "导出文件无法写入" in said


def test_cancelled_after_a_question(source, enter, home):
    client, made = enter(operator(source)), begin(source_call(source), "patient")
    assert "取消 成员 的导出？" in html(client.get(f"{PAGE}/{made.id}/cancel"))
    assert "已取消导出" in html(client.post(f"{PAGE}/{made.id}/cancel", follow=True))
    html(client.post(f"{PAGE}/{made.id}/cancel"), 404)
    assert "已取消" in html(client.get(PAGE))


def test_pages_hold_every_export_once(source, enter, home, monkeypatch):
    monkeypatch.setattr(rules, "EXPORTS_OF_ONE", 99)
    monkeypatch.setattr(rules, "EXPORTS_OF_ALL", 99)
    made = [begin(source_call(source)).id for _ in range(45)]
    client, seen, address = enter(operator(source)), [], PAGE
    while address:
        answer = client.get(address)
        html(answer)
        seen += [row["found"].id for row in answer.context["rows"]]
        more = answer.context["paged"].next
        address = f"{PAGE}?after={more}" if more else ""
    assert seen == made[::-1]


@pytest.mark.parametrize("after", ["x", "WyJ4Il0", "W10"])
def test_a_forged_page_is_refused_in_words(source, enter, after):
    html(enter(operator(source)).get(PAGE, {"after": after}), 400)


def test_few_questions_to_the_database(source, enter, home, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(rules, "EXPORTS_OF_ONE", 99)
    monkeypatch.setattr(rules, "EXPORTS_OF_ALL", 99)
    for _ in range(20):
        begin(source_call(source))
    client = enter(operator(source))
    with django_assert_max_num_queries(6):
        html(client.get(PAGE))


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/{{}}/cancel"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_may_enter(source, other, enter, home, path, method):
    made = begin(replace(source_call(source), name="检验系统"))
    path = path.format(made.id)
    assert getattr(enter(None), method)(path).status_code == 302
    assert getattr(enter(stranger()), method)(path).status_code == 403
    assert getattr(enter(member(source, ["exchange.read"])), method)(path).status_code == 403
    answer = getattr(enter(member(other)), method)(path)
    assert answer.status_code == (404 if "cancel" in path else 200)
    assert "检验系统" not in answer.content.decode()
    assert Export.objects.unscoped("test").get().state == "accepted"


def test_one_that_is_none(source, enter):
    html(enter(system()).get(f"{PAGE}/{uuid4()}/cancel"), 404)


def test_in_english(source, enter, home):
    full(source, 1)
    call = replace(source_call(source), name="Laboratory")
    work(system(), begin(call, since=Export(at=call.at).at))
    begin(call, "patient")
    failed = begin(call)
    Export.objects.unscoped("test").filter(pk=failed.id).update(state="failed", error="export-fault")
    client = enter(replace(operator(source), name="x"), **ENGLISH)
    for address in (PAGE, f"{PAGE}/{failed.id}/cancel"):
        said = html(client.get(address))
        body = said[said.index("<main") :].replace("中文", "")
        assert not {c for c in body if "\u4e00" <= c <= "\u9fff"}, body
    assert CHINESE


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_in_a_browser(source, as_caller, open_page, home, language, monkeypatch):
    full(source, *range(1, 6))
    as_caller(system())
    page = open_page(language=language)
    page.goto(PAGE)
    for _width in at_widths(page):
        axe(page)
    work(system(), begin(replace(source_call(source), name="一个名字很长很长的县人民医院检验信息系统")))
    made = begin(system(), "patient")
    page.goto(PAGE)
    for _width in at_widths(page):
        axe(page)
    assert page.locator("progress").count() == 1
    work(system(), made)
    page.wait_for_function("() => !document.querySelector('progress')", timeout=10_000)
    assert page.locator("#exports[hx-get]").count() == 0
    page.locator("#exports a.btn").first.click()
    page.locator("main form button").click()
    page.wait_for_url(f"**{PAGE}")
    assert Export.objects.unscoped("test").get(pk=made.id).state == "cancelled"
