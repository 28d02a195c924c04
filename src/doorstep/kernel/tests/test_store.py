"""Rows of people and institutions are never read or changed without bounds; locked rows are as the person saw them."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.models import Q

from doorstep.kernel.call import EVERYWHERE, NOWHERE, Scope
from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.ids import new_id
from doorstep.kernel.store import ScopedRow, UnscopedQuery, lock
from doorstep.kernel.testing.loops import run
from doorstep.registers.organisations.models import Organisation


def make(name: str) -> Organisation:
    return Organisation.objects.create(
        name=name, pinyin=name, initials=name, type_code="A100", tier="lead", area="439921001001"
    )


async def _read_all(rows):
    return [row async for row in rows]


async def _iterate(rows):
    return [row async for row in rows.aiterator()]


WAYS = {
    "list": list,
    "first": lambda rows: rows.first(),
    "last": lambda rows: rows.last(),
    "get": lambda rows: rows.get(name="甲"),
    "index": lambda rows: rows[0],
    "slice": lambda rows: list(rows[:1]),
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "bool": bool,
    "len": len,
    "in": lambda rows: rows.model() in rows,
    "iterator": lambda rows: list(rows.iterator()),
    "aiterator": lambda rows: run(_iterate(rows)),
    "async for": lambda rows: run(_read_all(rows)),
    "values": lambda rows: list(rows.values()),
    "values_list": lambda rows: list(rows.values_list("pk", flat=True)),
    "values iterator": lambda rows: list(rows.values_list("pk").iterator()),
    "aggregate": lambda rows: rows.aggregate(),
    "annotate": lambda rows: list(rows.annotate()),
    "dates": lambda rows: list(rows.dates("created_at", "year")),
    "in_bulk": lambda rows: rows.in_bulk([]) or rows.in_bulk([new_id()]),
    "earliest": lambda rows: rows.earliest("name"),
    "contains": lambda rows: rows.contains(Organisation(id=new_id())),
    "or": lambda rows: list(rows | rows),
    "union": lambda rows: list(rows.union(rows)),
    "distinct": lambda rows: list(rows.distinct()),
    "exclude": lambda rows: list(rows.exclude(name="乙")),
    "select_for_update": lambda rows: list(rows.select_for_update()),
    "update": lambda rows: rows.update(name="丙"),
    "delete": lambda rows: rows.delete(),
    "bulk_update": lambda rows: rows.bulk_update([Organisation(id=new_id(), name="x")], ["name"]),
    "get_or_create": lambda rows: rows.get_or_create(name="丁"),
    "update_or_create": lambda rows: rows.update_or_create(name="丁"),
    "raw": lambda rows: list(rows.raw("SELECT * FROM organisations_organisation")),
}


@pytest.mark.django_db
@pytest.mark.parametrize("way", WAYS)
def test_no_way_to_rows_without_bounds(way):
    make("甲")
    with pytest.raises(UnscopedQuery), transaction.atomic():
        WAYS[way](Organisation.objects.all())
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(name) FROM organisations_organisation")
        assert cursor.fetchone() == (["甲"],)


@pytest.mark.django_db
def test_bounds_hold_whatever_is_asked_afterwards():
    here, there = make("甲"), make("乙")
    mine = Organisation.objects.within(Scope(frozenset({here.pk})))
    assert (mine.count(), mine.filter(pk=there.pk).exists(), list(mine.order_by("name"))) == (1, False, [here])
    assert list(Organisation.objects.within(NOWHERE)) == []
    assert Organisation.objects.within(EVERYWHERE).count() == 2
    assert Organisation.objects.unscoped("a test").count() == 2
    assert Organisation.objects.unscoped("a test").filter(name="乙").update(name="丙") == 1
    assert len(list(Organisation.objects.unscoped("a test").raw("SELECT * FROM organisations_organisation"))) == 2


def test_no_bounds_must_have_a_reason():
    with pytest.raises(UnscopedQuery, match="say why"):
        Organisation.objects.unscoped("")


def test_a_model_that_forgot_its_bounds_says_so():
    with pytest.raises(NotImplementedError, match="scope_filter"):
        ScopedRow.scope_filter(NOWHERE)
    assert isinstance(Organisation.scope_filter(NOWHERE), Q)


@pytest.mark.django_db
class TestLock:
    def test_the_row_as_the_person_saw_it(self):
        row = make("甲")
        assert lock(Organisation, row.pk, scope=EVERYWHERE, expect=1).pk == row.pk

    def test_a_row_that_changed_since_is_refused(self):
        row = make("甲")
        with pytest.raises(Stale) as stale:
            lock(Organisation, row.pk, scope=EVERYWHERE, expect=7)
        assert dict(stale.value.decision.detail) == {"expected": 7, "found": 1}

    @pytest.mark.parametrize("scope", [NOWHERE, Scope(frozenset({new_id()}))])
    def test_a_row_out_of_bounds_is_not_there(self, scope):
        row = make("甲")
        with pytest.raises(Refused) as refused:
            lock(Organisation, row.pk, scope=scope)
        assert refused.value.decision.reason == "not_found"

    def test_a_row_that_is_nowhere(self):
        with pytest.raises(Refused):
            lock(Organisation, new_id(), scope=EVERYWHERE)
