"""What is told of by itself: merges, results, appointments; to whom it may, in the words of the receiver, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hl7apy.parser import parse_message

from doorstep.adapters.hl7v2.codec import Message, parse
from doorstep.kernel import clock, outbox
from doorstep.kernel.models import Delivery
from doorstep.kernel.testing.callers import system
from doorstep.record.endpoints.models import Endpoint, Outbound
from doorstep.record.endpoints.rules.outward import Carry
from doorstep.record.endpoints.tests import kit
from doorstep.record.exchange.tests import kit as exchange
from doorstep.registers.consents import api as consents
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.models import Merge, ResidentRecord
from doorstep.resources.booking.actions import appointments, stopping
from doorstep.resources.booking.models import Appointment, Session
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.tests.conftest import (  # noqa: F401  # its people and places
    ahead,
    cardiology,
    clerk,
    county,
    sitting,
    slots,
    tomorrow,
    township,
)

pytestmark = pytest.mark.django_db
SYSTEM = "urn:his:numbers"


def told() -> list[tuple[Outbound, Message]]:
    """All that is queued, with what it says, in its order; every peer can read it."""
    drain()
    rows = list(Outbound.objects.unscoped("test").order_by("pk"))
    for row in rows:
        theirs = parse_message(bytes(row.body).decode(), find_groups=False)
        assert theirs.msh.msh_10.value == row.control
    return [(row, parse(bytes(row.body))) for row in rows]


def drain() -> None:
    outbox.drain()
    assert not Delivery.objects.exclude(state="done").exists()


def carries(organisation: UUID, *what: Carry, **said: Any) -> UUID:
    return kit.make_target(organisation, out={"carries": frozenset(what)}, authorities={"HIS": SYSTEM}, **said)


def record(source: UUID, number: str, name: str = "王小明", born: str = "1985-03-15", identity: str = "") -> UUID:
    """A record of somebody that an institution sends; the resident."""
    numbers = [{"system": SYSTEM, "value": number}]
    numbers += [{"system": exchange.RESIDENT_ID, "value": identity}] if identity else []
    body = {
        "resourceType": "Patient", "id": f"p-{number}", "identifier": numbers, "name": [{"text": name}],
        "gender": "male", "birthDate": born,
    }  # fmt: skip
    sent = exchange.bundle("transaction", exchange.entry(body, None, "PUT", f"Patient/p-{number}"))
    [receipt] = exchange.send(source, sent)
    assert receipt.state == "applied", receipt.problems
    found: UUID = ResidentRecord.objects.unscoped("test").get(patient_id=f"p-{number}").resident_id
    return found


class TestMerges:
    def test_who_holds_both_is_told_its_own_two_numbers(self, source: UUID, other: UUID):
        carries(source, Carry.MERGES)
        kept, gone = record(source, "A1"), record(source, "A2", "王小铭", "1985-03-16")
        residents.merge(system(), kept=kept, gone=gone)
        [(row, message)] = told()
        assert message.get("MSH-9") == "ADT^A40^ADT_A39"
        assert (row.kind, row.key, row.residents) == ("ADT^A40", str(kept), sorted({kept, gone}))
        assert (message.all("PID-3.1"), message.get("PID-3[2].4.1")) == ([str(kept), "A1"], "HIS")
        assert (message.all("MRG-1.1"), message.get("MRG-1[2].4.1")) == ([str(gone), "A2"], "HIS")
        assert message.get("PID-5.1") == "王小明"
        outbox.drain()
        assert len(told()) == 1

    def test_who_holds_one_keeps_its_number_and_learns_nothing_of_others(self, source: UUID, other: UUID):
        carries(other, Carry.MERGES)
        third = exchange.make_organisation("丙医院")
        carries(third, Carry.MERGES)
        kept, gone = record(source, "A1"), record(other, "B1", "王小铭", "1985-03-16")
        residents.merge(system(), kept=kept, gone=gone)
        [(row, message)] = told()
        assert row.receiver_id == other
        assert message.all("PID-3.1") == [str(kept), "B1"]
        assert message.all("MRG-1.1") == [str(gone)]
        assert message.get("PID-5.1") == "王小铭", "as its own record says it, and not another's"
        assert b"A1" not in bytes(row.body)

    def test_a_merge_undone_moves_the_numbers_back_behind_it(self, source: UUID, other: UUID):
        carries(source, Carry.MERGES)
        carries(other, Carry.MERGES)
        kept, gone = record(source, "A1"), record(other, "B1", "王小铭", "1985-03-16")
        residents.merge(system(), kept=kept, gone=gone)
        outbox.drain()
        residents.unmerge(system(), merge=Merge.objects.unscoped("test").get().pk)
        moves = {row.receiver_id: (row, said) for row, said in told() if row.kind == "ADT^A43"}
        assert set(moves) == {source, other}
        row, message = moves[other]
        assert row.key == str(kept)
        assert message.get("MSH-9.3") == "ADT_A43"
        assert message.all("PID-3.1") == message.all("MRG-1.1") == [str(gone), "B1"]
        assert (message.get("PID-2.1"), message.get("MRG-4.1")) == (str(gone), str(kept))
        assert moves[source][1].all("PID-3.1") == [str(gone)], "it holds none of them: only that they are two again"

    def test_merged_again_it_is_told_again(self, source: UUID):
        carries(source, Carry.MERGES)
        kept, gone = record(source, "A1"), record(source, "A2", "王小铭", "1985-03-16")
        for _ in range(2):
            residents.merge(system(), kept=kept, gone=gone)
            drain()
            residents.unmerge(system(), merge=Merge.objects.unscoped("test").latest("pk").pk)
        assert [row.kind for row, _ in told()] == ["ADT^A40", "ADT^A43"] * 2
        assert len({row.control for row, _ in told()}) == 4

    def test_whom_nobody_asked_to_be_told_is_told_nothing(self, source: UUID, other: UUID):
        carries(source, Carry.RESULTS)
        off = carries(source, Carry.MERGES)
        Endpoint.objects.unscoped("test").filter(pk=off).update(is_on=False)
        kept, gone = record(source, "A1"), record(source, "A2", "王小铭", "1985-03-16")
        residents.merge(system(), kept=kept, gone=gone)
        assert told() == []


class TestChanges:
    def test_who_serves_the_person_is_told_what_another_has_changed(self, source: UUID, other: UUID):
        third = exchange.make_organisation("丙医院")
        for place in (source, other, third):
            carries(place, Carry.CHANGES)
        card = exchange.resident_id(11)
        whose = record(source, "A1", identity=card)
        for place, number in ((other, "B1"), (third, "C1")):
            assert record(place, number, identity=card) == whose
        refer(whose, other)
        record(source, "A1", identity=card)
        assert told() == [], "what says the same changes nothing"
        record(source, "A1", "王晓明", identity=card)
        [(row, message)] = told()
        assert (row.receiver_id, row.kind, row.residents) == (other, "ADT^A31", [whose])
        assert message.all("PID-3.1") == [str(whose), "B1", card]
        assert (message.get("PID-5.1"), message.get("PV1-2")) == ("王晓明", "N")

    @pytest.mark.parametrize("both", [True, False])
    def test_a_system_that_reads_no_a31_is_told_by_a08(self, source: UUID, other: UUID, both: bool):
        carries(other, *({Carry.CHANGES, Carry.UPDATES} if both else {Carry.UPDATES}))
        card = exchange.resident_id(12)
        whose = record(source, "A1", identity=card)
        record(other, "B1", identity=card)
        refer(whose, other)
        record(source, "A1", "王晓明", identity=card)
        [(row, message)] = told()
        assert (row.kind, message.get("MSH-9")) == ("ADT^A08", "ADT^A08^ADT_A01")
        assert (message.get("EVN-1") or "A08", message.get("PID-5.1"), message.get("PV1-2")) == ("A08", "王晓明", "N")

    def test_against_a_refusal_nothing_is_told(self, source: UUID, other: UUID):
        carries(other, Carry.CHANGES)
        card = exchange.resident_id(13)
        whose = record(source, "A1", identity=card)
        record(other, "B1", identity=card)
        refer(whose, other)
        consents.open_relation(
            consents.Opening(whose, consents.Why.DENIAL, "paper", clock.now() - timedelta(hours=1), None, other)
        )
        record(source, "A1", "王晓明", identity=card)
        assert told() == []


def report(number: str, code: str = "718-7", *, based: str = "", value: float = 140.0) -> list[dict[str, Any]]:
    """A report of one result about the patient of a number."""
    about = {"subject": {"reference": f"Patient/p-{number}"}, "status": "final"}
    coding = {"coding": [{"system": "http://loinc.org", "code": code}]}
    result = {
        "resourceType": "Observation", "id": f"o-{number}-{code}", "code": coding,
        "valueQuantity": {"value": value, "unit": "g/L"}, "effectiveDateTime": "2026-03-01T08:00:00+08:00", **about,
    }  # fmt: skip
    made = {
        "resourceType": "DiagnosticReport", "id": f"r-{number}-{code}", "code": coding,
        "result": [{"reference": f"Observation/o-{number}-{code}"}], **about,
    } | ({"basedOn": [{"reference": f"ServiceRequest/{based}"}]} if based else {})  # fmt: skip
    return [result, made]


def put(source: UUID, *resources: dict[str, Any]) -> None:
    entries = [exchange.entry(each, None, "PUT", f"{each['resourceType']}/{each['id']}") for each in resources]
    [receipt] = exchange.send(source, exchange.bundle("transaction", *entries))
    assert receipt.state == "applied", receipt.problems


def refer(resident: UUID, to: UUID, reference: str = "ServiceRequest/x") -> None:
    """An open referral of the resident to an institution, as the room of referrals tells it."""
    now = clock.now()
    consents.open_relation(
        consents.Opening(
            resident, consents.Why.REFERRAL, reference, now - timedelta(days=1), now + timedelta(days=9), to
        )
    )


class TestResults:
    def test_who_has_the_open_referral_gets_them_and_nobody_else(self, source: UUID, other: UUID):
        third = exchange.make_organisation("丙医院")
        for place in (source, other, third):
            carries(place, Carry.RESULTS)
        card = exchange.resident_id(7)
        whose = record(source, "A1", identity=card)
        record(third, "C1", identity=card)
        refer(whose, other)
        put(source, *report("A1"))
        [(row, message)] = told()
        assert (row.receiver_id, row.kind, row.residents) == (other, "ORU^R01", [whose])
        assert message.get("OBX-3.1") == "718-7"
        assert message.get("OBX-5") == "140.0"
        assert message.all("PID-3.1") == [str(whose), card], "it has no number of its own for them, and gets no other's"
        put(source, *report("A1"))
        assert len(told()) == 1, "what says the same is told once"
        put(source, *report("A1", value=120.0))
        assert [m.get("OBX-5") for _, m in told()] == ["140.0", "120.0"], "a value that is mended is told"
        put(source, {**report("A1")[1], "conclusion": "贫血"})
        assert len(told()) == 3

    def test_who_ordered_it_gets_it_by_its_own_number(self, source: UUID, other: UUID):
        carries(other, Carry.RESULTS)
        card = exchange.resident_id(9)
        record(other, "B1", identity=card)
        record(source, "A1", identity=card)
        put(
            other,
            {
                "resourceType": "ServiceRequest", "id": "order-1", "status": "active", "intent": "order",
                "subject": {"reference": "Patient/p-B1"}, "identifier": [{"system": "urn:x", "value": "O77"}],
            },
        )  # fmt: skip
        put(source, *report("A1"))
        assert told() == []
        put(source, *report("A1", "2345-7", based="order-1"))
        [(_, message)] = told()
        assert message.get("PID-3[2].1") == "B1"
        assert message.get("OBR-4.1") == "2345-7"

    def test_a_refusal_of_the_residents_stops_it(self, source: UUID, other: UUID):
        carries(other, Carry.RESULTS)
        whose = record(source, "A1")
        refer(whose, other)
        consents.open_relation(
            consents.Opening(whose, consents.Why.DENIAL, "paper", clock.now() - timedelta(hours=1), None, other)
        )
        put(source, *report("A1"))
        assert told() == []

    def test_sensitive_kinds_are_withheld_unless_the_resident_named_them(self, source: UUID, other: UUID):
        carries(other, Carry.RESULTS)
        whose = record(source, "A1")
        refer(whose, other)
        put(source, *report("A1", "7917-8"))
        assert told() == []
        put(source, *report("A1"))
        assert [m.get("OBX-3.1") for _, m in told()] == ["718-7"]

    def test_a_referral_that_is_over_opens_nothing(self, source: UUID, other: UUID):
        carries(other, Carry.RESULTS)
        whose = record(source, "A1")
        refer(whose, other)
        consents.close_relation(consents.Why.REFERRAL, "ServiceRequest/x", at=clock.now(), reason="closed")
        put(source, *report("A1"))
        assert told() == []

    def test_what_came_by_an_endpoint_names_its_message(self, source: UUID, other: UUID):
        carries(other, Carry.RESULTS)
        endpoint = kit.make_endpoint(source)
        [first] = kit.keep(endpoint, kit.oru(1))
        kit.work_off()
        drain()
        refer(ResidentRecord.objects.unscoped("test").get().resident_id, other)
        [second] = kit.keep(endpoint, kit.oru(2))
        kit.work_off()
        [(row, message)] = told()
        assert row.inbound == second != first
        assert message.get("OBX-5") == "36.5"


class TestAppointments:
    def book(self, clerk, tomorrow, resident) -> UUID:  # noqa: F811  # fixtures
        return appointments.book(clerk, slot=slots(tomorrow)[0].id, resident=resident, channel=Channel.WINDOW)

    def test_the_clinics_own_system_is_told_who_comes_and_who_does_not(
        self, clerk, county, township, tomorrow  # noqa: F811  # fixtures
    ):  # fmt: skip
        carries(county, Carry.APPOINTMENTS)
        carries(township, Carry.APPOINTMENTS)
        whose = record(county, "A1")
        made = self.book(clerk, tomorrow, whose)
        [(row, message)] = told()
        assert (row.receiver_id, message.get("MSH-9")) == (county, "SIU^S12^SIU_S12")
        assert (message.get("SCH-1.1"), message.get("SCH-25")) == (str(made), "Booked")
        assert message.get("SCH-11.4") == slots(tomorrow)[0].starts.astimezone(clock.CHINA).strftime(
            "%Y%m%d%H%M%S+0800"
        )
        assert (message.get("PID-3[2].1"), message.get("PID-5.1")) == ("A1", "王小明")
        appointments.release(clerk, appointment=made, why="临时有事")
        cancelled = told()[-1][1]
        assert (cancelled.get("MSH-9.2"), cancelled.get("SCH-1.1")) == ("S15", str(made))
        assert (cancelled.get("SCH-25"), cancelled.get("SCH-6.2")) == ("Cancelled", "临时有事")

    def test_a_clinic_that_is_stopped_is_told_for_each(self, clerk, county, tomorrow):  # noqa: F811  # fixtures
        carries(county, Carry.APPOINTMENTS)
        self.book(clerk, tomorrow, record(county, "A1"))
        row = Session.objects.unscoped("test").get(pk=tomorrow)
        stopping.stop(clerk, session=tomorrow, expect=row.version, why="医生出诊")
        assert [m.get("MSH-9.2") for _, m in told()] == ["S12", "S15"]

    def test_one_that_takes_the_place_of_another_is_told_as_moved(self, clerk, county, cardiology, tomorrow):  # noqa: F811
        carries(county, Carry.APPOINTMENTS)
        former = self.book(clerk, tomorrow, record(county, "A1"))
        later = sitting(clerk, cardiology, ahead(3))
        row = Session.objects.unscoped("test").get(pk=tomorrow)
        stopping.stop(clerk, session=tomorrow, expect=row.version, why="医生出诊")
        drain()
        instead = Appointment.objects.unscoped("test").get(replaces=former)
        appointments.confirm(clerk, appointment=instead.pk)
        found = told()
        assert [m.get("MSH-9") for _, m in found] == [f"SIU^{each}^SIU_S12" for each in ("S12", "S15", "S13")]
        moved = found[-1][1]
        assert (moved.get("SCH-1.1"), moved.get("SCH-2.1")) == (str(instead.pk), str(instead.pk))
        assert (moved.get("SCH-23.1"), moved.get("SCH-24.1")) == (str(former), str(former))
        assert moved.get("SCH-11.4") == slots(later)[0].starts.astimezone(clock.CHINA).strftime("%Y%m%d%H%M%S+0800")


def test_in_the_receivers_character_set_and_version(source: UUID):
    kit.make_target(
        source, charset="GB 18030-2000", out={"carries": frozenset({Carry.MERGES}), "standard": "2.4"}
    )  # fmt: skip
    residents.merge(
        system(), kept=record(source, "A1"), gone=record(source, "A2", "王小铭", "1985-03-16")
    )  # fmt: skip
    outbox.drain()
    row = Outbound.objects.unscoped("test").get()
    assert "王小明".encode("gb18030") in bytes(row.body)
    header = parse(bytes(row.body)).header
    assert (header.version, header.charset) == ("2.4", "GB 18030-2000")
    assert (header.control_id, len(row.control)) == (row.control, 20)
