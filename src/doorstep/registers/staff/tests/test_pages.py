"""The room's pages: what they show, what they refuse, and how many queries they make."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from doorstep.kernel import clock
from doorstep.registers.organisations.tests.factory import District
from doorstep.registers.staff.models import Account, Licence, Person, Post, SourceKey, Title
from doorstep.registers.staff.tests import factory

pytestmark = pytest.mark.django_db
FRAME = 8
"""Queries of the frame: session, account, posts, reach, what waits at two desks for the menu, and two to spare."""


@pytest.fixture
def manager(district: District) -> Client:
    return factory.client_of(factory.somebody(district.centre, "hospital_manager", "张管理"))


def test_the_list_makes_the_same_queries_however_long(
    district: District, manager: Client, django_assert_max_num_queries: object
) -> None:
    for n in range(35):
        factory.post(factory.person(f"职工{n:02d}"), district.centre, "nurse")
    manager.get("/staff/")  # what a process remembers (the rulesets in force) is read
    with django_assert_max_num_queries(FRAME + 4):  # type: ignore[operator]
        page = manager.get("/staff/")
    text = page.content.decode()
    assert "职工00" in text
    following = manager.get("/staff/", {"after": page.context["page"].next}).content.decode()
    assert "职工34" in following
    assert "职工00" not in following


def test_bad_cursors_and_odd_searches(manager: Client) -> None:
    assert manager.get("/staff/?after=nonsense").status_code == 400
    for query in ("q=%00", "q=" + "a" * 500, "organisation=x", "role=emperor", "q=%25"):
        assert manager.get(f"/staff/?{query}").status_code == 200


def test_one_person(district: District, manager: Client, django_assert_max_num_queries: object) -> None:
    whom = factory.person("李医生", "QH1")
    factory.post(whom, district.centre, department="03")
    number = "200843110" + "43990119800101001X"
    Licence.objects.create(person=whom, kind="physician_qualification", number=number, since=date(2008, 1, 1))
    Title.objects.create(person=whom, name="主治医师", level="intermediate")
    manager.get(f"/staff/{whom.id}").content.decode()  # what a process remembers (the rulesets in force) is read
    with django_assert_max_num_queries(FRAME + 10):  # type: ignore[operator]
        text = manager.get(f"/staff/{whom.id}").content.decode()
    assert "李医生" in text
    assert "主治医师" in text
    assert "内科" in text
    assert number[3:] not in text


def test_a_neighbour_finds_nobody_and_a_nurse_changes_nobody(district: District) -> None:
    whom = factory.person("李医生")
    post = factory.post(whom, district.centre)
    neighbour = factory.client_of(factory.somebody(district.private, "hospital_manager"))
    nurse = factory.client_of(factory.somebody(district.centre, "nurse"))
    paths = ("edit", f"post?organisation={district.centre}", f"post/{post.id}/end", "licence", "account")
    assert neighbour.get(f"/staff/{whom.id}").status_code == 404
    assert nurse.get(f"/staff/{whom.id}").status_code == 200
    for path in paths:
        assert neighbour.get(f"/staff/{whom.id}/{path}").status_code == 404, path
        assert nurse.get(f"/staff/{whom.id}/{path}").status_code == 403, path
        assert Client().get(f"/staff/{whom.id}/{path}").status_code == 302, path
    assert neighbour.get(f"/staff/keys/{district.centre}").status_code == 422
    assert nurse.get(f"/staff/keys/{district.centre}").status_code == 403


def test_adding_by_the_form(district: District, manager: Client) -> None:
    assert "下一步" in manager.get("/staff/add").content.decode()
    path = f"/staff/add?organisation={district.centre}"
    assert manager.get(path).status_code == 200
    given = {
        "name": "新人",
        "sex": "1",
        "profession": "nurse",
        "role": "nurse",
        "since": clock.today().isoformat(),
        "department": "03",
    }
    assert manager.post(path, given | {"name": ""}).status_code == 422
    refused = manager.post(path, given | {"role": "administrator"})
    assert (refused.status_code, Person.objects.unscoped("test").filter(name="新人").exists()) == (422, False)
    made = manager.post(path, given)
    assert made.status_code == 302
    assert "新人" in manager.get(made["Location"]).content.decode()
    elsewhere = manager.get(f"/staff/add?organisation={district.lead}")
    assert "下一步" in elsewhere.content.decode()


def test_editing_by_the_form_with_a_stale_version(district: District, manager: Client) -> None:
    whom = factory.person("李医生")
    factory.post(whom, district.centre)
    path = f"/staff/{whom.id}/edit"
    assert 'name="expect" value="1"' in manager.get(path).content.decode()
    given = {"name": "李大夫", "sex": "2", "profession": "physician", "expect": "1"}
    assert manager.post(path, given).status_code == 302
    assert manager.post(path, given).status_code == 409
    assert manager.post(path, given | {"expect": ""}).status_code == 409


def test_posts_by_the_forms(district: District, manager: Client) -> None:
    whom = factory.person("李医生")
    post = factory.post(whom, district.centre, "nurse")
    path = f"/staff/{whom.id}/post"
    assert "下一步" in manager.get(path).content.decode()
    given = {"role": "nurse", "since": clock.today().isoformat()}
    refused = manager.post(f"{path}?organisation={district.centre}", given)
    assert "已经有同样的岗位" in refused.content.decode()
    ended = manager.post(f"{path}/{post.id}/end", {"expect": "1", "last_day": clock.today().isoformat()})
    assert ended.status_code == 302
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    assert manager.post(f"{path}?organisation={district.centre}", given | {"since": tomorrow}).status_code == 302
    assert Post.objects.unscoped("test").filter(person=whom).count() == 2


def test_licences_and_accounts_by_the_forms(district: District, manager: Client) -> None:
    whom = factory.person("李医生")
    factory.post(whom, district.centre)
    given = {"kind": "nurse_practice", "number": "200843000001", "since": "2008-01-01"}
    assert manager.post(f"/staff/{whom.id}/licence", given).status_code == 302
    assert manager.post(f"/staff/{whom.id}/licence", given).status_code == 422
    path = f"/staff/{whom.id}/account"
    weak = manager.post(path, {"username": "li.yi", "password": "short"})
    assert weak.status_code == 422
    assert "密码太短" in weak.content.decode()
    assert 'value="short"' not in weak.content.decode()
    assert manager.post(path, {"username": "li.yi", "password": factory.PASSWORD}).status_code == 302
    assert manager.post(path, {"password": "another-horse-8"}).status_code == 302
    assert Account.objects.get(username="li.yi").check_password("another-horse-8")


def test_keys_by_the_page(district: District, manager: Client) -> None:
    path = f"/staff/keys/{district.centre}"
    assert manager.get(path).status_code == 200
    page = manager.post(path, {"name": "HIS", "since": clock.today().isoformat()})
    assert page.status_code == 200
    token = page.context["token"]
    assert token in page.content.decode()
    assert token not in manager.get(path).content.decode()
    key = SourceKey.objects.unscoped("test").get()
    assert manager.get(f"{path}/{key.id}/revoke").status_code == 405
    assert manager.post(f"{path}/{key.id}/revoke", {"expect": "0"}).status_code == 409
    assert manager.post(f"{path}/{key.id}/revoke", {"expect": "1"}).status_code == 302
    assert "已收回" in manager.get(path).content.decode()
