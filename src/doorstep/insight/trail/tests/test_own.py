"""A resident sees who looked and objects; the privacy officer answers; nobody sees or moves what is another's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from doorstep.insight.trail import flow
from doorstep.insight.trail.actions import objections as acts
from doorstep.insight.trail.models import Objection
from doorstep.insight.trail.rules import objections as rules
from doorstep.kernel import clock, fence, trail
from doorstep.kernel.call import NOWHERE, Call, Scope
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing import callers
from doorstep.kernel.testing.contracts import FlowContract
from doorstep.record.charts.tests.conftest import organisation
from doorstep.registers.portal.tests import factory
from doorstep.registers.residents import api as residents
from doorstep.registers.staff.models import Post
from doorstep.registers.staff.tests import factory as staff


class TestFlow(FlowContract):
    """What holds of every flow."""

    flow = flow.OBJECTION
    column = ("trail_objection", "objection_state")

    def facts(self) -> st.SearchStrategy[Any]:
        return st.builds(flow.Facts, st.booleans(), st.booleans(), st.booleans(), st.booleans())


@given(st.dates(), st.integers(0, 60))
def test_the_due_day_is_a_working_day_and_not_before(raised: Any, days: int) -> None:
    if raised.year > 9990:
        return
    due = rules.due(raised, rules.Terms(days))
    assert due >= raised
    assert clock.is_working_day(due)
    assert sum(clock.is_working_day(raised + timedelta(n)) for n in range(1, (due - raised).days + 1)) in (
        days,
        days + 1,
    )


@given(st.text(max_size=9), st.lists(st.integers(), max_size=60), st.none() | st.dates(), st.none() | st.dates(),
       st.dates(), st.integers(0, 30))  # fmt: skip
def test_an_objection_has_words_and_a_thing(
    text: str, lines: list[int], since: Any, until: Any, today: Any, waiting: int
) -> None:
    said = rules.objection(text=text, lines=lines, since=since, until=until, today=today, waiting=waiting)
    if said.allowed:
        assert len(text.strip()) >= rules.FEWEST
        assert lines or since or until
        assert since is None or since <= today
        assert waiting < rules.MOST_OPEN
    else:
        assert said.reason.startswith(("objection.", "period."))


@pytest.fixture
def county(db: None) -> UUID:
    """The county hospital."""
    return organisation("县人民医院")


@pytest.fixture
def resident(county: UUID) -> UUID:
    """Somebody with a number and a telephone."""
    return factory.resident(county)


@pytest.fixture
def other(county: UUID) -> UUID:
    """Somebody else."""
    return factory.resident(county, name="司马光", phone="13600000003", serial=2)


def look(county: UUID, resident: UUID, role: str = "physician", **detail: str) -> int:
    """A colleague reads the record."""
    doctor = staff.somebody(county, role, "值班人")
    post = Post.objects.unscoped("test").get(person=doctor.person_id)
    call = Call(
        f"staff:{doctor.person_id}", "值班人", clock.now(), Scope(frozenset({county})), post=post.pk,
        organisation=county, role="医师",
    )  # fmt: skip
    trail.write(call, "charts.read", subject=("Chart", str(resident)), resident=resident, detail=detail)
    return int(TrailLine.objects.order_by("-pk").values_list("pk", flat=True)[0])


def test_who_looked_is_told_by_institution_role_and_ground_and_never_by_name(county: UUID, resident: UUID) -> None:
    look(county, resident, basis="encounter")
    look(county, resident, "nurse", basis="break_glass")
    trail.write(callers.system(), "residents.link", resident=resident)
    page = factory.client_of(resident).get("/my/looks").content.decode()
    for told in ("县人民医院", "医师", "护士", "看了健康档案", "诊疗", "您在这家机构就诊", "紧急查阅"):
        assert told in page
    assert "值班人" not in page
    assert page.count("<li") == 2 + page.split('id="rows"')[0].count("<li"), "neither the machine's lines nor one's own"


def test_a_period_and_a_page(county: UUID, resident: UUID) -> None:
    for _n in range(35):
        look_again(county, resident)
    client = factory.client_of(resident)
    first = client.get("/my/looks").content.decode()
    assert first.count('name="line"') == 30
    after = first.split("after=")[1].split('"')[0]
    assert client.get(f"/my/looks?after={after}").content.decode().count('name="line"') == 5
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    assert client.get(f"/my/looks?since={tomorrow}").content.decode().count('name="line"') == 0


def look_again(county: UUID, resident: UUID) -> None:
    call = Call("staff:x", "某", clock.now(), NOWHERE, organisation=county)
    trail.write(call, "charts.read", resident=resident)


def test_lines_of_who_was_merged_are_one_s_own(county: UUID, resident: UUID) -> None:
    [placed] = residents.take_in(
        callers.system(), [residents.Incoming("twin", county, names=(residents.Name("某某"),))]
    )
    assert placed.resident
    look(county, placed.resident, basis="consent")
    residents.merge(callers.system(), kept=resident, gone=placed.resident, note="同一人")
    assert "您的同意" in factory.client_of(resident).get("/my/looks").content.decode()


def test_an_objection_goes_its_way(county: UUID, resident: UUID) -> None:
    line = look(county, resident, basis="own")
    client, officer = factory.client_of(resident), staff.client_of(staff.somebody(county, "privacy_officer", "隐私官"))
    assert "有异议的查阅" in client.get(f"/my/objections/new?line={line}").content.decode()
    made = client.post("/my/objections/new", {"line": [line], "text": "我没有在这家医院看过病"})
    row = Objection.objects.get()
    assert made.headers["Location"] == f"/my/objections/{row.pk}"
    assert (row.state, [n for n, _at in row.lines]) == ("raised", [line])
    assert row.due == clock.add_working_days(clock.today(), 15)
    assert row.number in officer.get("/trail/objections").content.decode()
    address = f"/trail/objections/{row.pk}"
    assert "我没有在这家医院看过病" in officer.get(address).content.decode()
    assert officer.post(address, {"move": "take", "expect": 1}).status_code == 302
    assert officer.post(address, {"move": "take", "expect": 1}).status_code == 409, "somebody was first"
    empty = officer.post(address, {"move": "answer", "expect": 2, "upheld": "yes"})
    assert empty.status_code == 422
    said = {"move": "answer", "expect": 2, "upheld": "yes", "words": "查阅没有理由。", "measures": "已约谈当事人。"}
    assert officer.post(address, said).status_code == 302
    page = client.get(f"/my/objections/{row.pk}").content.decode()
    for told in ("查阅没有理由。", "已约谈当事人。", "异议成立", "个人信息保护负责人"):
        assert told in page
    assert "隐私官" not in page
    again = {"move": "reopen", "expect": 3, "words": "还有别的几次"}
    assert client.post(f"/my/objections/{row.pk}/move", again).status_code == 302
    officer.post(address, {"move": "take", "expect": 4})
    officer.post(address, said | {"expect": 5, "upheld": "no"})
    assert client.post(f"/my/objections/{row.pk}/move", again | {"expect": 6}).status_code == 422, "once"
    assert client.post(f"/my/objections/{row.pk}/move", {"move": "accept", "expect": 6}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.upheld, len(row.steps)) == ("closed", False, 6)
    assert TrailLine.objects.filter(action="trail.answer", outcome="done", resident=resident).count() == 4


def test_nobody_answers_for_their_own_look(county: UUID, resident: UUID) -> None:
    officer = staff.somebody(county, "privacy_officer")
    call = Call(f"staff:{officer.person_id}", "某", clock.now(), NOWHERE)
    trail.write(call, "trail.search", resident=resident)
    line = TrailLine.objects.order_by("-pk").values_list("pk", flat=True)[0]
    factory.client_of(resident).post("/my/objections/new", {"line": [line], "text": "为什么查我"})
    client, row = staff.client_of(officer), Objection.objects.get()
    assert "要由另一个人处理" in client.get(f"/trail/objections/{row.pk}").content.decode()
    client.post(f"/trail/objections/{row.pk}", {"move": "take", "expect": 1})
    row.refresh_from_db()
    assert row.state == "raised"


def test_what_is_another_s_is_not_there(county: UUID, resident: UUID, other: UUID) -> None:
    line = look(county, other)
    theirs = factory.client_of(other, phone="13600000003")
    theirs.post("/my/objections/new", {"line": [line], "text": "这不对，请查"})
    row, mine = Objection.objects.get(), factory.client_of(resident)
    assert mine.get(f"/my/objections/{row.pk}").status_code == 404
    assert mine.post(f"/my/objections/{row.pk}/move", {"move": "withdraw", "expect": 1}).status_code == 404
    assert "有异议的查阅" not in mine.get(f"/my/objections/new?line={line}").content.decode()
    assert mine.post("/my/objections/new", {"line": [line], "text": "别人的那一次"}).status_code == 422
    assert 'name="line"' not in mine.get("/my/looks").content.decode()
    row.refresh_from_db()
    assert (row.state, Objection.objects.count()) == ("raised", 1)


def test_the_second_fence_lets_no_other_s_case_through(county: UUID, resident: UUID, other: UUID) -> None:
    """A query that forgot whose it is sees one's own and nothing else."""
    for who, phone in ((resident, factory.PHONE), (other, "13600000003")):
        factory.client_of(who, phone=phone).post(
            "/my/objections/new", {"text": "这几天都不对", "since": clock.today().isoformat()}
        )
    assert Objection.objects.count() == 2
    with fence.within(NOWHERE, resident=resident):
        assert [row.resident_id for row in Objection.objects.all()] == [resident]
    with fence.within(NOWHERE):
        assert not Objection.objects.exists()


def test_what_is_left_without_a_word_closes(county: UUID, resident: UUID) -> None:
    factory.client_of(resident).post("/my/objections/new", {"text": "这几天都不对", "since": clock.today().isoformat()})
    row, system = Objection.objects.get(), callers.system()
    acts.move(system, objection=row.pk, expect=1, move="take")
    acts.move(system, objection=row.pk, expect=2, move="answer", word=acts.Word("查过了，正当", "", upheld=False))
    assert acts.lapse(system) == 0
    Objection.objects.update(answered_at=clock.now() - timedelta(days=31))
    assert acts.lapse(replace(system, at=clock.now())) == 1
    row.refresh_from_db()
    assert row.state == "closed"


def test_residents_and_staff_do_not_cross(county: UUID, resident: UUID) -> None:
    nurse, mine = staff.client_of(staff.somebody(county, "nurse")), factory.client_of(resident)
    for path in ("/my/looks", "/my/objections", "/my/objections/new", "/my/", "/my/card", "/my/record", "/my/consents"):
        assert nurse.get(path).status_code == 403, path
        assert mine.get(path).status_code == 200, path
        assert Client().get(path).headers["Location"].startswith("/my/sign-in?next="), path
    for path in ("/trail", "/trail/objections", "/residents/", f"/charts/{resident}/", f"/consents/{resident}/",
                 "/staff/", "/me/security", "/post", "/system/style", f"/portal/{resident}/", "/organisations/",
                 "/staff/roles"):  # fmt: skip
        assert mine.get(path).status_code in (403, 404), path
