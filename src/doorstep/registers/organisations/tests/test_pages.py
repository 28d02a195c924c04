"""The room's pages: what they show, what they refuse, and how many queries they make."""

from __future__ import annotations

import pytest
from django.test import Client

from doorstep.kernel import clock
from doorstep.registers.organisations.models import Membership, Organisation
from doorstep.registers.organisations.tests import factory as places
from doorstep.registers.organisations.tests.factory import District
from doorstep.registers.staff.tests import factory as people

pytestmark = pytest.mark.django_db
FRAME = 9
"""Queries of the frame: session, account, sign-in, posts, password rules (once a process), reach, what waits at
two desks, one to spare."""


@pytest.fixture
def bureau(district: District) -> Client:
    return people.client_of(people.somebody(district.lead, "bureau_manager"))


@pytest.fixture
def nurse(district: District) -> Client:
    return people.client_of(people.somebody(district.private, "nurse"))


def test_the_list_makes_the_same_queries_however_long(nurse: Client, django_assert_max_num_queries: object) -> None:
    extra = tuple(places.organisation(100 + n, f"卫生室{n:02d}", "D600", "base") for n in range(40))
    places.api.load(places.callers.system(), directory=places.DirectoryIn(organisations=extra))
    nurse.get("/organisations/")  # what a process remembers (the rulesets in force) is read
    with django_assert_max_num_queries(FRAME + 4):  # type: ignore[operator]
        page = nurse.get("/organisations/")
    assert page.status_code == 200
    assert len(page.context["page"].items) == 30
    following = nurse.get("/organisations/", {"after": page.context["page"].next})
    assert len(following.context["page"].items) == 15
    found = nurse.get("/organisations/?q=wss&tier=base&primary=on&area=439921100000").context["page"].items
    assert all("卫生室" in row.name for row in found)


def test_bad_cursors_and_odd_filters(nurse: Client) -> None:
    assert nurse.get("/organisations/?after=nonsense").status_code == 400
    for query in ("q=%00", "area=12", "level=x", "consortium=x", "type=Z"):
        assert nurse.get(f"/organisations/?{query}").status_code == 200


def test_the_tree(nurse: Client, django_assert_max_num_queries: object) -> None:
    nurse.get("/organisations/tree").content.decode()  # what a process remembers (the rulesets in force) is read
    with django_assert_max_num_queries(FRAME + 2):  # type: ignore[operator]
        text = nurse.get("/organisations/tree").content.decode()
    assert text.count("麻石村卫生室") == 1
    assert "<details" in text


def test_one_institution(district: District, bureau: Client, django_assert_max_num_queries: object) -> None:
    bureau.get(
        f"/organisations/{district.lead}"
    ).content.decode()  # what a process remembers (the rulesets in force) is read
    with django_assert_max_num_queries(FRAME + 14):  # type: ignore[operator]
        text = bureau.get(f"/organisations/{district.lead}").content.decode()
    for word in ("清禾县人民医院", "三级甲等", places.LEAD, "800", "内科", "清禾县医共体", "双向转诊协议"):
        assert word in text
    assert bureau.get(f"/organisations/{district.community}").status_code == 404


def test_what_a_neighbour_sees(district: District, nurse: Client) -> None:
    text = nurse.get(f"/organisations/{district.lead}").content.decode()
    assert "清禾县人民医院" in text
    assert "双向转诊协议" not in text
    assert f"/organisations/{district.lead}/edit" not in text
    for path in ("edit", "count", "departments/open"):
        assert nurse.get(f"/organisations/{district.lead}/{path}").status_code == 403
    for path in ("join", "agree"):
        assert nurse.get(f"/consortia/{district.community}/{path}").status_code == 403


def test_one_consortium(district: District, bureau: Client, django_assert_max_num_queries: object) -> None:
    bureau.get(
        f"/consortia/{district.community}"
    ).content.decode()  # what a process remembers (the rulesets in force) is read
    with django_assert_max_num_queries(FRAME + 9):  # type: ignore[operator]
        text = bureau.get(f"/consortia/{district.community}").content.decode()
    for word in ("清禾县医共体", "860", "806", "牵头单位", "石桥镇中心卫生院", "双向转诊协议"):
        assert word in text
    early = bureau.get(f"/consortia/{district.community}?day=2021-06-01").content.decode()
    assert "麻石村卫生室" in early  # among those who were not members then
    assert bureau.get(f"/consortia/{district.community}?day=nonsense").status_code == 200
    assert "远程协作网" in bureau.get("/consortia/").content.decode()


def test_adding_and_editing_by_the_forms(district: District, bureau: Client) -> None:
    given = {
        "name": "新村卫生室", "type_code": "D600", "tier": "base", "status": "0", "area": places.VILLAGE,
        "uscc": places.uscc(70), "longitude": "113.2", "latitude": "27.3",
    }  # fmt: skip
    assert bureau.get("/organisations/add").status_code == 200
    wrong = bureau.post("/organisations/add", given | {"uscc": places.uscc(70)[:-1] + "*"})
    assert wrong.status_code == 422
    assert wrong.context["form"].errors["uscc"]
    made = bureau.post("/organisations/add", given)
    assert made.status_code == 302
    path = made["Location"] + "/edit"
    page = bureau.get(path)
    assert 'name="expect" value="1"' in page.content.decode()
    changed = given | {"name": "新村第二卫生室", "expect": "1", "parent": str(district.centre)}
    assert bureau.post(path, changed).status_code == 302
    assert bureau.post(path, changed).status_code == 409
    row = Organisation.objects.unscoped("test").get(uscc=places.uscc(70))
    assert (row.name, row.parent_id, row.version) == ("新村第二卫生室", district.centre, 2)


def test_every_field_survives_an_edit_that_changes_nothing(district: District, bureau: Client) -> None:
    path = f"/organisations/{district.lead}/edit"
    form = bureau.get(path).context["form"]
    given = {name: form[name].value() for name in form.fields}
    before = Organisation.objects.unscoped("test").filter(id=district.lead).values().get()
    assert bureau.post(path, {k: "" if v is None else v for k, v in given.items()}).status_code == 302
    after = Organisation.objects.unscoped("test").filter(id=district.lead).values().get()
    assert after == before | {"version": 2}


def test_counts_and_departments_by_the_forms(district: District) -> None:
    manager = people.client_of(people.somebody(district.centre, "hospital_manager"))
    base = f"/organisations/{district.centre}"
    assert (
        manager.post(
            f"{base}/count", {"kind": "beds", "number": "-1", "counted_on": clock.today().isoformat()}
        ).status_code
        == 422
    )
    assert (
        manager.post(
            f"{base}/count", {"kind": "beds", "number": "66", "counted_on": clock.today().isoformat()}
        ).status_code
        == 302
    )
    assert "66" in manager.get(base).content.decode()
    assert (
        manager.post(
            f"{base}/departments/open", {"code": "07", "name": "儿科", "since": clock.today().isoformat()}
        ).status_code
        == 302
    )
    found = manager.get(base).context["row"].departments[-1]
    assert (
        manager.post(f"{base}/departments/{found.id}/close", {"last_day": clock.today().isoformat()}).status_code == 302
    )
    assert manager.post(f"/organisations/{district.lead}/count", {}).status_code == 422
    refused = manager.post(
        f"/organisations/{district.lead}/count",
        {"kind": "beds", "number": "1", "counted_on": clock.today().isoformat()},
    )
    assert refused.status_code == 422
    assert "不归您的岗位管理" in refused.content.decode()


def test_members_and_agreements_by_the_forms(district: District, bureau: Client) -> None:
    lead = people.client_of(people.somebody(district.lead, "hospital_manager"))
    base = f"/consortia/{district.community}"
    given = {"organisation": str(district.private), "role": "lead", "tier": "base", "since": clock.today().isoformat()}
    assert lead.post(f"{base}/join", given | {"role": "member"}).status_code == 422, "it manages no private clinic"
    assert not Membership.objects.unscoped("test").filter(organisation=district.private).exists()
    refused = bureau.post(f"{base}/join", given)
    assert "已经有牵头单位" in refused.content.decode()
    assert bureau.post(f"{base}/join", given | {"role": "member"}).status_code == 302
    row = Membership.objects.unscoped("test").get(organisation=district.private)
    assert 'name="expect" value="1"' in lead.get(f"{base}/members/{row.id}/end").content.decode()
    gone = {"expect": "1", "last_day": clock.today().isoformat()}
    assert lead.post(f"{base}/members/{row.id}/end", gone).status_code == 302
    assert lead.post(f"{base}/members/{row.id}/end", gone).status_code == 409
    deal = {
        "title": "互认协议",
        "matter": "recognition",
        "since": clock.today().isoformat(),
        "parties": [str(district.lead), str(district.centre)],
    }
    assert lead.post(f"{base}/agree", deal | {"parties": [str(district.lead)]}).status_code == 422
    assert lead.post(f"{base}/agree", deal).status_code == 302
    agreement = next(a for a in lead.get(base).context["row"].agreements if a.title == "互认协议")
    path = f"/consortia/agreements/{agreement.id}"
    assert "互认协议" in lead.get(path).content.decode()
    assert lead.post(f"{path}/end", gone).status_code == 302
    member = people.client_of(people.somebody(district.centre, "hospital_manager"))
    assert member.get(path).status_code == 200
    assert member.post(f"{base}/join", given).status_code == 422


def test_founding_a_consortium(bureau: Client) -> None:
    given = {
        "key": "skin",
        "name": "皮肤专科联盟",
        "kind": "specialty_alliance",
        "area": places.COUNTY,
        "since": clock.today().isoformat(),
    }
    assert bureau.get("/consortia/found").status_code == 200
    made = bureau.post("/consortia/found", given)
    assert made.status_code == 302
    assert "这一天没有成员" in bureau.get(made["Location"]).content.decode()
    assert bureau.post("/consortia/found", given).status_code == 422
