"""What writers do, whom they refuse, and that a refusal changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.ids import new_id
from doorstep.kernel.models import OutboxEvent, TrailLine
from doorstep.kernel.testing import callers
from doorstep.registers.organisations import api, rules
from doorstep.registers.organisations.actions import consortia, institutions
from doorstep.registers.organisations.models import Agreement, CountedFact, Department, Membership, Organisation
from doorstep.registers.organisations.reads import bounds, directory
from doorstep.registers.organisations.shapes import DirectoryIn, Facts
from doorstep.registers.organisations.tests import factory
from doorstep.registers.organisations.tests.factory import District

pytestmark = pytest.mark.django_db
FACTS = Facts("新村卫生室", "D600", "base", factory.VILLAGE, uscc=factory.uscc(50))


def every(model: type) -> list[object]:
    return list(model.objects.unscoped("test").order_by("id").values())  # type: ignore[attr-defined]


def consortium_scope(district: District, organisation: object) -> Call:
    """A caller with every permission at one institution, who sees all its consortia."""
    return callers.member(organisation, scope=callers.Scope(bounds.reach(organisation, clock.today())))  # type: ignore[arg-type]


def test_adding_is_for_the_district(district: District) -> None:
    key = institutions.add(callers.system(), facts=FACTS)
    assert Organisation.objects.unscoped("test").get(id=key).initials == "xcwss"
    assert OutboxEvent.objects.filter(name="organisations.OrganisationAdded", subject=str(key)).exists()
    assert TrailLine.objects.filter(action="organisations.add", outcome="done", subject_id=str(key)).exists()
    with pytest.raises(Refused, match="not_yours"):
        institutions.add(consortium_scope(district, district.lead), facts=replace(FACTS, uscc=factory.uscc(51)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"uscc": "12439921WY000001X0"}, "uscc.check"),
        ({"uscc": factory.LEAD}, "uscc.taken"),
        ({"uscc": factory.uscc(60), "short_code": "QHRM"}, "short_code.taken"),
        ({"type_code": "600"}, "type.shape"),
        ({"area": "439921"}, "area.shape"),
        ({"longitude": Decimal(113)}, "position.half"),
        ({"grade": "9Z"}, "grade.unknown"),
        ({"tier": "top"}, "code.unknown"),
        ({"opened_on": date(2024, 1, 2), "closed_on": date(2024, 1, 1)}, "period.reversed"),
    ],
)
def test_unsound_facts_are_refused(district: District, change: dict[str, object], reason: str) -> None:
    before = every(Organisation)
    with pytest.raises(Refused) as refused:
        institutions.add(callers.system(), facts=replace(FACTS, **change))  # type: ignore[arg-type]
    assert refused.value.decision.reason == reason
    assert every(Organisation) == before


def test_a_stranger_is_refused_everything_and_nothing_changes(district: District) -> None:
    stranger, day = callers.stranger(), clock.today()
    tables = (Organisation, Membership, Agreement, CountedFact, Department)
    before = [every(t) for t in tables]
    member = Membership.objects.unscoped("test").first()
    tries = (
        lambda: institutions.add(stranger, facts=FACTS),
        lambda: institutions.edit(stranger, organisation=district.lead, expect=1, facts=FACTS),
        lambda: institutions.count(
            stranger, organisation=district.lead, kind=rules.Count.BEDS, number=1, counted_on=day
        ),
        lambda: institutions.open_department(stranger, organisation=district.lead, code="07", name="儿科", since=day),
        lambda: consortia.found(
            stranger, key="x", name="x", kind=rules.Kind.CITY_GROUP, area=factory.COUNTY, since=day
        ),
        lambda: consortia.join(
            stranger,
            consortium=district.community,
            organisation=district.private,
            role=rules.Role.MEMBER,
            tier=rules.Tier.BASE,
            since=day,
        ),
        lambda: consortia.leave(stranger, membership=member.id, expect=1, last_day=day),  # type: ignore[union-attr]
        lambda: consortia.agree(
            stranger,
            consortium=district.community,
            parties={district.lead, district.centre},
            matter=rules.Matter.OTHER,
            title="x",
            text="",
            since=day,
        ),
        lambda: api.load(stranger, directory=factory.DIRECTORY),
    )
    for attempt in tries:
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.decision.reason == "permission"
    assert [every(t) for t in tables] == before
    assert TrailLine.objects.filter(actor="staff:stranger", outcome="refused").count() == len(tries)


def test_editing_needs_the_version_that_was_seen(district: District) -> None:
    call = callers.member(district.centre)
    facts = replace(FACTS, name="石桥镇中心卫生院（新）", type_code="C210", tier="first", uscc=factory.CENTRE)
    assert institutions.edit(call, organisation=district.centre, expect=1, facts=facts) == 2
    with pytest.raises(Stale):
        institutions.edit(call, organisation=district.centre, expect=1, facts=facts)
    row = directory.detail(call.scope, district.centre, day=clock.today())
    assert (row.line.name, row.version) == (facts.name, 2)


def test_two_institutions_a_member_never_edits_its_lead_nor_a_neighbour(district: District) -> None:
    call = consortium_scope(district, district.centre)
    before = every(Organisation)
    for other in (district.lead, district.clinic):
        assert call.scope.holds(other)
        with pytest.raises(Refused, match="not_yours"):
            institutions.edit(call, organisation=other, expect=1, facts=FACTS)
    with pytest.raises(Refused, match="not_found"):
        institutions.edit(call, organisation=district.private, expect=1, facts=FACTS)
    assert every(Organisation) == before


def test_the_lead_of_a_close_knit_consortium_edits_its_members(district: District) -> None:
    lead, loose = consortium_scope(district, district.lead), consortium_scope(district, district.second)
    institutions.count(
        lead, organisation=district.centre, kind=rules.Count.BEDS, number=61, counted_on=date(2025, 6, 1)
    )
    row = directory.detail(lead.scope, district.centre, day=clock.today())
    assert {c.kind: c.number for c in row.counts} == {"beds": 61, "staff": 43}
    with pytest.raises(Refused, match="not_found"):
        institutions.count(
            loose, organisation=district.centre, kind=rules.Count.BEDS, number=1, counted_on=date(2025, 6, 1)
        )


def test_counts_are_never_of_the_future_or_negative(district: District) -> None:
    call, tomorrow = callers.system(), clock.today() + timedelta(days=1)
    for number, day, reason in ((1, tomorrow, "count.future"), (-1, clock.today(), "count.negative")):
        with pytest.raises(Refused, match=reason):
            institutions.count(call, organisation=district.lead, kind=rules.Count.BEDS, number=number, counted_on=day)


def test_parents_never_run_in_a_circle(district: District) -> None:
    call = callers.system()
    facts = replace(FACTS, name="石桥镇中心卫生院", type_code="C210", uscc=factory.CENTRE, parent=district.clinic)
    with pytest.raises(Refused, match=r"parent\.circle"):
        institutions.edit(call, organisation=district.centre, expect=1, facts=facts)


def test_departments_open_and_close(district: District) -> None:
    call, today = callers.member(district.centre), clock.today()
    with pytest.raises(Refused, match=r"department\.overlap"):
        institutions.open_department(call, organisation=district.centre, code="03", name="内科", since=today)
    key = institutions.open_department(call, organisation=district.centre, code="07", name="儿科", since=today)
    institutions.close_department(call, department=key, last_day=today)
    with pytest.raises(Refused, match=r"period\.reversed"):
        institutions.close_department(call, department=key, last_day=today - timedelta(days=1))
    with pytest.raises(Refused, match="not_found"):
        institutions.close_department(callers.member(district.lead), department=key, last_day=today)


def join(call: Call, district: District, organisation: object, **more: object) -> object:
    given = {"role": rules.Role.MEMBER, "tier": rules.Tier.BASE, "since": clock.today()} | more
    return consortia.join(call, consortium=district.community, organisation=organisation, **given)  # type: ignore[arg-type]


def test_joining_and_leaving(district: District) -> None:
    lead = consortium_scope(district, district.lead)
    with pytest.raises(Refused, match="not_asked"):
        join(lead, district, district.private)
    key = join(callers.system(), district, district.private)
    assert district.private in bounds.reach(district.lead, clock.today())
    assert OutboxEvent.objects.filter(name="organisations.OrganisationJoined").count() == 1
    consortia.leave(callers.system(), membership=key, expect=1, last_day=clock.today())  # type: ignore[arg-type]
    assert district.private not in bounds.reach(district.lead, clock.today() + timedelta(days=1))
    with pytest.raises(Stale):
        consortia.leave(callers.system(), membership=key, expect=1, last_day=clock.today())  # type: ignore[arg-type]
    join(callers.system(), district, district.private, since=clock.today() + timedelta(days=1))


@pytest.mark.parametrize(
    ("who", "more", "reason"),
    [
        ("centre", {}, "membership.overlap"),
        ("private", {"role": rules.Role.LEAD}, "membership.second_lead"),
        ("private", {"since": date(2019, 1, 1)}, "membership.outside"),
        ("private", {"since": date(2024, 1, 2), "until": date(2024, 1, 1)}, "period.reversed"),
    ],
)
def test_joining_is_refused(district: District, who: str, more: dict[str, object], reason: str) -> None:
    before = every(Membership)
    with pytest.raises(Refused) as refused:
        join(callers.system(), district, getattr(district, who), **more)
    assert refused.value.decision.reason == reason
    assert every(Membership) == before


def test_only_the_lead_or_the_district_arranges(district: District) -> None:
    with pytest.raises(Refused, match="not_lead"):
        join(consortium_scope(district, district.centre), district, district.private)
    with pytest.raises(Refused, match="not_found"):
        join(callers.member(district.private), district, district.private)
    with pytest.raises(Refused, match="not_found"):
        join(callers.system(), district, new_id())


def test_the_database_itself_refuses_overlap_second_lead_and_reversal(district: District) -> None:
    rows = (
        {"organisation_id": district.centre, "role": "member", "since": date(2021, 1, 1), "until": None},
        {"organisation_id": district.private, "role": "lead", "since": date(2021, 1, 1), "until": None},
        {"organisation_id": district.private, "role": "member", "since": date(2021, 1, 2), "until": date(2021, 1, 1)},
    )
    for row in rows:
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.create(consortium_id=district.community, tier="base", **row)
    touching = {"organisation_id": district.centre, "role": "member", "since": date(2024, 1, 1), "until": None}
    Membership.objects.create(consortium_id=district.network, tier="base", **touching)
    assert connection.in_atomic_block


def test_agreements(district: District) -> None:
    lead, day = consortium_scope(district, district.lead), clock.today()
    given = {"matter": rules.Matter.REFERRAL, "title": "转诊补充协议", "text": "", "since": day}
    key = consortia.agree(lead, consortium=district.community, parties={district.lead, district.clinic}, **given)  # type: ignore[arg-type]
    with pytest.raises(Refused, match=r"agreement\.taken"):
        consortia.agree(lead, consortium=district.community, parties={district.lead, district.clinic}, **given)  # type: ignore[arg-type]
    with pytest.raises(Refused, match=r"agreement\.parties"):
        consortia.agree(lead, consortium=district.community, parties={district.lead}, **given)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="not_lead"):
        consortia.end_agreement(callers.member(district.clinic), agreement=key, expect=1, last_day=day)
    with pytest.raises(Refused, match="not_found"):
        consortia.end_agreement(callers.member(district.private), agreement=key, expect=1, last_day=day)
    consortia.end_agreement(lead, agreement=key, expect=1, last_day=day)
    two = consortia.agree(
        callers.member(district.private), consortium=None, parties={district.private, district.lead}, **given
    )  # type: ignore[arg-type]
    assert Agreement.parties.through.objects.filter(agreement=two).count() == 2
    with pytest.raises(Refused, match="not_yours"):
        consortia.agree(
            callers.member(district.private), consortium=None, parties={district.lead, district.centre}, **given
        )  # type: ignore[arg-type]


def test_loading_twice_changes_nothing(district: District) -> None:
    tables = (Organisation, Membership, Agreement, CountedFact, Department)
    before = [every(t) for t in tables]
    again = api.load(callers.system(), directory=factory.DIRECTORY)
    assert not any(again.made.values())
    assert not any(again.changed.values())
    assert [every(t) for t in tables] == before


def test_loading_changes_only_what_differs(district: District) -> None:
    first = factory.DIRECTORY.organisations[0]
    renamed = replace(first, facts=replace(first.facts, name="清禾县第一人民医院"))
    done = api.load(
        callers.system(), directory=DirectoryIn(organisations=(renamed, factory.DIRECTORY.organisations[1]))
    )
    assert (done.made["organisations"], done.changed["organisations"]) == (0, 1)
    row = Organisation.objects.unscoped("test").get(id=district.lead)
    assert (row.name, row.version, row.initials) == ("清禾县第一人民医院", 2, "qhxdyrmyy")


def test_a_load_with_one_fault_loads_nothing(db: None) -> None:
    bad = replace(factory.DIRECTORY.organisations[1], facts=replace(FACTS, uscc="12439921WY000001X0"))
    with pytest.raises(Refused) as refused:
        api.load(
            callers.system(),
            directory=replace(factory.DIRECTORY, organisations=(*factory.DIRECTORY.organisations, bad)),
        )
    assert refused.value.decision.detail["uscc"] == "12439921WY000001X0"
    assert every(Organisation) == []


def test_a_load_is_for_the_district(district: District) -> None:
    with pytest.raises(Refused, match="not_yours"):
        api.load(consortium_scope(district, district.lead), directory=factory.DIRECTORY)
