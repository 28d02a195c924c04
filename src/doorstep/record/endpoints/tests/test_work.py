"""From what was kept to the chart: once, in order, whatever is beside it; what cannot be used rests, is mended."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection

from doorstep.kernel import clock, fence, worker
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import TrailLine
from doorstep.kernel.paging import Page
from doorstep.kernel.testing.callers import member, system
from doorstep.record.endpoints import jobs, reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import editing, mending, purging, work
from doorstep.record.endpoints.models import Endpoint, Inbound, Minute, Replay
from doorstep.record.endpoints.tests import kit
from doorstep.record.endpoints.tests.kit import oru
from doorstep.record.exchange.models import Message
from doorstep.record.exchange.tests.kit import make_organisation
from doorstep.registers.residents.models import Resident

NO_PATIENT = oru(9).replace(b"PID|1||P1^^^LAB^MR||", b"PID|1||||")


def ledger(kind: str) -> list[tuple[str, int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, version, body FROM fhir_{kind} WHERE NOT deleted ORDER BY updated, id")
        return cursor.fetchall()


def told(key: int) -> tuple[str, str, str]:
    row = Inbound.objects.unscoped("test").get(pk=key)
    return row.state, row.reason, row.place


@pytest.mark.django_db
class TestApplied:
    def test_a_result_stands_in_the_chart_and_its_journey_is_told(self, source: UUID, endpoint: UUID):
        [key] = kit.keep(endpoint, oru(1))
        kit.work_off()
        journey = reads.journey(system(), inbound=key)
        assert (journey.line.state, journey.code, journey.peer) == ("applied", "AA", "10.1.1.1")
        kinds = sorted(each.partition("/")[0] for each in journey.wrote)
        assert kinds == ["DiagnosticReport", "Observation", "Patient"]
        assert [name for _, name in journey.whose] == ["王小明"]
        assert '"value":36.5' in ledger("observation")[0][2]
        message = Message.objects.unscoped("test").get(pk=journey.message)
        assert (message.channel, message.source_id, message.state) == ("hl7v2", source, "applied")
        assert TrailLine.objects.filter(
            action="endpoints.read", resident=Resident.objects.unscoped("t").get().pk
        ).exists()

    def test_a_known_patient_is_not_asked_for_again_and_their_results_share_a_transaction(
        self, endpoint: UUID, django_assert_max_num_queries
    ):
        kit.keep(endpoint, oru(1))
        kit.work_off()
        [last] = kit.keep(endpoint, *[oru(n) for n in range(2, 22)])[-1:]
        with django_assert_max_num_queries(60):
            kit.work_off()
        journey = reads.journey(system(), inbound=last)
        assert journey.wrote[0].startswith("Patient/")
        assert [name for _, name in journey.whose] == ["王小明"]
        assert (len(ledger("patient")), len(ledger("observation")), kit.states()) == (1, 21, {"applied": 21})
        subject = f'"subject":{{"reference":"{journey.wrote[0]}"}}'
        assert all(subject in body for *_, body in ledger("observation"))

    def test_two_that_say_the_same_at_different_times_are_two(self, endpoint: UUID):
        kit.keep(endpoint, oru(1, value="36.5").replace(b"F1", b"F0"))
        kit.keep(endpoint, oru(2, value="39.9").replace(b"F2", b"F0"))
        kit.keep(endpoint, oru(3, value="36.5").replace(b"F3", b"F0"))
        kit.work_off()
        [(_, version, body)] = ledger("observation")
        assert (version, '"value":36.5' in body) == (3, True)
        assert kit.states() == {"applied": 3}

    def test_what_cannot_be_used_rests_and_those_beside_it_go_in(self, endpoint: UUID):
        keys = kit.keep(endpoint, oru(1), NO_PATIENT, oru(2, kind="ZZZ^Z99"), oru(3, "P3"))
        kit.work_off()
        assert [told(key)[0] for key in keys] == ["applied", "resting", "resting", "applied"]
        assert told(keys[1])[1:] == ("unmappable", "PID")
        assert told(keys[2])[1:] == ("unmappable", "MSH-9.1")
        assert Message.objects.unscoped("test").count() == 2
        standing = reads.standing([reads.one(system(), endpoint)])[endpoint]
        assert (standing.rests, standing.waiting, standing.day, standing.rested_day) == (2, 0, 4, 2)

    def test_what_exchange_cannot_use_rests_with_its_reason_and_leaves_nothing(self, endpoint: UUID, monkeypatch):
        real = work.exchange.take

        def take(call, source, pieces, channel):
            broken = [work.exchange.Piece(p.kind, p.origin, p.raw.replace(b'"male"', b'"sometimes"')) for p in pieces]
            return real(call, source, broken, channel)

        monkeypatch.setattr(work.exchange, "take", take)
        keys = kit.keep(endpoint, oru(1), oru(2, "P2").replace(b"|M\r", b"|F\r"))
        kit.work_off()
        assert [told(key)[0] for key in keys] == ["resting", "applied"]
        assert "gender" in told(keys[0])[2]
        assert Message.objects.unscoped("test").count() == 1
        assert len(ledger("patient")) == 1

    def test_paused_it_waits(self, endpoint: UUID):
        [key] = kit.keep(endpoint, oru(1))
        editing.pause(system(), endpoint=endpoint, expect=1, paused=True)
        kit.work_off()
        assert told(key)[0] == "kept"
        editing.pause(system(), endpoint=endpoint, expect=2, paused=False)
        worker.run_shared()
        assert told(key)[0] == "applied"

    def test_one_with_much_does_not_keep_another_waiting(self, source: UUID, endpoint: UUID, monkeypatch):
        other = kit.make_endpoint(source, port=2600, name="乙")
        monkeypatch.setattr(work, "BATCH", 3)
        order: list[UUID] = []
        real = work.settle

        def settle(call, *, endpoint, slot):
            order.append(endpoint)
            return real(call, endpoint=endpoint, slot=slot)

        monkeypatch.setattr(work, "settle", settle)
        kit.keep(endpoint, *[oru(n) for n in range(12)])
        kit.keep(other, oru(50, "P9"))
        kit.work_off()
        assert order.index(other) <= 1
        assert kit.states() == {"applied": 13}


@pytest.mark.django_db
class TestMended:
    def test_replayed_once_it_can_be_used(self, endpoint: UUID):
        [key] = kit.keep(endpoint, NO_PATIENT)
        kit.work_off()
        mending.replay(system(), inbound=key)
        assert told(key) == ("kept", "", "")
        kit.work_off()
        assert told(key)[0] == "resting"

    def test_a_mended_text_takes_its_place_and_both_stay(self, endpoint: UUID):
        [key] = kit.keep(endpoint, NO_PATIENT)
        kit.work_off()
        made = mending.mend(system(), inbound=key, text=oru(9).decode().replace("\r", "\r\n"))
        kit.work_off()
        assert (told(key)[0], told(made)[0]) == ("mended", "applied")
        old, new = reads.journey(system(), inbound=key), reads.journey(system(), inbound=made)
        assert (old.mended_by, new.mends, new.text) == (made, key, oru(9).decode())
        with pytest.raises(Refused, match="wrong_state"):
            mending.replay(system(), inbound=key)

    def test_the_same_text_again_is_refused(self, endpoint: UUID):
        _one, two = kit.keep(endpoint, oru(1), NO_PATIENT)
        kit.work_off()
        with pytest.raises(Refused, match=r"inbound\.same"):
            mending.mend(system(), inbound=two, text=oru(1).decode())
        assert told(two)[0] == "resting"

    def test_dismissed_with_a_reason(self, endpoint: UUID):
        [key] = kit.keep(endpoint, NO_PATIENT)
        kit.work_off()
        with pytest.raises(Refused, match="reason_needed"):
            mending.dismiss(system(), inbound=key, reason=" ")
        mending.dismiss(system(), inbound=key, reason="重复")
        assert told(key)[0] == "dismissed"

    def test_all_that_rests_for_one_reason_is_put_back_bit_by_bit(self, endpoint: UUID, monkeypatch):
        monkeypatch.setattr(purging, "SLICE", 4)
        kit.keep(endpoint, *[oru(n) + b"ZZZ|1\r" for n in range(10)], reason="unreadable", code="AR")
        [other] = kit.keep(endpoint, b"x", reason="too-long", code="AR")
        mending.replay_all(system(), endpoint=endpoint, reason="unreadable")
        [later] = kit.keep(endpoint, b"y", reason="unreadable", code="AR")
        seen = []
        while reads.is_replaying():
            jobs.replay(system())
            seen.append(kit.states().get("kept", 0))
            kit.work_off()
        assert max(seen) <= 4
        assert (told(other)[0], told(later)[0]) == ("resting", "resting")
        assert kit.states() == {"applied": 10, "resting": 2}
        assert Replay.objects.unscoped("test").get().count == 10

    def test_nothing_to_replay(self, endpoint: UUID):
        with pytest.raises(Refused, match="nothing_rests"):
            mending.replay_all(system(), endpoint=endpoint)


@pytest.mark.django_db
class TestTwoInstitutions:
    def test_another_s_operator_sees_and_moves_nothing(self, source: UUID, other: UUID, endpoint: UUID):
        [key] = kit.keep(endpoint, NO_PATIENT)
        kit.work_off()
        call = member(other)
        assert reads.rests(call, page=Page()).items == ()
        assert reads.messages(call, endpoint, page=Page()).items == ()
        assert reads.reasons(call) == ()
        for act in (
            lambda: reads.journey(call, inbound=key),
            lambda: mending.replay(call, inbound=key),
            lambda: mending.mend(call, inbound=key, text="MSH"),
            lambda: mending.dismiss(call, inbound=key, reason="x"),
            lambda: mending.replay_all(call, endpoint=endpoint),
        ):
            with pytest.raises(Refused) as found:
                act()
            assert found.value.decision.reason == "not_found"
        assert told(key)[0] == "resting"
        assert len(reads.rests(member(source), page=Page()).items) == 1

    def test_who_may_only_look_reads_no_message(self, source: UUID, endpoint: UUID):
        [key] = kit.keep(endpoint, NO_PATIENT, reason="unreadable")
        call = member(source, {Permission.READ, Permission.EDIT})
        assert len(reads.rests(call, page=Page()).items) == 1
        with pytest.raises(Refused, match="permission"):
            reads.journey(call, inbound=key)

    def test_behind_the_fence_a_forgotten_filter_sees_no_other_s(self, source: UUID, other: UUID, endpoint: UUID):
        kit.keep(endpoint, oru(1))
        rows = Inbound.objects.unscoped("test")
        with fence.within(member(other).scope):
            assert rows.count() == 0
        with fence.within(member(source).scope):
            assert rows.count() == 1


@pytest.mark.django_db
class TestPurge:
    def test_what_is_done_with_goes_after_its_days_and_what_rests_stays(self, endpoint: UUID):
        keys = kit.keep(endpoint, oru(1), NO_PATIENT, oru(2, "P2"))
        kit.work_off()
        mended = mending.mend(system(), inbound=keys[1], text=oru(9).decode())
        kit.work_off()
        [resting] = kit.keep(endpoint, b"x", reason="unreadable")
        old = clock.now() - timedelta(days=31)
        Inbound.objects.unscoped("test").exclude(pk=keys[2]).update(received_at=old)
        assert purging.purge(system()) == 0
        Endpoint.objects.unscoped("test").update(keep_days=30)
        assert purging.purge(system()) + purging.purge(system()) == 3
        assert [row.pk for row in kit.inbound()] == [keys[2], resting]
        assert mended not in {row.pk for row in kit.inbound()}
        assert Minute.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_several_workers_side_by_side_do_each_once_and_each_patient_in_order(transactional_db):
    endpoint = kit.make_endpoint(make_organisation("甲医院"))
    for n in range(60):
        kit.keep(endpoint, oru(n, f"P{n % 4}", value=f"{30 + n}").replace(f"F{n}|".encode(), f"F{n % 4}|".encode()))
    faults: list[BaseException] = []

    def one() -> None:
        try:
            while work.run(system()) or kit.states().get("kept"):
                pass
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(3)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert faults == []
    assert kit.states() == {"applied": 60}
    found = {
        body.split('"value":')[-1].split(",")[0].rstrip("}"): version for _, version, body in ledger("observation")
    }
    assert found == {"86": 15, "87": 15, "88": 15, "89": 15}
    assert len(ledger("patient")) == 4
