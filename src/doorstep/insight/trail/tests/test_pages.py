"""The trail by its pages: searched, verified, and for those alone who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from doorstep.insight.trail import actions, jobs
from doorstep.insight.trail.access import Permission
from doorstep.kernel import clock, trail, trail_heads, trail_months
from doorstep.kernel.ids import new_id
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing import callers
from doorstep.kernel.testing.tampering import alter

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(as_caller) -> Client:
    as_caller(callers.system())
    return Client(headers={"accept-language": "zh-CN"})


def test_the_trail_is_searched_and_the_search_leaves_a_line(auditor: Client) -> None:
    for actor, name, action, days in (("staff:1", "张三", "residents.read", 0), ("staff:2", "李四", "charts.open", 3)):
        TrailLine.objects.create(
            at=clock.now() - timedelta(days=days),
            actor=actor,
            name=name,
            action=action,
            outcome="done",
            detail={"x": 1},
        )
    rows = 'scope="row"'
    assert auditor.get("/trail?who=张").text.count(rows) == 1
    assert auditor.get("/trail?who=staff:2").text.count(rows) == 1
    assert auditor.get("/trail?action=charts.").text.count(rows) == 1
    today = clock.today()
    assert auditor.get(f"/trail?until={today - timedelta(days=1)}").text.count(rows) == 1
    assert "结束日期早于开始日期" in auditor.get(f"/trail?since={today}&until={today - timedelta(days=1)}").text
    assert auditor.get("/trail?action=none.such").text.count(rows) == 0
    assert TrailLine.objects.filter(action="trail.search").count() == 6


def test_the_chain_is_checked_by_the_button(auditor: Client) -> None:
    trail.write(callers.system(), "a.b")
    assert "留痕完整" in auditor.post("/trail/verify", follow=True).text
    alter("UPDATE kernel_trailline SET name = 'nobody' WHERE action = 'a.b'")
    answer = auditor.post("/trail/verify", follow=True).text
    assert "留痕不完整" in answer
    assert "内容被改过" in answer


def test_a_long_chain_is_checked_from_a_signed_head(auditor: Client, monkeypatch) -> None:
    trail.write(callers.system(), "a.b")
    trail.seal()
    head = trail_heads.sign_day()
    assert head is not None
    monkeypatch.setattr(actions, "FAR", 0)
    trail.write(callers.system(), "a.c")
    trail.seal()
    assert "从第 1 处的签名起核对" in auditor.post("/trail/verify", follow=True).text


PAGES = (("get", "/trail", Permission.READ), ("post", "/trail/verify", Permission.READ))


@pytest.mark.parametrize(("method", "path", "permission"), PAGES)
def test_no_page_without_its_permission(as_caller, method: str, path: str, permission: Permission) -> None:
    client = Client()
    ask = getattr(client, method)
    assert ask(path).status_code == 302
    as_caller(callers.member(new_id(), callers.everyone_permissions() - {str(permission)}))
    assert ask(path).status_code == 403


def test_the_clock_signs_once_a_day_and_makes_months() -> None:
    trail.write(callers.system(), "a.b")
    for _ in range(2):
        jobs.sign_day(callers.system())
    assert [head.position for head in trail_heads.stored()] == [1]
    jobs.make_months(callers.system())
    jobs.seal_late(callers.system())
    assert len(trail_months.parts()) > trail_months.AHEAD
