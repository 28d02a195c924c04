"""The pages of roles, proposals and grants: what they show, do and refuse, and how many queries they make."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from doorstep.kernel import clock
from doorstep.kernel.call import EVERYWHERE
from doorstep.kernel.testing import callers
from doorstep.registers.organisations.tests.factory import District
from doorstep.registers.staff import rules
from doorstep.registers.staff.actions import rights
from doorstep.registers.staff.models import Grant, Post, Proposal, RoleChange
from doorstep.registers.staff.reads.standing import standings
from doorstep.registers.staff.shapes import PostFacts
from doorstep.registers.staff.tests import factory

pytestmark = pytest.mark.django_db
SLIM = {"permissions": ["staff.read"], "sentence": "只看<b>名册</b>", "why": "试行", "expect": "0"}


@pytest.fixture
def admin(district: District) -> Client:
    return factory.client_of(factory.somebody(district.lead, "administrator", "甲"))


@pytest.fixture
def bureau(district: District) -> Client:
    return factory.client_of(factory.somebody(district.lead, "bureau_manager", "乙"))


def test_who_somebody_is_and_what_they_may_is_one_query(district: District) -> None:
    account = factory.somebody(district.centre, "nurse")
    with CaptureQueriesContext(connection) as found:
        [standing] = standings(account.pk, clock.today())
    assert len(found) == 1
    assert standing.permissions == rules.ROLES["nurse"].permissions


def test_every_role_is_told_in_a_sentence_to_all_who_work(district: District) -> None:
    nurse = factory.client_of(factory.somebody(district.centre, "nurse"))
    text = nurse.get("/staff/roles").content.decode()
    for role in (*rules.ROLES.values(), *rules.OUTSIDE.values()):
        assert role.title in text
        assert role.sentence in text
    one = nurse.get("/staff/roles/auditor").content.decode()
    assert "提议修改" not in one
    assert "系统自带" in one
    assert nurse.get("/staff/roles/emperor").status_code == 404
    for path in ("/staff/roles/nurse/edit", "/staff/proposals"):
        assert nurse.get(path).status_code == 403


def test_a_role_is_changed_by_two_on_the_pages_and_changed_back_from_its_history(
    district: District, admin: Client, bureau: Client
) -> None:
    nurse = factory.client_of(factory.somebody(district.centre, "nurse"))
    assert nurse.get("/residents/").status_code == 200
    made = admin.post("/staff/roles/nurse/edit", SLIM)
    where = made["Location"]
    assert "这是您提出的" in admin.get(where).content.decode()
    assert admin.post(where, {"move": "confirm", "expect": "1"}).status_code == 422
    assert nurse.get("/residents/").status_code == 200
    listed = bureau.get("/staff/proposals").content.decode()
    assert where in listed
    assert "试行" in listed
    seen = bureau.get(where).content.decode()
    assert "取消的权限" in seen
    assert "只看&lt;b&gt;名册" in seen
    assert bureau.post(where, {"move": "confirm", "expect": "1"}).status_code == 302
    assert nurse.get("/residents/").status_code == 403
    assert bureau.post(where, {"move": "confirm", "expect": "1"}).status_code == 409
    page = admin.get("/staff/roles/nurse").content.decode()
    assert "/staff/roles/nurse/edit?version=0" in page
    undo = admin.get("/staff/roles/nurse/edit?version=0")
    form = undo.context["form"].initial
    assert (form["expect"], frozenset(form["permissions"])) == (1, rules.ROLES["nurse"].permissions)
    again = admin.post("/staff/roles/nurse/edit?version=0", form | {"why": "改回"})["Location"]
    assert bureau.post(again, {"move": "confirm", "expect": "1"}).status_code == 302
    assert nurse.get("/residents/").status_code == 200
    assert RoleChange.objects.count() == 2
    for odd in ("9", "x", "-1", ""):
        assert admin.get(f"/staff/roles/nurse/edit?version={odd}").status_code == 404


def test_what_the_form_of_a_role_refuses(district: District, admin: Client) -> None:
    for more, status in (
        ({"why": ""}, 422), ({"permissions": ["staff.fly"]}, 422), ({"permissions": ["trail.read"]}, 422),
        ({"expect": ""}, 409), ({"expect": "5"}, 409),
    ):  # fmt: skip
        assert admin.post("/staff/roles/nurse/edit", SLIM | more).status_code == status, more
    own = admin.post("/staff/roles/administrator/edit", SLIM)
    assert "您自己担任的角色" in own.content.decode()
    assert not Proposal.objects.exists()


def test_the_worklist_has_pages_counts_and_the_same_queries_however_long(
    district: District, admin: Client, django_assert_max_num_queries: object
) -> None:
    assert "没有等待确认的事项" in admin.get("/staff/proposals").content.decode()
    whom = factory.somebody(district.lead, "nurse").person_id
    manager = callers.member(district.lead, scope=EVERYWHERE)
    for n in range(25):
        given = PostFacts(district.lead, "auditor", clock.today() + timedelta(days=n))
        rights.propose_post(manager, person=whom, post=given, why=f"理由{n:02d}")
    with django_assert_max_num_queries(11):  # type: ignore[operator]
        page = admin.get("/staff/proposals")
    assert "理由24" in page.content.decode()
    assert {key: count for key, _words, count, _here in page.context["tabs"]}["open"] == 25
    following = admin.get("/staff/proposals", {"after": page.context["page"].next}).content.decode()
    assert "理由00" in following
    assert "理由24" not in following
    for odd in ("nonsense", "WyJ4IiwieSJd"):
        assert admin.get(f"/staff/proposals?after={odd}").status_code == 400


def test_a_post_of_the_district_by_the_form_waits_for_another(
    district: District, admin: Client, bureau: Client
) -> None:
    whom = factory.somebody(district.lead, "nurse", "丙").person_id
    path = f"/staff/{whom}/post?organisation={district.lead}"
    given = {"role": "privacy_officer", "since": clock.today().isoformat()}
    assert admin.post(path, given).status_code == 422
    assert admin.post(path, given | {"why": "设负责人"}).status_code == 302
    assert not Post.objects.unscoped("test").filter(person=whom, role="privacy_officer").exists()
    key = Proposal.objects.get().id
    assert "丙" in bureau.get(f"/staff/proposals/{key}").content.decode()
    assert bureau.post(f"/staff/proposals/{key}", {"move": "decline", "expect": "1"}).status_code == 422
    assert bureau.post(f"/staff/proposals/{key}", {"move": "confirm", "expect": "1"}).status_code == 302
    assert Post.objects.unscoped("test").filter(person=whom, role="privacy_officer").exists()


def test_grants_on_the_page_of_a_person(district: District, django_assert_max_num_queries: object) -> None:
    manager = factory.client_of(factory.somebody(district.centre, "hospital_manager", "张管理"))
    account = factory.somebody(district.centre, "pharmacist", "李药师")
    person, pharmacist = account.person_id, factory.client_of(account)
    given = {
        "where": str(district.centre),
        "permission": "residents.edit",
        "since": clock.today().isoformat(),
        "until": clock.today().isoformat(),
        "why": "帮",
    }
    path = f"/staff/{person}/grant"
    assert manager.get(path).status_code == 200
    assert pharmacist.get("/residents/new").status_code == 403
    for more in ({"where": str(district.lead)}, {"permission": "staff.edit"}, {"until": ""}, {"why": ""}):
        assert manager.post(path, given | more).status_code == 422, more
    assert manager.post(path, given).status_code == 302
    assert pharmacist.get("/residents/new").status_code == 200
    row = Grant.objects.unscoped("test").get()
    with django_assert_max_num_queries(18):  # type: ignore[operator]
        text = manager.get(f"/staff/{person}").content.decode()
    assert "全部岗位" in text
    back = f"/staff/{person}/grant/{row.id}/revoke"
    assert back in text
    assert manager.get(back).status_code == 405
    assert pharmacist.post(back, {"expect": "1"}).status_code == 403
    assert manager.post(back, {"expect": "x"}).status_code == 409
    assert manager.post(back, {"expect": "1"}).status_code == 302
    assert pharmacist.get("/residents/new").status_code == 403
    assert "已收回" in manager.get(f"/staff/{person}").content.decode()
