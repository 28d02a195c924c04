"""What goes out is queued in the transaction of its cause: once for a cause, for those that are there to be sent to."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from doorstep.kernel import fence
from doorstep.kernel.call import Scope
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import TrailLine
from doorstep.kernel.paging import Page
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.endpoints import api, reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import mending
from doorstep.record.endpoints.models import Outbound
from doorstep.record.endpoints.rules.facts import Ordering
from doorstep.record.endpoints.tests import kit

BODY = kit.oru(7)


@pytest.fixture
def target(source: UUID) -> UUID:
    return kit.make_target(source)


def queued(endpoint: UUID, cause: str = "c1", **said) -> int:
    given = {"key": "P1", "kind": "ORU^R01", "body": BODY, "residents": ()} | said
    with transaction.atomic():
        return api.send(system(), endpoint=endpoint, cause=cause, **given)


def test_a_cause_makes_one_message(target: UUID, source: UUID):
    one = uuid4()
    number = queued(target, residents=[one, one], inbound=4)
    assert queued(target, body=kit.oru(8)) == number
    assert queued(target, "c2") != number
    row = Outbound.objects.unscoped("test").get(pk=number)
    assert (bytes(row.body), row.control, row.residents, row.inbound) == (BODY, "C7", [one], 4)
    assert (row.receiver_id, row.state, row.tries, row.key) == (source, "waiting", 0, "P1")


def test_what_its_cause_takes_back_was_never_there(target: UUID):
    with transaction.atomic():
        assert queued(target)
        transaction.set_rollback(True)
    assert not Outbound.objects.unscoped("test").exists()


@pytest.mark.parametrize(
    ("ordering", "key", "kept"),
    [
        (Ordering.PATIENT, "P1", "P1"), (Ordering.PATIENT, "", "c1"), (Ordering.ENDPOINT, "P1", "*"),
        (Ordering.NONE, "P1", "c1"),
    ],
)  # fmt: skip
def test_the_order_is_the_endpoints(source: UUID, ordering: Ordering, key: str, kept: str):
    number = queued(kit.make_target(source, ordering=ordering), key=key)
    assert Outbound.objects.unscoped("test").get(pk=number).key == kept


def test_what_cannot_be_sent_is_no_message(target: UUID, endpoint: UUID):
    with pytest.raises(Refused, match="not_found"):
        queued(endpoint)
    with pytest.raises(Refused, match="not_found"):
        queued(uuid4())
    for said in ({"body": b""}, {"body": b"no header"}, {"cause": ""}):
        with pytest.raises(ValueError, match="a message has"):
            queued(target, **said)
    assert not Outbound.objects.unscoped("test").exists()


@pytest.mark.django_db(transaction=True)
def test_without_a_transaction_nothing_is_queued(target: UUID):
    with pytest.raises(RuntimeError):
        api.send(system(), endpoint=target, cause="c", key="", kind="x", body=BODY, residents=())


def test_the_database_knows_what_it_may_be(target: UUID):
    number = queued(target)
    for column, value in (("state", "gone"), ("key", "")):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE endpoints_outbound SET {column} = %s WHERE id = %s", [value, number])


def test_what_goes_to_an_institution_is_seen_and_touched_within_its_scope_alone(
    target: UUID, source: UUID, other: UUID
):
    key = queued(target)
    Outbound.objects.unscoped("test").update(state="resting", reason="closed")
    for page in (reads.unsent(member(other), page=Page()), reads.sent(member(other), target, page=Page())):
        assert page.items == ()
    assert reads.unsent_reasons(member(other)) == ()
    for act in (
        lambda call: reads.passage(call, outbound=key),
        lambda call: mending.replay_sent(call, outbound=key),
        lambda call: mending.dismiss_sent(call, outbound=key, reason="x"),
        lambda call: mending.replay_all(call, endpoint=target),
    ):
        for call, why in (
            (member(other), "not_found"), (stranger(), "permission"), (member(source, {Permission.READ}), "permission"),
        ):  # fmt: skip
            with pytest.raises(Refused) as found:
                act(call)
            assert found.value.decision.reason == why
    assert Outbound.objects.unscoped("test").get().state == "resting"
    assert [line.id for line in reads.unsent(member(source), page=Page()).items] == [key]
    assert reads.passage(member(source), outbound=key).text.startswith("MSH|")
    line = TrailLine.objects.filter(action="endpoints.read_sent", outcome="done").get()
    assert line.subject_id == str(key)


def test_behind_the_fence_no_other_institution_sees_it(target: UUID, source: UUID, other: UUID):
    queued(target)
    seen = []
    for place in (source, other):
        with fence.within(Scope(frozenset({place}))):
            seen.append(Outbound.objects.unscoped("test").count())
    assert seen == [1, 0]
