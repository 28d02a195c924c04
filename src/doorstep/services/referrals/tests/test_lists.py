"""The worklists at many referrals: few queries, each by an index; pages that hold each row once; bounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from doorstep.kernel import fence
from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.reads import lists
from doorstep.services.referrals.reads.lists import Box
from doorstep.services.referrals.reads.measures import counted
from doorstep.services.referrals.rules.kinds import Side
from doorstep.services.referrals.tests.bulk import fill
from doorstep.services.referrals.tests.factory import World, drafted, move, row, sent

pytestmark = pytest.mark.django_db
MANY = 20_000


@pytest.fixture
def many(here: World) -> World:
    """Twenty thousand between the three institutions, most of them closed, as it is after some years."""
    fill(MANY, here.resident, [here.centre, here.county, here.other])
    return here


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes."""
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def plans(queries: list[dict[str, str]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What PostgreSQL does for each statement on referrals."""
    for query in queries:
        if "referrals_referral" in query["sql"] and query["sql"].startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN (FORMAT JSON) " + query["sql"].replace("%", "%%"), [])
                ((found,),) = cursor.fetchall()
            yield query["sql"], list(nodes(found[0]["Plan"]))


@pytest.mark.parametrize("which", [b for b in Box if b is not Box.ESCALATED])
def test_a_page_and_its_counts_go_by_indexes(many: World, which: Box) -> None:
    """First page and counts: at most five statements that are about referrals or names, no table read through."""
    with (
        fence.within(many.bounds, many.county),
        CaptureQueriesContext(
            connection,
        ) as caught,
    ):
        found = lists.box(many.desk, which=which, query="", page=Page())
        lists.counts(many.desk)
    asked = [q for q in caught.captured_queries if q["sql"].startswith("SELECT") and "kernel_" not in q["sql"]]
    about = [q for q in asked if "referrals_referral" in q["sql"] or "organisations_organisation" in q["sql"]]
    assert len(about) <= 5, [q["sql"][:90] for q in about]
    assert which in (Box.SOON, Box.DRAFTS) or found.items
    looked = list(plans(caught.captured_queries))
    assert len(looked) >= 3
    for sql, steps in looked:
        assert not [step for step in steps if step["Node Type"] == "Seq Scan"], sql


def test_a_search_goes_by_indexes(many: World) -> None:
    with fence.within(many.bounds, many.county), CaptureQueriesContext(connection) as caught:
        lists.box(many.desk, which=Box.MINE, query="病人7", page=Page())
    for sql, steps in plans(caught.captured_queries):
        assert not [step for step in steps if step["Node Type"] == "Seq Scan"], sql


def test_counts_are_those_of_the_lists(many: World) -> None:
    numbers = lists.counts(many.desk)
    for which, number in numbers.items():
        seen: set[UUID] = set()
        page = Page(limit=200)
        while True:
            found = lists.box(many.desk, which=which, query="", page=page)
            fresh = {line.id for line in found.items}
            assert not fresh & seen, "each row stands on one page"
            seen |= fresh
            if found.next is None:
                break
            page = Page.read(found.next, 200)
        assert len(seen) == number, which


def test_the_most_pressing_first(here: World) -> None:
    late, soon, far = sent(here), sent(here), sent(here, urgency="routine")
    now = here.desk.at
    Referral.objects.unscoped("test").filter(pk=late).update(due_at=now - timedelta(hours=2))
    Referral.objects.unscoped("test").filter(pk=soon).update(due_at=now + timedelta(minutes=20))
    found = lists.box(here.desk, which=Box.MINE, query="", page=Page()).items
    assert [line.id for line in found] == [late, soon, far]
    assert [(line.overdue, line.soon, line.mine) for line in found] == [
        (True, False, True), (False, True, True), (False, False, True),
    ]  # fmt: skip
    assert lists.waiting(here.desk) == 1
    assert [line.id for line in lists.box(here.desk, which=Box.OVERDUE, query="", page=Page()).items] == [late]
    waits = lists.box(here.doctor, which=Box.WAITING, query="", page=Page()).items
    assert {line.id for line in waits} == {late, soon, far}
    assert not any(line.mine for line in waits)


def test_nobody_else_s_is_listed(here: World) -> None:
    sent(here)
    drafted(here)
    third = here.call(here.other)
    for which in Box:
        if which is not Box.ESCALATED:
            assert lists.box(third, which=which, query="", page=Page()).items == ()
    assert lists.box(third, which=Box.MINE, query="李秀英", page=Page()).items == ()
    assert lists.box(here.desk, which=Box.DRAFTS, query="", page=Page()).items == (), "a draft is the origin's alone"
    assert len(lists.box(here.desk, which=Box.ALL, query="", page=Page()).items) == 1
    with pytest.raises(Refused):
        lists.box(here.call(here.county, permissions=["referrals.read"]), which=Box.ESCALATED, query="", page=Page())


def test_the_fence_holds_where_a_query_forgets(here: World) -> None:
    """Row-level: a third institution sees no row, whatever it asks for; a draft is the origin's alone."""
    draft, gone = drafted(here), sent(here)
    from doorstep.kernel.call import Scope

    def seen(organisation: UUID) -> set[UUID]:
        with fence.within(Scope(frozenset({organisation})), organisation):
            return set(Referral.objects.unscoped("test").values_list("pk", flat=True))

    assert seen(here.centre) == {draft, gone}
    assert seen(here.county) == {gone}
    assert seen(here.other) == set()


def test_measures_of_both_sides(here: World) -> None:
    one, two = sent(here), sent(here)
    move(here.desk, "accept", one)
    move(here.desk, "arrive", one)
    Referral.objects.unscoped("test").filter(pk=two).update(answer_due=here.desk.at - timedelta(hours=1))
    today = here.desk.at.date()
    since = today - timedelta(days=2)
    mine = counted(here.doctor, side=Side.ORIGIN, since=since, until=today + timedelta(days=1))
    assert (mine.sent, mine.up, mine.answered, mine.answer_due, mine.answered_in_time) == (2, 2, 1, 2, 1)
    assert (mine.arrived, mine.arrival_due, mine.reported, mine.outpatient) == (1, 1, 0, 2)
    assert counted(here.desk, side=Side.DESTINATION, since=since, until=today + timedelta(days=1)) == mine
    assert counted(here.desk, side=Side.ORIGIN, since=since, until=today).sent == 0
    assert row(two).status == "sent"
