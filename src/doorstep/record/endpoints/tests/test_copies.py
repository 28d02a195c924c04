"""Reports that only repeat what we told go no further; what waits about one who is merged goes before the merge."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from doorstep.adapters.hl7v2.codec import parse
from doorstep.kernel import outbox
from doorstep.kernel.testing.callers import system
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.actions import mending, purging, queueing, sending
from doorstep.record.endpoints.models import Outbound
from doorstep.record.endpoints.rules.copies import content_of
from doorstep.record.endpoints.rules.outward import Carry
from doorstep.record.endpoints.tests import kit
from doorstep.record.endpoints.tests.test_telling import carries, drain, put, record, refer, report
from doorstep.record.exchange.tests import kit as exchange
from doorstep.registers.residents import api as residents

SERIAL = itertools.count(1)


def queued() -> list[Outbound]:
    return list(Outbound.objects.unscoped("test").order_by("pk"))


def echo(body: bytes, number: int, keeps: bool) -> bytes:
    """What a system sends that gives our report back as its own: with its own header, its own numbers or ours."""
    lines = body.decode().rstrip("\r").split("\r")
    found = []
    for line in lines:
        fields = line.split("|")
        if fields[0] == "MSH":
            fields[2:6], fields[9] = ["ECHO", "E", "DOORSTEP", "HUB"], f"E{number}"
        if fields[0] == "OBR" and not keeps:
            fields[2], fields[3] = f"P{number}", f"F{number}"
        found.append("|".join(fields))
        if fields[0] == "OBX" and not keeps:
            found.append("NTE|1||转自平台")
    return ("\r".join(found) + "\r").encode()


@pytest.mark.django_db
@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    back=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=6),
    keeps=st.lists(st.booleans(), min_size=1, max_size=3),
    values=st.lists(st.sampled_from([140.0, 120.0, 99.5]), min_size=1, max_size=3, unique=True),
)  # fmt: skip
def test_systems_that_echo_our_reports_come_to_rest(db: None, back, keeps, values):
    """``back``: what is told to the one institution comes back from the other (or itself), as its own."""
    with transaction.atomic():
        places = [exchange.make_organisation(f"医院{next(SERIAL)}") for _ in range(3)]
        serial = next(SERIAL)
        card = exchange.resident_id(30 + serial % 900)
        for place, letter in zip(places, "ABC", strict=True):
            whose = record(place, f"{letter}{serial}", identity=card)
        mine = {carries(place, Carry.RESULTS): at for at, place in enumerate(places)}
        ways = [
            kit.make_endpoint(place, port=3000 + serial * 3 + at % 3, name=f"{at}") for at, place in enumerate(places)
        ]
        for at, place in enumerate(places):
            refer(whose, place, f"ServiceRequest/{serial}-{at}")
        for value in values:
            put(places[0], *report(f"A{serial}", value=value))
            drain()
        seen = 0
        for _ in range(12):
            rows = [row for row in queued() if row.endpoint_id in mine]
            fresh, seen = rows[seen:], len(rows)
            if not fresh:
                break
            for row, (told, by) in itertools.product(fresh, back):
                if mine[row.endpoint_id] == told:
                    number = next(SERIAL)
                    kit.keep(ways[by], echo(bytes(row.body), number, keeps[number % len(keeps)]))
            kit.work_off()
            drain()
        else:
            pytest.fail("they did not come to rest")
        told_to = [mine[row.endpoint_id] for row in rows]
        assert 0 not in told_to, "whoever said it first does not get it back"
        assert len(rows) == 2 * len(values), "the others get each word of it once"
        assert {state for (state,) in Outbound.objects.unscoped("t").values_list("state").distinct()} <= {"waiting"}
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_what_another_has_measured_itself_goes_on(source: UUID, other: UUID):
    third = exchange.make_organisation("丙医院")
    card = exchange.resident_id(21)
    whose = record(source, "A1", identity=card)
    record(other, "B1", identity=card)
    carries(third, Carry.RESULTS)
    refer(whose, third)
    put(source, *report("A1"))
    put(other, *report("B1", value=141.0))
    drain()
    assert [parse(bytes(row.body)).get("OBX-5") for row in queued()] == ["140.0", "141.0"]
    put(other, *report("B1", value=140.0))
    drain()
    assert len(queued()) == 2, "the same to the minute and the digit is taken for a copy"
    put(source, *report("A1", value=120.0))
    drain()
    result, made = report("A1", value=140.0)
    put(source, result, {**made, "conclusion": "复查"})
    drain()
    assert [parse(bytes(row.body)).get("OBX-5") for row in queued()][2:] == ["120.0", "140.0"], (
        "its own word, back again"
    )


values = st.one_of(
    st.decimals(-99, 99, places=2).map(lambda n: {"valueQuantity": {"value": float(n), "unit": "g/L"}}),
    st.sampled_from([{"valueString": "阴性"}, {"valueCodeableConcept": {"coding": [{"code": "N"}]}}, {}]),
)
observations = st.lists(
    st.builds(lambda code, value: {"code": {"coding": [{"code": code}]}, **value}, st.sampled_from("abc"), values),
    max_size=4,
)


@given(observations, st.randoms(), st.sampled_from(["2026-03-01T08:00:00+08:00", "2026-03-01", ""]))
def test_what_is_the_senders_own_does_not_count(results, chance, time):
    made: dict[str, Any] = {"code": {"text": "血常规"}, **({"effectiveDateTime": time} if time else {})}
    resident = uuid4()
    first = content_of(resident, made, results)
    other = [{**each, "id": "x", "note": [{"text": "n"}]} for each in chance.sample(results, len(results))]
    assert content_of(resident, {**made, "identifier": [{"value": "1"}], "status": "final"}, other) == first
    assert (first == "") == (not time and not results)
    if first:
        assert content_of(uuid4(), made, results) != first
        assert content_of(resident, {**made, "code": {"text": "尿常规"}}, results) != first


def test_digits_zones_and_seconds_that_say_the_same_are_the_same():
    resident = uuid4()
    said = [
        content_of(resident, {"code": {"text": "x"}, "effectiveDateTime": time}, [{"valueQuantity": {"value": value}}])
        for time, value in (("2026-03-01T08:00:00+08:00", 142.0), ("2026-03-01T00:00:30Z", 142),
                            (datetime(2026, 3, 1, tzinfo=UTC).isoformat(), "142.00"))
    ]  # fmt: skip
    assert len(set(said)) == 1


@pytest.mark.django_db
class TestMerged:
    @pytest.fixture
    def two(self, source: UUID, other: UUID) -> tuple[UUID, UUID, UUID]:
        """A target of the other institution that is told of merges and results; two residents of whom it holds both."""
        target = carries(other, Carry.MERGES, Carry.RESULTS)
        kept, gone = record(other, "B1"), record(other, "B2", "王小铭", "1985-03-16")
        return target, kept, gone

    def told_of(self, resident: UUID, target: UUID, cause: str) -> int:
        body = kit.oru(7).replace(b"P1^^^LAB^MR", f"{resident}^^^&urn:doorstep:resident&URI".encode())
        return queueing.send(system(), endpoint=target, cause=cause, key=str(resident), kind="ORU^R01", body=body,
                             residents=[resident])  # fmt: skip

    def test_what_waits_is_sent_before_the_merge_whatever_was_first(self, two):
        target, kept, gone = two
        first = [self.told_of(gone, target, f"g{n}") for n in range(3)]
        residents.merge(system(), kept=kept, gone=gone)
        drain()
        endpoint = reads.one(system(), target)
        runs = sending.hand_over(
            system(), endpoint=endpoint, keys=[head.key for head in sending.heads(endpoint, "")], most=20
        )
        rows = {row.pk: row for row in queued()}
        assert [[rows[each.id].kind for each in run] for run in runs] == [["ORU^R01"] * 3 + ["ADT^A40"]]
        assert [each.id for each in runs[0]][:3] == first

    def test_a_merge_waits_for_what_is_under_way(self, two):
        target, kept, gone = two
        self.told_of(gone, target, "g")
        residents.merge(system(), kept=kept, gone=gone)
        drain()
        endpoint = reads.one(system(), target)
        keys = [head.key for head in sending.heads(endpoint, "")]
        assert sending.hand_over(system(), endpoint=endpoint, keys=keys, most=20, busy={str(gone)}) == []
        assert sending.hand_over(system(), endpoint=endpoint, keys=keys, most=20, busy={str(kept), str(uuid4())}) != []

    def test_what_rests_is_sent_again_under_the_number_that_is_left(self, two):
        target, kept, gone = two
        one, many = (self.told_of(gone, target, cause) for cause in ("one", "many"))
        Outbound.objects.unscoped("t").filter(pk__in=(one, many)).update(state="resting", reason="closed")
        residents.merge(system(), kept=kept, gone=gone)
        drain()
        mending.replay_sent(system(), outbound=one)
        mending.replay_all(system(), endpoint=target)
        purging.replay_some(system())
        for row in queued()[:2]:
            assert (row.state, row.key, row.residents) == ("waiting", str(kept), [kept])
            assert str(kept).encode() in bytes(row.body)
            assert str(gone).encode() not in bytes(row.body)
        merge = queued()[-1]
        assert (merge.kind, str(gone).encode() in bytes(merge.body)) == ("ADT^A40", True)

    def test_three_merged_one_after_the_other_keep_their_order(self, two, other: UUID):
        target, kept, gone = two
        last = record(other, "B3", "王小明明", "1985-03-17")
        self.told_of(gone, target, "g")
        residents.merge(system(), kept=kept, gone=gone)
        drain()
        residents.merge(system(), kept=last, gone=kept)
        drain()
        assert [(row.kind, row.key) for row in queued()] == [
            ("ORU^R01", str(last)), ("ADT^A40", str(last)), ("ADT^A40", str(last)),
        ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_what_is_told_while_a_merge_is_told_goes_before_it_or_under_the_other_number(source: UUID, other: UUID):
    """The race itself: a report is being told of the one while it is merged away, by another worker."""
    target = carries(other, Carry.MERGES, Carry.RESULTS)
    kept, gone = record(other, "B1"), record(other, "B2", "王小铭", "1985-03-16")
    outbox.drain()
    ready, go = threading.Event(), threading.Event()

    def tell() -> None:
        try:
            with transaction.atomic():
                whose = queueing.settled(gone)
                ready.set()
                go.wait(20)
                TestMerged().told_of(whose, target, "race")
        finally:
            connection.close()

    thread = threading.Thread(target=tell)
    thread.start()
    assert ready.wait(20)
    residents.merge(system(), kept=kept, gone=gone)
    threading.Timer(0.5, go.set).start()
    outbox.drain()
    thread.join(20)
    assert [(row.kind, row.key) for row in queued()] == [("ORU^R01", str(kept)), ("ADT^A40", str(kept))]
    with transaction.atomic():
        assert queueing.settled(gone) == kept
