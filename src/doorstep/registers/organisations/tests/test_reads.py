"""Who belongs to whom, lists and cursors, totals, and what a scope shows."""

from __future__ import annotations

from datetime import date

import pytest

from doorstep.kernel import clock
from doorstep.kernel.call import EVERYWHERE, NOWHERE, Scope
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import RuleSet
from doorstep.kernel.paging import BadCursor, Page, cursor
from doorstep.kernel.store import UnscopedQuery
from doorstep.registers.organisations import api
from doorstep.registers.organisations.models import Organisation
from doorstep.registers.organisations.reads import bounds, consortia, directory, trees
from doorstep.registers.organisations.shapes import Filters, Total
from doorstep.registers.organisations.tests import factory
from doorstep.registers.organisations.tests.factory import District

pytestmark = pytest.mark.django_db
DAY = date(2025, 6, 1)


def names(filters: Filters, scope: Scope = EVERYWHERE) -> list[str]:
    return [line.name for line in directory.listed(scope, filters=filters, page=Page(), day=DAY).items]


def test_reach_is_itself_and_all_that_share_a_close_knit_consortium_on_the_day(district: District) -> None:
    inside = {district.lead, district.centre, district.clinic}
    assert bounds.reach(district.centre, DAY) == inside
    assert bounds.reach(district.centre, date(2023, 12, 31)) == inside, "an alliance opens no one's records"
    assert bounds.reach(district.centre, date(2021, 1, 1)) == {district.lead, district.centre}
    assert bounds.reach(district.centre, date(2019, 1, 1)) == {district.centre}
    assert bounds.reach(district.private, DAY) == {district.private}


def test_members_and_leads(district: District) -> None:
    assert bounds.members(district.community, DAY) == {district.lead, district.centre, district.clinic}
    assert bounds.lead_of(district.community, DAY) == district.lead
    assert bounds.lead_of(district.community, date(2019, 1, 1)) is None
    assert bounds.consortia_of(district.second, DAY) == {district.network: "远程协作网"}
    leads = bounds.leaders((district.centre, district.second, district.private), date(2023, 6, 1))
    assert leads == {district.centre: {district.lead}, district.second: frozenset(), district.private: frozenset()}


def test_sources_are_known_by_credit_code_id_and_short_code(district: District) -> None:
    assert api.source(factory.LEAD) == api.source(str(district.lead)) == api.source("QHRM") == district.lead
    assert api.source("nobody") is None
    assert api.source("") is None


def test_names_and_lines(district: District) -> None:
    assert api.names([district.clinic]) == {district.clinic: "麻石村卫生室"}
    line = api.get(Scope(frozenset({district.private})), [district.lead])[district.lead]
    assert (line.type_name, line.tier_name, line.grade, line.is_open) == ("综合医院", "牵头医院", "三级甲等", True)
    assert line.area_name.endswith("麻石村")
    assert api.get(NOWHERE, [district.lead]) == {}
    assert api.department_names([(district.lead, "03"), (district.lead, "99")]) == {(district.lead, "03"): "内科"}


def test_a_query_without_a_scope_is_a_fault(district: District) -> None:
    with pytest.raises(UnscopedQuery):
        list(Organisation.objects.all())


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(text="人民"), {"清禾县人民医院"}),
        (Filters(text="msc"), {"麻石村卫生室"}),
        (Filters(text="zhongyi"), {"清禾县中医医院", "李氏中医诊所"}),
        (Filters(text=factory.LEAD.lower()), {"清禾县人民医院"}),
        (Filters(text="100%_\\"), set()),
        (Filters(type_code="A210"), {"清禾县中医医院"}),
        (Filters(level=3), {"清禾县人民医院"}),
        (Filters(tier="base"), {"麻石村卫生室", "李氏中医诊所"}),
        (Filters(area="439921100000", tier="lead"), {"清禾县人民医院"}),
        (Filters(area="439922000000"), set()),
        (Filters(primary=True), {"石桥镇中心卫生院", "麻石村卫生室", "李氏中医诊所"}),
        (Filters(primary=False), {"清禾县人民医院", "清禾县中医医院"}),
    ],
)
def test_filters(district: District, filters: Filters, found: set[str]) -> None:
    assert set(names(filters)) == found


def test_filter_by_consortium_is_of_the_day(district: District) -> None:
    assert set(names(Filters(consortium=district.network))) == {"清禾县中医医院"}


def test_primary_care_follows_the_dated_rule(district: District) -> None:
    RuleSet.objects.create(
        code="organisations.primary", revision="1", issuer="测试", effective_from=date(2025, 1, 1),
        parameters={"codes": ["D600"], "prefixes": []},
    )  # fmt: skip
    assert names(Filters(primary=True)) == ["麻石村卫生室"]


def test_one_who_holds_no_post_reads_nothing(district: District) -> None:
    assert names(Filters(), NOWHERE) == []
    assert consortia.consortia(NOWHERE, day=DAY) == ()
    assert trees.tree(NOWHERE, day=DAY) == ()
    for read, key in ((directory.detail, district.lead), (consortia.detail, district.community)):
        with pytest.raises(Refused, match="not_found"):
            read(NOWHERE, key, day=DAY)


def test_the_directory_is_open_to_a_neighbour_agreements_are_not(district: District) -> None:
    neighbour, member = Scope(frozenset({district.private})), Scope(frozenset({district.centre}))
    assert len(names(Filters(), neighbour)) == 5
    assert directory.detail(neighbour, district.lead, day=DAY).line.name == "清禾县人民医院"
    assert consortia.agreements(neighbour, day=DAY, consortium=district.community) == ()
    (found,) = consortia.agreements(member, day=DAY, consortium=district.community)
    assert [name for _key, name in found.parties] == ["清禾县人民医院", "石桥镇中心卫生院"]
    assert consortia.agreements(member, day=DAY, organisation=district.lead) == (found,)
    with pytest.raises(Refused, match="not_found"):
        consortia.agreement(neighbour, found.id, day=DAY)


def test_pages_follow_one_another_without_gaps(district: District) -> None:
    seen: list[str] = []
    page = Page((), 2)
    while True:
        found = directory.listed(EVERYWHERE, filters=Filters(), page=page, day=DAY)
        seen += [line.name for line in found.items]
        if found.next is None:
            break
        page = Page.read(found.next, 2)
    assert seen == names(Filters())
    assert len(seen) == 5


@pytest.mark.parametrize("bad", ["x", cursor("a", "not-an-id"), cursor("a"), cursor("a", "b", "c"), "é"])
def test_forged_cursors_are_refused(district: District, bad: str) -> None:
    with pytest.raises(BadCursor):
        directory.listed(EVERYWHERE, filters=Filters(), page=Page.read(bad), day=DAY)


def test_totals_count_the_newest_fact_before_the_day(district: District, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = consortia.totals(district.community, DAY)
    assert found == (Total("lead", 1, 800, 761), Total("first", 1, 60, 43), Total("base", 1, 0, 2))
    assert consortia.total_of(found) == Total("", 3, 860, 806)
    early = consortia.totals(district.community, date(2020, 6, 1))
    assert early == (Total("lead", 1, None, None), Total("first", 1, None, None))
    assert consortia.total_of(early) == Total("", 2, None, None)
    assert consortia.totals(district.community, date(2024, 6, 1))[0].staff == 760


def test_a_consortium_whole(district: District) -> None:
    row = consortia.detail(EVERYWHERE, district.network, day=DAY)
    assert [(t.tier, [m.organisation for m in members]) for t, members in row.tiers] == [("second", [district.second])]
    assert [m.organisation for m in row.former] == [district.centre]
    assert row.line.lead == district.second
    assert row.line.institutions == 1


def test_the_tree_holds_every_institution_once(district: District) -> None:
    (county,) = trees.tree(EVERYWHERE, day=clock.today())
    (town,) = county.branches
    assert (county.name, county.count, town.name) == ("清禾县", 5, "石桥镇")
    centre = next(b for b in town.branches if b.name == "石桥镇中心卫生院")
    assert [b.name for b in centre.branches] == ["麻石村卫生室"]
    assert centre.count == 2


def test_what_may_be_managed(district: District) -> None:
    from doorstep.kernel.testing import callers

    assert {k for k, _n in api.manageable(callers.member(district.lead))} == {
        district.lead, district.centre, district.clinic,
    }  # fmt: skip
    assert {k for k, _n in api.manageable(callers.member(district.second))} == {district.second}
    assert len(api.manageable(callers.system())) == 5
    assert api.managed(callers.member(district.lead), [district.centre, district.private]) == {district.centre}
