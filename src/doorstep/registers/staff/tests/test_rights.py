"""Two persons for what is grave, duties kept apart, and grants: what they change, and whom they refuse."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from doorstep.kernel import clock, fence
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.models import TrailLine
from doorstep.kernel.paging import Page
from doorstep.kernel.testing import callers
from doorstep.registers.organisations.models import Organisation
from doorstep.registers.organisations.tests.factory import District
from doorstep.registers.staff import api
from doorstep.registers.staff.actions import grants, people, rights
from doorstep.registers.staff.models import Account, Grant, Post, Proposal, RoleChange
from doorstep.registers.staff.reads import rights as reads
from doorstep.registers.staff.shapes import GrantFacts, PersonFacts, PersonIn, PostFacts, PostIn
from doorstep.registers.staff.tests import factory

pytestmark = pytest.mark.django_db
SLIM = frozenset({"staff.read", "residents.read"})


def two(district: District) -> tuple[Call, Call]:
    """An administrator and a manager of the bureau."""
    return tuple(factory.call_of(factory.somebody(district.lead, r, r)) for r in ("administrator", "bureau_manager"))  # type: ignore[return-value]


def propose(call: Call, role: str = "nurse", **more: Any) -> UUID:
    said: dict[str, Any] = {"expect": 0, "permissions": SLIM, "sentence": "只看名册。", "why": "试行"}
    return rights.propose_role(call, role=role, **(said | more))


def test_a_role_changes_when_another_confirms_and_holds_from_the_next_call(district: District) -> None:
    one, other = two(district)
    nurse = factory.somebody(district.centre, "nurse")
    before = factory.call_of(nurse).permissions
    key = propose(one)
    assert factory.call_of(nurse).permissions == before
    rights.confirm(other, proposal=key, expect=1)
    assert factory.call_of(nurse).permissions == SLIM
    line = TrailLine.objects.get(action="staff.confirm")
    assert (line.actor, line.detail["removed"]) == (other.actor, sorted(before - SLIM))
    back = propose(other, expect=1, permissions=reads.version("nurse", 0).permissions, sentence="")
    rights.confirm(one, proposal=back, expect=1)
    assert factory.call_of(nurse).permissions == before
    assert [v.version for v in reads.history("nurse", Page()).items] == [2, 1]
    [first] = reads.history("nurse", Page(limit=1)).items
    assert (first.by_name, first.confirmed_by_name) == ("bureau_manager", "administrator")


def test_the_doors_add_to_the_history_of_a_role_and_never_change_it(district: District) -> None:
    one, other = two(district)
    rights.confirm(other, proposal=propose(one), expect=1)
    for change in (lambda: RoleChange.objects.update(why="x"), lambda: RoleChange.objects.all().delete()):
        with fence.within(one.scope), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"permissions": {"staff.fly"}}, "role.undeclared"),
        ({"role": "auditor", "permissions": {"staff.edit"}}, "role.audit_writes"),
        ({"permissions": {"trail.read"}}, "role.unbounded"),
        ({"role": "administrator"}, "role.own"),
        ({"role": "bureau_manager"}, "role.keepers"),
        ({"role": "resident"}, "not_found"),
        ({"why": " "}, "why.empty"),
        ({"expect": 1}, "stale"),
        ({"permissions": reads.rules.ROLES["nurse"].permissions, "sentence": ""}, "role.same"),
    ],
)
def test_a_change_of_a_role_is_refused(district: District, more: dict[str, Any], reason: str) -> None:
    one, _other = two(district)
    with pytest.raises(Refused) as refused:
        propose(one, **more)
    assert refused.value.decision.reason == reason
    assert not Proposal.objects.exists()
    assert TrailLine.objects.filter(action="staff.propose_role", outcome="refused").count() == 1


def test_who_decides_a_proposal(district: District) -> None:
    one, other = two(district)
    key = propose(one)
    with pytest.raises(Refused, match=r"proposal\.own"):
        rights.confirm(one, proposal=key, expect=1)
    with pytest.raises(Refused, match=r"proposal\.not_own"):
        rights.withdraw(other, proposal=key, expect=1)
    with pytest.raises(Refused, match=r"why\.empty"):
        rights.decline(other, proposal=key, expect=1, note="")
    with pytest.raises(Stale):
        rights.confirm(other, proposal=key, expect=2)
    rights.decline(other, proposal=key, expect=1, note="太少")
    with pytest.raises(Refused, match="wrong_state"):
        rights.confirm(other, proposal=key, expect=2)
    mine = propose(one)
    rights.withdraw(one, proposal=mine, expect=1)
    holder = propose(one, role="bureau_manager", permissions={"staff.read", "staff.roles"})
    with pytest.raises(Refused, match=r"proposal\.concerned"):
        rights.confirm(other, proposal=holder, expect=1)
    assert not RoleChange.objects.exists()
    assert reads.counts(clock.now()) == {"open": 1, "confirmed": 0, "declined": 1, "withdrawn": 1, "expired": 0}


def test_of_two_proposals_seen_at_one_version_the_second_is_stale(district: District) -> None:
    one, other = two(district)
    first, second = propose(one), propose(one, why="又一次")
    rights.confirm(other, proposal=first, expect=1)
    with pytest.raises(Stale):
        rights.confirm(other, proposal=second, expect=1)
    assert Proposal.objects.get(id=second).state == "open"


def test_a_proposal_lasts_seven_days(district: District) -> None:
    one, other = two(district)
    key = propose(one)
    Proposal.objects.update(until=clock.now() - timedelta(seconds=1))
    with pytest.raises(Refused, match=r"proposal\.over"):
        rights.confirm(other, proposal=key, expect=1)
    assert reads.counts(clock.now())["expired"] == 1
    assert [p.id for p in reads.proposals("expired", Page(), clock.now()).items] == [key]
    assert rights.expire(callers.system()) == 1
    assert rights.expire(callers.system()) == 0
    assert Proposal.objects.get().state == "expired"


def test_the_database_itself_wants_two_persons(district: District) -> None:
    one, _other = two(district)
    key = propose(one)
    for by in (one.actor, ""):
        with pytest.raises(IntegrityError, match="proposal_two_persons"), transaction.atomic():
            Proposal.objects.filter(id=key).update(state="confirmed", decided_by=by)


def test_a_post_of_the_whole_district_is_given_by_two(district: District) -> None:
    one, other = two(district)
    whom = factory.somebody(district.lead, "nurse", "新审计").person_id
    given = PostFacts(district.lead, "auditor", clock.today(), "", "审计", until=clock.today() + timedelta(days=30))
    with pytest.raises(Refused, match=r"role\.two_persons"):
        people.begin_post(one, person=whom, post=given)
    with pytest.raises(Refused, match=r"role\.two_persons"):
        people.add(one, facts=PersonFacts("新人"), post=given)
    with pytest.raises(Refused, match=r"proposal\.needless"):
        rights.propose_post(one, person=whom, post=PostFacts(district.lead, "physician", clock.today()), why="x")
    key = rights.propose_post(one, person=whom, post=given, why="补缺")
    assert not Post.objects.unscoped("test").filter(person=whom, role="auditor").exists()
    with pytest.raises(Refused, match=r"proposal\.own"):
        rights.confirm(one, proposal=key, expect=1)
    rights.confirm(other, proposal=key, expect=1)
    row = Post.objects.unscoped("test").get(person=whom, role="auditor")
    assert (row.organisation_id, row.duty, row.since, row.until) == (district.lead, "审计", clock.today(), given.until)
    longer = given.until + timedelta(days=30) if given.until else clock.today()
    with pytest.raises(Refused, match=r"role\.two_persons"):
        people.end_post(one, post=row.id, expect=1, last_day=longer)
    people.end_post(one, post=row.id, expect=1, last_day=clock.today())


def test_nobody_gives_a_post_to_themselves_and_the_system_still_can(district: District) -> None:
    account = factory.somebody(district.centre, "hospital_manager")
    manager = factory.call_of(account)
    given = PostFacts(district.centre, "physician", clock.today())
    with pytest.raises(Refused, match=r"role\.oneself"):
        people.begin_post(manager, person=account.person_id, post=given)
    one, _other = two(district)
    admin = UUID(one.actor.partition(":")[2])
    post = PostFacts(district.lead, "bureau_manager", clock.today())
    with pytest.raises(Refused, match=r"role\.oneself"):
        rights.propose_post(one, person=admin, post=post, why="自己")
    people.begin_post(callers.system(), person=account.person_id, post=post)
    assert Post.objects.unscoped("test").filter(person=account.person_id, role="bureau_manager").exists()


def test_the_receiver_of_a_post_does_not_confirm_it(district: District) -> None:
    one, other = two(district)
    receiver = UUID(other.actor.partition(":")[2])
    key = rights.propose_post(
        one, person=receiver, post=PostFacts(district.lead, "exchange_operator", clock.today()), why="兼任"
    )
    with pytest.raises(Refused, match=r"proposal\.concerned"):
        rights.confirm(other, proposal=key, expect=1)


def test_an_auditor_does_not_run_what_they_audit(district: District) -> None:
    """By one more post, by a longer one, and by a load: never at one time, but one after the other."""
    system = callers.system()
    whom = factory.person("审计", "A1")
    factory.post(whom, district.lead, "auditor", until=clock.today())
    clash = PostFacts(district.lead, "office_worker", clock.today())
    with pytest.raises(Refused, match=r"role\.apart"):
        people.begin_post(system, person=whom.id, post=clash)
    key = people.begin_post(
        system, person=whom.id, post=PostFacts(district.lead, "office_worker", clock.today() + timedelta(days=1))
    )
    audit = Post.objects.unscoped("test").get(person=whom, role="auditor")
    with pytest.raises(Refused, match=r"role\.apart"):
        people.end_post(system, post=audit.id, expect=1, last_day=clock.today() + timedelta(days=9))
    uscc = Organisation.objects.unscoped("test").get(id=district.lead).uscc
    posts = (PostIn(uscc, "administrator", clock.today()),)
    with pytest.raises(Refused, match=r"role\.apart"):
        api.load(system, people=[PersonIn(PersonFacts("审计", "A1"), posts=posts)])
    held = Post.objects.unscoped("test").filter(person=whom)
    assert {p.id for p in held} == {audit.id, key}


def grant_to(call: Call, person: UUID, place: UUID, **more: Any) -> UUID:
    said: dict[str, Any] = {
        "permission": "residents.review",
        "since": clock.today(),
        "until": clock.today(),
        "why": "帮忙核对",
    }
    return grants.grant(call, person=person, facts=GrantFacts(place, **(said | more)))


def may(account: Account) -> frozenset[str]:
    return factory.call_of(account).permissions


def test_a_grant_adds_at_its_institution_in_its_time_until_it_is_revoked(district: District) -> None:
    manager = factory.call_of(factory.somebody(district.centre, "hospital_manager", "管理员"))
    nurse = factory.somebody(district.centre, "nurse")
    before = may(nurse)
    key = grant_to(manager, nurse.person_id, district.centre)
    assert may(nurse) == before | {"residents.review"}
    with pytest.raises(Refused, match=r"grant\.overlap"):
        grant_to(manager, nurse.person_id, district.centre)
    grants.revoke(manager, person=nurse.person_id, grant=key, expect=1)
    assert may(nurse) == before
    with pytest.raises(Refused, match=r"grant\.revoked"):
        grants.revoke(manager, person=nurse.person_id, grant=key, expect=2)
    grant_to(manager, nurse.person_id, district.centre, since=clock.today() + timedelta(days=1), until=date(2999, 1, 1))
    assert may(nurse) == before
    coming = Grant.objects.unscoped("test").filter(revoked_at__isnull=True)
    coming.update(since=date(2020, 1, 1), until=clock.today())
    assert may(nurse) == before | {"residents.review"}
    coming.update(until=clock.today() - timedelta(days=1))
    assert may(nurse) == before
    said = [line.outcome for line in TrailLine.objects.filter(action__in=("staff.grant", "staff.revoke_grant"))]
    assert (said.count("refused"), len(said)) == (2, 5)


def test_a_grant_holds_for_one_post_or_for_all_at_one_institution(district: District) -> None:
    system = callers.system()
    whom = factory.person("两岗")
    here = factory.post(whom, district.centre, "nurse")
    there = factory.post(whom, district.clinic, "nurse")
    second = factory.post(whom, district.centre, "technician")
    account = factory.account(whom, "both")
    grant_to(system, whom.id, district.centre)
    grant_to(system, whom.id, district.centre, permission="charts.raw", post=second.id)
    found = {s.post: s.permissions for s in factory.standings(account.pk, clock.today())}
    assert "residents.review" in found[here.id] & found[second.id]
    assert "residents.review" not in found[there.id]
    assert [p for p, held in found.items() if "charts.raw" in held] == [second.id]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"permission": "staff.edit"}, "grant.never"),
        ({"permission": "staff.fly"}, "grant.never"),
        ({"permission": "trail.read"}, "grant.never"),
        ({"until": clock.today() - timedelta(days=1)}, "period.reversed"),
        ({"since": date(2020, 1, 1), "until": date(2020, 1, 2)}, "grant.over"),
        ({"why": ""}, "why.empty"),
        ({"place": "clinic"}, "not_yours"),
        ({"post": UUID(int=1)}, "grant.no_post"),
        ({"whom": "self"}, "role.oneself"),
        ({"whom": "private"}, "not_found"),
    ],
)
def test_a_grant_is_refused(district: District, more: dict[str, Any], reason: str) -> None:
    account = factory.somebody(district.centre, "hospital_manager", "管理员")
    people_ = {
        "self": account.person_id,
        "nurse": factory.somebody(district.centre, "nurse").person_id,
        "private": factory.somebody(district.private, "nurse").person_id,
    }
    place = getattr(district, more.pop("place", "centre"))
    with pytest.raises(Refused) as refused:
        grant_to(factory.call_of(account), people_[more.pop("whom", "nurse")], place, **more)
    assert refused.value.decision.reason == reason
    assert not Grant.objects.unscoped("test").exists()


def test_nothing_is_granted_to_a_post_of_the_whole_district(district: District) -> None:
    auditor = factory.somebody(district.lead, "auditor")
    with pytest.raises(Refused, match=r"grant\.district"):
        grant_to(callers.system(), auditor.person_id, district.lead, permission="residents.edit")
    Grant.objects.create(
        person_id=auditor.person_id, organisation_id=district.lead, permission="residents.edit", since=clock.today(),
        until=clock.today(), why="x", by="x", by_name="x",
    )  # fmt: skip
    assert "residents.edit" not in may(auditor)
