"""Break-glass: at once, for hours, for one person, told and reviewed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import F
from django.test import Client

from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.models import TrailLine
from doorstep.kernel.paging import Page
from doorstep.kernel.testing.callers import member, system
from doorstep.record.charts.tests.conftest import patient, send
from doorstep.record.charts.tests.samples import condition
from doorstep.registers.consents.actions.glass import break_glass, review
from doorstep.registers.consents.models import BreakGlass, Relation
from doorstep.registers.consents.reads.glass import glasses
from doorstep.registers.consents.tests.test_access import titles

pytestmark = pytest.mark.django_db
ALL, OWN = ["糖尿病", "高血压"], ["高血压"]


@pytest.fixture
def both(resident: UUID, county: UUID, township: UUID) -> UUID:
    """Both institutions have sent a diagnosis of the resident."""
    send(county, condition("c1", "pc", "2024-01-01", "I10", "高血压"))
    send(township, patient("pt"), condition("t1", "pt", "2024-01-01", "E11.9", "糖尿病"))
    return resident


def officer() -> Call:
    """The bureau's reviewer."""
    return replace(member(uuid4()), actor="staff:officer", name="隐私负责人", scope=EVERYWHERE)


def test_it_opens_for_one_person_for_hours(both: UUID, county: UUID) -> None:
    doctor = member(county)
    colleague = replace(doctor, actor="staff:colleague")
    assert titles(doctor, both) == OWN
    break_glass(doctor, resident=both, reason="emergency", words="胸痛昏迷", hours=4)
    assert titles(doctor, both) == ALL
    assert titles(colleague, both) == OWN
    lines = TrailLine.objects.filter(resident=both, actor="staff:member").order_by("-pk")
    assert [line.action for line in lines[:2]] == ["charts.read", "consents.break_glass"]
    assert lines[0].detail["basis"] == "break_glass"
    relations = Relation.objects.unscoped("test").filter(basis="break_glass")
    hours = timedelta(hours=4)
    assert [r.until - r.since for r in relations] == [hours]
    relations.update(since=F("since") - hours, until=F("until") - hours)
    assert titles(doctor, both) == OWN, "its hours are over"


def test_it_is_told_at_once_to_who_reviews_and_to_nobody_else(both: UUID, county: UUID, as_caller: Any) -> None:
    """A mark with the number in the menu of every page and on the start page, until it is reviewed."""
    told, reviewer = "1 条待处理", replace(officer(), permissions=frozenset({"consents.review", "organisations.read"}))
    doctor = member(county, {"consents.break_glass", "consents.read", "residents.read"})

    def pages(call: Call) -> list[int]:
        as_caller(call)
        return [
            Client().get(page).content.decode().count(told) for page in ("/", "/consents/break-glass?state=justified")
        ]

    assert pages(reviewer) == [0, 0]
    key = break_glass(member(county), resident=both, reason="emergency", words="胸痛昏迷", hours=4)
    first, second = pages(reviewer)
    assert (first >= 2, second >= 1) == (True, True)
    assert pages(doctor) == [0, 0]
    review(reviewer, glass=key, expect=1, verdict="justified", words="属实")
    assert pages(reviewer) == [0, 0]


def test_who_may_not(both: UUID, county: UUID) -> None:
    doctor, given = member(county), {"resident": both, "reason": "emergency", "words": "胸痛昏迷", "hours": 4}
    for call, more, reason in (
        (doctor, {"hours": 25}, "glass.hours"), (doctor, {"hours": 0}, "glass.hours"),
        (doctor, {"words": " a  "}, "glass.words"), (system(), {}, "glass.nobody"),
        (member(uuid4()), {}, "not_found"), (member(county, ["consents.review"]), {}, "permission"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            break_glass(call, **{**given, **more})
        assert refused.value.decision.reason == reason
    assert not BreakGlass.objects.unscoped("test").exists()


def test_it_is_reviewed_once_by_another(both: UUID, county: UUID, township: UUID) -> None:
    doctor = member(county)
    key = break_glass(doctor, resident=both, reason="unable", words="无法说话", hours=4)
    said = {"glass": key, "expect": 1, "verdict": "unjustified", "words": "没有抢救"}
    for call, reason in ((doctor, "glass.own"), (member(township), "not_found")):
        with pytest.raises(Refused) as refused:
            review(call, **said)
        assert refused.value.decision.reason == reason
    assert titles(doctor, both) == ALL
    review(officer(), **said)
    assert titles(doctor, both) == OWN, "what is found wrong ends at once"
    with pytest.raises(Stale):
        review(officer(), **said)
    with pytest.raises(Refused) as refused:
        review(officer(), **{**said, "expect": 2})
    assert refused.value.decision.reason == "glass.reviewed"
    assert glasses(member(township), page=Page(), verdict="unjustified").items == ()
    (line,) = glasses(officer(), page=Page(), verdict="unjustified").items
    assert (line.reviewed_name, line.reviewed_words, line.resident_name) == ("隐私负责人", "没有抢救", "李秀英")


def test_the_worklist_is_paged_and_tells_what_is_late(
    both: UUID, county: UUID, as_caller: Any, django_assert_max_num_queries: Any
) -> None:
    keys = [
        break_glass(member(county), resident=both, reason="emergency", words=f"胸痛第 {n} 次", hours=1)
        for n in range(5)
    ]
    seen: list[UUID] = []
    page = Page(limit=2)
    while True:
        found = glasses(officer(), page=page)
        seen += [line.id for line in found.items]
        if found.next is None:
            break
        page = Page.read(found.next, 2, parts=1)
    assert seen == keys
    BreakGlass.objects.unscoped("test").filter(pk=keys[0]).update(due="2026-01-05")
    as_caller(officer())
    with django_assert_max_num_queries(11):
        html = Client().get("/consents/break-glass").content.decode()
    assert html.count("已逾期") == 1


def test_by_hand(both: UUID, county: UUID, township: UUID, as_caller: Any) -> None:
    """Refused in words, opened by the form, reviewed on its page."""
    as_caller(member(county))
    client = Client()
    assert "只显示本机构的记录" in client.get(f"/charts/{both}/").content.decode()
    path = f"/consents/{both}/break-glass"
    assert client.post(path, {"reason": "emergency", "words": "胸", "hours": 4}).status_code == 422
    assert client.post(path, {"reason": "emergency", "words": "胸痛昏迷", "hours": 99}).status_code == 422
    answer = client.post(path, {"reason": "emergency", "words": "胸痛昏迷", "hours": 4}, follow=True)
    assert answer.redirect_chain == [(f"/charts/{both}/", 302)]
    assert "糖尿病" in answer.content.decode()
    as_caller(officer())
    key = BreakGlass.objects.unscoped("test").get().pk
    assert "胸痛昏迷" in client.get(f"/consents/break-glass/{key}").content.decode()
    done = client.post(f"/consents/break-glass/{key}", {"expect": 1, "verdict": "justified", "words": "确有抢救"})
    assert done.status_code == 302
    assert BreakGlass.objects.unscoped("test").get().verdict == "justified"


def test_the_page_of_no_reason(resident: UUID, county: UUID, township: UUID, as_caller: Any) -> None:
    """It says why, and offers break-glass to those who may."""
    from doorstep.registers.residents.models import ResidentPresence

    ResidentPresence.objects.create(resident_id=resident, organisation_id=township)
    for held, offered in ((["charts.read", "consents.break_glass"], True), (["charts.read"], False)):
        as_caller(member(township, held))
        answer = Client().get(f"/charts/{resident}/timeline/")
        assert answer.status_code == 403
        assert "诊疗关系" in answer.content.decode()
        assert (f"/consents/{resident}/break-glass" in answer.content.decode()) == offered
