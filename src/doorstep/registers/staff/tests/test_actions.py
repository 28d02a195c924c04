"""What writers of people, posts, accounts and keys do, and whom they refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from doorstep.kernel import clock
from doorstep.kernel.call import EVERYWHERE
from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.models import OutboxEvent, TrailLine
from doorstep.kernel.paging import BadCursor, Page, cursor
from doorstep.kernel.testing import callers
from doorstep.registers.organisations.tests.factory import CENTRE, LEAD, District
from doorstep.registers.staff import api, rules
from doorstep.registers.staff.actions import accounts, people
from doorstep.registers.staff.models import Account, Licence, Person, Post, SourceKey, Title
from doorstep.registers.staff.reads import people as reads
from doorstep.registers.staff.shapes import Filters, LicenceIn, PersonFacts, PersonIn, PostFacts, PostIn
from doorstep.registers.staff.tests import factory

pytestmark = pytest.mark.django_db
FACTS = PersonFacts("李新来", "QH90001")


def every(model: type) -> list[object]:
    rows = model.objects.unscoped("test") if hasattr(model.objects, "unscoped") else model.objects.all()  # type: ignore[attr-defined]
    return list(rows.order_by("id").values())


def test_adding_a_person_with_a_post(district: District) -> None:
    call = factory.call_of(factory.somebody(district.centre, "hospital_manager"))
    key = people.add(call, facts=FACTS, post=PostFacts(district.centre, "nurse", clock.today(), "03"))
    row = reads.detail(call.scope, key)
    assert (row.name, row.posts[0].role, row.posts[0].department_name) == ("李新来", "nurse", "内科")
    assert OutboxEvent.objects.filter(name="staff.PostBegan", subject=str(key)).count() == 1


@pytest.mark.parametrize(
    ("facts", "more", "reason"),
    [
        ({"name": " "}, {}, "name.empty"),
        ({"birth_date": clock.today() + timedelta(days=9)}, {}, "birth.future"),
        ({}, {"role": "administrator"}, "role.district"),
        ({}, {"role": "emperor"}, "role.unknown"),
        ({}, {"department": "99"}, "department.unknown"),
        ({}, {"until": clock.today() - timedelta(days=1)}, "period.reversed"),
        ({}, {"place": "lead"}, "not_yours"),
    ],
)
def test_adding_is_refused(district: District, facts: dict[str, object], more: dict[str, object], reason: str) -> None:
    call = factory.call_of(factory.somebody(district.centre, "hospital_manager"))
    before = [every(t) for t in (Person, Post)]
    place = getattr(district, str(more.pop("place", "centre")))
    post = replace(PostFacts(place, "nurse", clock.today()), **more)  # type: ignore[arg-type]
    with pytest.raises(Refused) as refused:
        people.add(call, facts=replace(FACTS, **facts), post=post)  # type: ignore[arg-type]
    assert refused.value.decision.reason == reason
    assert [every(t) for t in (Person, Post)] == before


def test_a_stranger_is_refused_everything_and_nothing_changes(district: District) -> None:
    found = factory.somebody(district.centre)
    post = Post.objects.unscoped("test").get(person=found.person_id)
    stranger, whom = callers.stranger(), found.person_id
    tables = (Person, Post, Licence, Account, SourceKey)
    before = [every(t) for t in tables]
    given = PostFacts(district.centre, "nurse", clock.today())
    tries = (
        lambda: people.add(stranger, facts=FACTS, post=given),
        lambda: people.edit(stranger, person=whom, expect=1, facts=FACTS),
        lambda: people.begin_post(stranger, person=whom, post=given),
        lambda: people.end_post(stranger, post=post.id, expect=1, last_day=clock.today()),
        lambda: people.add_licence(
            stranger, person=whom, kind=rules.LicenceKind.NURSE_PRACTICE, number="1", since=clock.today()
        ),
        lambda: accounts.make_account(stranger, person=whom, username="x1", password=factory.PASSWORD),
        lambda: accounts.set_password(stranger, person=whom, password=factory.PASSWORD),
        lambda: accounts.close_account(stranger, person=whom),
        lambda: accounts.issue_key(stranger, organisation=district.centre, name="HIS"),
        lambda: api.load(stranger, people=()),
    )
    for attempt in tries:
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.decision.reason == "permission"
    assert [every(t) for t in tables] == before
    assert TrailLine.objects.filter(actor="staff:stranger", outcome="refused").count() == len(tries)


def test_two_institutions_do_not_touch_each_others_people(district: District) -> None:
    found = factory.somebody(district.centre)
    key, post = found.person_id, Post.objects.unscoped("test").get(person=found.person_id)
    private = callers.member(district.private)
    with pytest.raises(Refused, match="not_found"):
        reads.detail(private.scope, key)
    for attempt in (
        lambda: people.edit(private, person=key, expect=1, facts=FACTS),
        lambda: people.begin_post(private, person=key, post=PostFacts(district.private, "nurse", clock.today())),
        lambda: people.end_post(private, post=post.id, expect=1, last_day=clock.today()),
        lambda: accounts.set_password(private, person=key, password="another-horse-8"),
    ):
        with pytest.raises(Refused, match="not_found"):
            attempt()
    # One of the same consortium sees them, but manages nothing of theirs.
    clinic = factory.call_of(factory.somebody(district.clinic, "hospital_manager", "管理员"))
    assert reads.detail(clinic.scope, key).name == "王小明"
    with pytest.raises(Refused, match="not_yours"):
        people.edit(clinic, person=key, expect=1, facts=FACTS)
    with pytest.raises(Refused, match="not_yours"):
        accounts.set_password(clinic, person=key, password="another-horse-8")


def test_a_manager_cannot_take_over_one_who_works_for_the_district_too(district: District) -> None:
    whom = factory.person("双岗")
    factory.post(whom, district.centre, "nurse")
    factory.post(whom, district.lead, "administrator")
    factory.account(whom, "both")
    manager = factory.call_of(factory.somebody(district.centre, "hospital_manager", "管理员"))
    with pytest.raises(Refused, match="not_yours"):
        accounts.set_password(manager, person=whom.id, password="another-horse-8")
    lead = factory.call_of(factory.somebody(district.lead, "hospital_manager", "牵头管理员"))
    with pytest.raises(Refused, match=r"role\.district"):
        accounts.set_password(lead, person=whom.id, password="another-horse-8")


def test_posts_begin_and_end(district: District) -> None:
    call = factory.call_of(factory.somebody(district.lead, "hospital_manager"))
    whom = factory.somebody(district.centre, name="下沉专家").person_id
    given = PostFacts(district.clinic, "physician", clock.today(), is_main=False)
    key = people.begin_post(call, person=whom, post=given)
    with pytest.raises(Refused, match=r"post\.overlap"):
        people.begin_post(call, person=whom, post=given)
    with pytest.raises(Stale):
        people.end_post(call, post=key, expect=7, last_day=clock.today())
    people.end_post(call, post=key, expect=1, last_day=clock.today())
    people.begin_post(call, person=whom, post=replace(given, since=clock.today() + timedelta(days=1)))
    assert OutboxEvent.objects.filter(name="staff.PostEnded").count() == 1


def test_the_database_itself_refuses_two_equal_posts(district: District) -> None:
    whom = factory.person()
    factory.post(whom, district.centre, until=date(2023, 12, 31))
    factory.post(whom, district.centre, since=date(2024, 1, 1))
    for bad in ({"since": date(2023, 12, 31)}, {"since": date(2019, 1, 2), "until": date(2019, 1, 1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            factory.post(whom, district.centre, **bad)


def test_editing_needs_the_version_that_was_seen(district: District) -> None:
    whom = factory.somebody(district.centre)
    call = callers.member(district.centre)
    assert people.edit(call, person=whom.person_id, expect=1, facts=FACTS) == 2
    with pytest.raises(Stale):
        people.edit(call, person=whom.person_id, expect=1, facts=FACTS)
    other = factory.somebody(district.centre)
    with pytest.raises(Refused, match=r"number\.taken"):
        people.edit(call, person=other.person_id, expect=1, facts=FACTS)


def test_licences_are_masked_and_never_trailed(district: District) -> None:
    whom, call = factory.somebody(district.centre).person_id, callers.member(district.centre)
    number = "200843110" + "43990119800101001X"
    kind = rules.LicenceKind.PHYSICIAN_QUALIFICATION
    people.add_licence(call, person=whom, kind=kind, number=number, since=date(2008, 1, 1))
    with pytest.raises(Refused, match=r"licence\.taken"):
        people.add_licence(call, person=whom, kind=kind, number=number, since=date(2008, 1, 1))
    assert number[4:-4] not in str(reads.detail(call.scope, whom))
    assert not any(number in str(line.detail) for line in TrailLine.objects.all())


def test_accounts(district: District) -> None:
    whom = factory.person("新账户")
    factory.post(whom, district.centre, "nurse")
    call = callers.member(district.centre)
    for name, password, reason in (
        ("xin", "short", "password.short"),
        ("xin", "Password1234", "password.common"),
        ("X", factory.PASSWORD, "username.shape"),
    ):
        with pytest.raises(Refused) as refused:
            accounts.make_account(call, person=whom.id, username=name, password=password)
        assert refused.value.decision.reason == reason
    key = accounts.make_account(call, person=whom.id, username="xin", password=factory.PASSWORD)
    assert Account.objects.get(pk=key).check_password(factory.PASSWORD)
    with pytest.raises(Refused, match=r"account\.taken"):
        accounts.make_account(call, person=whom.id, username="xin2", password=factory.PASSWORD)
    other = factory.person("另一人")
    factory.post(other, district.centre, "nurse")
    with pytest.raises(Refused, match=r"username\.taken"):
        accounts.make_account(call, person=other.id, username="xin", password=factory.PASSWORD)
    with pytest.raises(Refused, match="not_found"):
        accounts.set_password(call, person=other.id, password=factory.PASSWORD)


def test_a_key_is_told_once_and_works_within_its_institution_and_time(district: District) -> None:
    call = factory.call_of(factory.somebody(district.centre, "hospital_manager"))
    key, token = api.issue_key(call, organisation=district.centre, name="HIS")
    row = SourceKey.objects.unscoped("test").get(id=key)
    assert token not in str(row.__dict__)
    assert not any(token in str(line.detail) for line in TrailLine.objects.all())
    source = api.source_call(token)
    assert source is not None
    assert (source.actor, source.scope.organisations) == (f"source:{district.centre}", {district.centre})
    assert source.permissions == rules.SOURCE_PERMISSIONS
    assert api.source_call(token + "x") is None
    assert api.source_call("") is None
    with pytest.raises(Refused, match="not_yours"):
        api.issue_key(call, organisation=district.lead, name="HIS")
    with pytest.raises(Stale):
        api.revoke_key(call, key=key, expect=9)
    api.revoke_key(call, key=key, expect=1)
    assert api.source_call(token) is None
    with pytest.raises(Refused, match=r"key\.revoked"):
        api.revoke_key(call, key=key, expect=2)


@pytest.mark.parametrize(("since", "until"), [(1, None), (-5, -1)])
def test_a_key_outside_its_time_is_no_key(district: District, since: int, until: int | None) -> None:
    day = timedelta(days=1)
    last = clock.today() + until * day if until is not None else None
    _key, token = api.issue_key(
        callers.system(), organisation=district.lead, name="LIS", since=clock.today() + since * day, until=last
    )
    assert api.source_call(token) is None


GIVEN = (
    PersonIn(
        PersonFacts("王小明", "QH00001", "1", date(1980, 1, 1), "physician"),
        (LicenceIn("physician_practice", "110439921000001", date(2008, 1, 1)),),
        (("主治医师", "intermediate", None),),
        (
            PostIn(LEAD, "physician", date(2010, 1, 1), "03"),
            PostIn(CENTRE, "physician", date(2024, 1, 1), is_main=False),
        ),
    ),
    PersonIn(PersonFacts("赵护士", "QH00002"), posts=(PostIn(CENTRE, "nurse", date(2015, 1, 1)),)),
)


def test_loading_twice_changes_nothing(district: District) -> None:
    done = api.load(callers.system(), people=GIVEN)
    assert done.made == {"people": 2, "licences": 1, "titles": 1, "posts": 3}
    before = [every(t) for t in (Person, Licence, Title, Post)]
    again = api.load(callers.system(), people=GIVEN)
    assert not any(again.made.values())
    assert not any(again.changed.values())
    assert [every(t) for t in (Person, Licence, Title, Post)] == before
    ended = replace(GIVEN[1], posts=(replace(GIVEN[1].posts[0], until=date(2024, 1, 1)),))
    assert api.load(callers.system(), people=(ended,)).changed["posts"] == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (PersonIn(PersonFacts("无工号")), "number.empty"),
        (PersonIn(FACTS, posts=(PostIn("nowhere", "nurse", clock.today()),)), "uscc.unknown"),
        (PersonIn(FACTS, posts=(PostIn(LEAD, "emperor", clock.today()),)), "role.unknown"),
        (
            PersonIn(
                FACTS,
                posts=(PostIn(LEAD, "nurse", clock.today()), PostIn(LEAD, "nurse", clock.today() + timedelta(days=1))),
            ),
            "post.overlap",
        ),
    ],
)
def test_a_load_with_one_fault_loads_nothing(district: District, bad: PersonIn, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        api.load(callers.system(), people=(*GIVEN, bad))
    assert refused.value.decision.reason == reason
    assert every(Person) == []


def test_the_list_is_searched_and_bounded(district: District, django_assert_max_num_queries: object) -> None:
    api.load(callers.system(), people=GIVEN)
    scope = callers.member(district.centre).scope

    def names(**given: object) -> list[str]:
        filters = Filters(**given)  # type: ignore[arg-type]
        return [p.name for p in reads.listed(scope, filters=filters, page=Page(), day=clock.today()).items]

    assert names() == ["王小明", "赵护士"]
    assert names(text="wxm") == names(text="WangXiao") == names(text="小明") == ["王小明"]
    assert names(text="qh00002") == ["赵护士"]
    assert names(text="%") == []
    assert names(role="nurse") == ["赵护士"]
    assert names(organisation=district.lead) == []
    assert names(profession="physician") == ["王小明"]
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        first = reads.listed(scope, filters=Filters(), page=Page((), 1), day=clock.today())
    second = reads.listed(scope, filters=Filters(), page=Page.read(first.next, 1), day=clock.today())
    assert ([p.name for p in second.items], second.next) == (["赵护士"], None)
    assert reads.listed(callers.stranger().scope, filters=Filters(), page=Page(), day=clock.today()).items == ()


def test_forged_cursors_are_refused(district: District) -> None:
    for bad in ("x", cursor("a", "not-an-id"), cursor("a"), cursor("a", "b", "c")):
        with pytest.raises(BadCursor):
            reads.listed(EVERYWHERE, filters=Filters(), page=Page.read(bad), day=clock.today())
