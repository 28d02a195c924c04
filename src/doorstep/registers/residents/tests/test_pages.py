"""The pages: what they show, how many queries they take, who may not enter."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from doorstep.kernel.testing.callers import member, system
from doorstep.registers.residents import api, models
from doorstep.registers.residents.tests.conftest import hospital, number, record, resident_id


@pytest.fixture
def entering(as_caller):
    """A client whose caller is given: sign-in is the staff room's business."""

    def make(call):
        as_caller(call)
        return Client()

    return make


@pytest.fixture
def people(hospital_a):
    said = [
        record(f"p{i}", hospital_a, resident_id(number(2 * i + 1)), hospital(f"H{i}"), name=f"王小{c}")
        for i, c in enumerate("明红刚强丽芳伟静娜敏")
    ]
    return [v.resident for v in api.take_in(system(), said)]


def test_search_page_lists_with_masked_ids(entering, people, hospital_a, django_assert_max_num_queries):
    client = entering(member(hospital_a))
    with django_assert_max_num_queries(16):
        answer = client.get("/residents/", {"q": "wx"})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "王小明" in re.sub("</?mark>", "", html)
    assert number(1) not in html
    assert "439***********" in html


def test_live_search_answers_the_part_alone(entering, people, hospital_a):
    answer = entering(member(hospital_a)).get("/residents/", {"q": "wxm"}, headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert "<html" not in html
    assert html.lstrip().startswith('<div id="found"')


def test_a_wrong_id_is_told_in_words(entering, people, hospital_a):
    wrong = number()[:-1] + ("0" if number()[-1] != "0" else "1")
    html = entering(member(hospital_a)).get("/residents/", {"q": wrong}).content.decode()
    assert "校验码不对" in html
    assert wrong in html


def test_identity_page_and_its_queries(entering, people, hospital_a, django_assert_max_num_queries):
    client = entering(member(hospital_a))
    with django_assert_max_num_queries(24):
        html = client.get(f"/residents/{people[0]}/").content.decode()
    assert number(1) in html
    assert "甲医院" in html
    assert f"/charts/{people[0]}/" in html


def test_readers_see_numbers_masked(entering, people, hospital_a):
    html = entering(member(hospital_a, {"residents.read"})).get(f"/residents/{people[0]}/").content.decode()
    assert number(1) not in html
    assert "10031234567" not in html
    assert "439***********" in html


def test_nobody_enters_without_the_permission(entering, people, hospital_a):
    client = entering(member(hospital_a, set()))
    for path in ("", "new", f"{people[0]}/", f"{people[0]}/contacts"):
        assert client.get(f"/residents/{path}").status_code == 403


def test_another_institution_finds_nothing(entering, people, hospital_b):
    client = entering(member(hospital_b))
    assert "王小明" not in client.get("/residents/", {"q": "王"}).content.decode()
    assert client.get(f"/residents/{people[0]}/").status_code == 404


def form(**more):
    return {"name": "李雷", "resident_id": number(7), "phone": "1003 888 9999"} | more


def test_registering_by_hand(entering, people, hospital_a):
    client = entering(member(hospital_a))
    assert client.get("/residents/new").status_code == 200
    answer = client.post("/residents/new", form(resident_id=number(101)))
    assert answer.status_code == 302
    row = models.Resident.objects.unscoped("test").get(name="李雷")
    assert (row.sex, row.birth_date.isoformat()) == ("1", "1985-03-15")


def test_a_child_is_registered_and_found_by_the_certificate_of_birth(entering, people, hospital_a):
    client = entering(member(hospital_a))
    child = {"resident_id": "", "name": "王小宝", "sex": "1", "birth_date": "2024-05-01"}
    wrong = client.post("/residents/new", form(**child, certificate="R000000000")).content.decode()
    assert "出生医学证明编号是 1 个字母和 9 位数字" in wrong
    answer = client.post("/residents/new", form(**child, certificate="r43001 2345"))
    assert answer.status_code == 302
    html = client.get(answer.headers["Location"]).content.decode()
    assert "出生医学证明编号" in html
    assert "R430012345" in html
    assert "王小宝" in client.get("/residents/", {"q": "r430012345"}).content.decode()
    reader = entering(member(hospital_a, {"residents.read"})).get(answer.headers["Location"]).content.decode()
    assert "R430012345" not in reader


def test_registering_a_held_id_says_whose_it_is(entering, people, hospital_a):
    client = entering(member(hospital_a))
    html = client.post("/residents/new", form(resident_id=number(1))).content.decode()
    assert "已经登记过" in html
    assert str(people[0]) in html
    part = client.get("/residents/check-number", {"resident_id": number(1)}).content.decode()
    assert "王小明" in part


def test_registering_a_person_of_another_institution_joins_the_same_identity(entering, people, hospital_b):
    client = entering(member(hospital_b))
    html = client.post("/residents/new", form(name="王小明", resident_id=number(1))).content.decode()
    assert "王＊＊" in html
    assert str(people[0]) not in html
    answer = client.post("/residents/new", form(name="王小明", resident_id=number(1), known="on"))
    assert answer.headers["Location"] == f"/residents/{people[0]}/"
    assert client.get(f"/residents/{people[0]}/").status_code == 200


def test_somebody_else_with_a_held_id_is_refused(entering, people, hospital_b):
    client = entering(member(hospital_b))
    html = client.post("/residents/new", form(name="赵国庆", resident_id=number(1), known="on")).content.decode()
    assert "已经属于另一个人" in html


def test_wrong_numbers_are_told_beside_the_field(entering, hospital_a):
    client = entering(member(hospital_a))
    wrong = number()[:-1] + ("0" if number()[-1] != "0" else "1")
    assert "校验码不对" in client.post("/residents/new", form(resident_id=wrong)).content.decode()
    assert "不一致" in client.post("/residents/new", form(birth_date="1990-01-01")).content.decode()
    assert "请选择性别" in client.post("/residents/new", form(resident_id="")).content.decode()
    assert "不是电话号码" in client.post("/residents/new", form(phone="abc")).content.decode()
    assert not models.Resident.objects.unscoped("test").exists()


def test_contacts_with_a_stale_version_are_refused(entering, people, hospital_a):
    client = entering(member(hospital_a))
    path = f"/residents/{people[0]}/contacts"
    assert client.get(path).status_code == 200
    assert client.post(path, {"expect": "1", "phone": "10039990000"}).status_code == 302
    late = client.post(path, {"expect": "1", "phone": "10039990001"})
    assert late.status_code == 422
    assert "别人改了" in late.content.decode()
    assert "10039990000" in client.get(path).content.decode()
    held = models.ResidentPhone.objects.unscoped("test").filter(resident=people[0], record=None)
    assert [p.value for p in held] == ["10039990000"]


def test_household_from_founding_to_removal(entering, people, hospital_a):
    client = entering(member(hospital_a))
    head, wife = people[:2]
    assert client.post(f"/residents/{head}/household", {"address": "南门社区3栋"}).status_code == 302
    page = client.get(f"/residents/{head}/household/add", {"q": "wxh"})
    assert "王小红" in page.content.decode()
    joined = client.post(f"/residents/{head}/household/add", {"expect": "1", "resident": str(wife), "relation": "12"})
    assert joined.status_code == 302
    html = client.get(f"/residents/{wife}/").content.decode()
    assert "妻子" in html
    again = client.post(f"/residents/{head}/household/add", {"expect": "2", "resident": str(wife), "relation": "12"})
    assert again.status_code == 422
    members = {m.resident_id: m for m in models.HouseholdMember.objects.unscoped("test")}
    refused = client.post(f"/residents/{head}/household/{members[head].pk}/remove", {"expect": "2"})
    assert "户主还在户里" in refused.content.decode()
    assert client.post(f"/residents/{head}/household/{members[wife].pk}/remove", {"expect": "2"}).status_code == 302


def test_guardians(entering, people, hospital_a):
    client = entering(member(hospital_a))
    child, father = people[:2]
    path = f"/residents/{child}/guardians"
    assert client.get(path).status_code == 200
    assert client.post(path, {"expect": "1", "relation": "51"}).status_code == 422
    assert client.post(path, {"expect": "1", "relation": "51", "number": number(1)}).status_code == 422
    assert client.post(path, {"expect": "1", "relation": "51", "number": number(3)}).status_code == 302
    row = models.ResidentGuardian.objects.unscoped("test").get()
    assert row.guardian_id == father
    assert client.post(f"{path}/{row.pk}/end", {"expect": "2"}).status_code == 302
    assert client.post(f"{path}/{row.pk}/end", {"expect": "3"}).status_code == 404


def test_pages_in_english(entering, people, hospital_a):
    client = entering(member(hospital_a))
    client.cookies["django_language"] = "en"
    html = client.get("/residents/", {"q": "wx"}).content.decode()
    assert "Institutions with records" in html
    page = client.get(f"/residents/{people[0]}/").content.decode()
    assert "Source records" in page
