"""No message overtakes a merge, and a merge overtakes none, however the endpoint is ordered, with several workers."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from doorstep.kernel.testing.at_once import at_once
from doorstep.kernel.testing.callers import system
from doorstep.record.endpoints.actions import work
from doorstep.record.endpoints.models import Inbound
from doorstep.record.endpoints.rules.facts import SLOTS, Ordering
from doorstep.record.endpoints.rules.turns import ahead
from doorstep.record.endpoints.tests import kit
from doorstep.record.exchange.tests.kit import make_organisation

WORKERS = 3
PERSONS = 4


def merge(number: int, stays: int, goes: int) -> bytes:
    """ADT^A40: the second number is the first person's."""
    lines = [
        f"MSH|^~\\&|HIS|W|D|D|20260301080000+0800||ADT^A40^ADT_A39|A{number}|P|2.5.1",
        "EVN|A40|20260301080000",
        f"PID|1||P{stays}^^^LAB^MR||王^小明||19850315|M",
        f"MRG|P{goes}^^^LAB^MR",
    ]
    return ("\r".join(lines) + "\r").encode()


def said(number: int, what: tuple[int, int]) -> bytes:
    """A merge of two persons, or where they are one a result of theirs."""
    one, other = what
    return kit.oru(number, f"P{one}") if one == other else merge(number, one, other)


person = st.integers(1, PERSONS)
results = person.map(lambda one: (one, one))


@given(
    st.lists(st.one_of(results, results, results, st.tuples(person, person)), min_size=4, max_size=24),
    st.sampled_from([Ordering.PATIENT, Ordering.NONE]),
)
@example([(1, 1), (2, 2), (1, 2), (2, 2), (3, 3)], Ordering.PATIENT)
@example([(2, 2), (1, 1), (2, 1), (1, 1), (3, 3)], Ordering.PATIENT)
@example([(1, 1), (2, 2), (1, 2), (2, 2), (3, 3)], Ordering.NONE)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.django_db(transaction=True)
def test_nothing_passes_a_merge(transactional_db, what: list[tuple[int, int]], ordering: Ordering):
    endpoint = kit.make_endpoint(make_organisation("甲医院"), ordering=ordering, port=kit.free_port())
    keys = kit.keep(endpoint, *[said(number, each) for number, each in enumerate(what)])
    if ordering is Ordering.NONE:  # their slots say nothing of their order: here the last come first
        for at, key in enumerate(keys):
            Inbound.objects.unscoped("test").filter(pk=key).update(slot=(SLOTS - 1 - at) % SLOTS)

    def worker() -> None:
        while work.run(system()) or kit.states().get("kept"):
            pass

    assert at_once(*[worker] * WORKERS) == [None] * WORKERS
    rows = {row.pk: row for row in Inbound.objects.unscoped("test").filter(endpoint=endpoint)}
    assert {row.state for row in rows.values()} == {"applied"}
    # exchange numbers messages as it takes them, so these numbers tell the order of the work
    order = [rows[key].number for key in keys]
    for at, (one, other) in enumerate(what):
        if one != other:
            assert all(before < order[at] for before in order[:at])
            assert all(after > order[at] for after in order[at + 1 :])
    Inbound.objects.unscoped("test").all().delete()


@pytest.mark.django_db
def test_a_merge_that_rests_holds_nothing_up(source: UUID):
    endpoint = kit.make_endpoint(source)
    keys = kit.keep(endpoint, kit.oru(1), merge(2, 1, 1), kit.oru(3, "P2"))
    kit.work_off()
    assert [row.state for row in kit.inbound()] == ["applied", "resting", "applied"]
    assert len(keys) == 3


@pytest.mark.django_db
def test_those_of_other_endpoints_do_not_wait(source: UUID):
    busy, calm = kit.make_endpoint(source), kit.make_endpoint(source, port=2600)
    kit.keep(busy, kit.oru(1), merge(2, 1, 2))
    kit.keep(calm, kit.oru(3, "P3"))
    Inbound.objects.unscoped("test").filter(kind="ORU^R01", endpoint=busy).update(slot=7)
    with connection.cursor() as cursor:
        cursor.execute(work.BEFORE, [busy, [7], kit.inbound()[1].pk])
        assert cursor.fetchone() == (True,)
    kit.work_off()
    assert kit.states() == {"applied": 3}


@given(st.lists(st.integers(1, 50), unique=True).map(sorted), st.none() | st.integers(1, 50), st.booleans())
def test_what_may_be_worked_on_is_a_beginning_of_the_slot(waiting: list[int], merge: int | None, first: bool):
    found = ahead(waiting, merge, first=first)
    assert found == waiting[: len(found)]
    if merge is None:
        assert found == waiting
    elif len(found) > 1 or found != [merge]:
        assert all(each < merge for each in found)
    else:
        assert first
