"""What is done with sessions, queues, waiting lists, sanctions, series and merges."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from doorstep.events.residents import ResidentsMerged, ResidentsUnmerged
from doorstep.kernel.call import Call
from doorstep.kernel.models import OutboxEvent, RuleSet
from doorstep.kernel.outbox import drain
from doorstep.kernel.testing.callers import member, system
from doorstep.registers.portal.tests.factory import resident as sent
from doorstep.resources.booking import jobs, reactions
from doorstep.resources.booking.actions import appointments as acts
from doorstep.resources.booking.actions import barring, desk, rostering, series, sessions, stopping, waiting
from doorstep.resources.booking.flow import Penalty, Sitting, Status, Wish
from doorstep.resources.booking.models import Appointment, Sanction, Session, Slot, Waiting
from doorstep.resources.booking.reads import queues
from doorstep.resources.booking.reads import sessions as reads
from doorstep.resources.booking.rules import Channel, Terms
from doorstep.resources.booking.shapes import ClinicIn, RosterIn
from doorstep.resources.booking.tests.conftest import (
    EARLY,
    ahead,
    at,
    clock_at,
    department,
    morning,
    person,
    sitting,
    slots,
)
from doorstep.resources.booking.tests.test_claiming import refused

People = Callable[[int], list[UUID]]


def row(key: UUID) -> Appointment:
    """An appointment."""
    found: Appointment = Appointment.objects.unscoped("a test").get(pk=key)
    return found


def version(session: UUID) -> int:
    """What a page would carry as ``expect``."""
    return int(Session.objects.unscoped("a test").get(pk=session).version)


def clinic_of(session: UUID) -> UUID:
    """The clinic of a session."""
    return UUID(str(Session.objects.unscoped("a test").get(pk=session).clinic_id))


def book(call: Call, slot: Slot, whom: UUID) -> UUID:
    """Book at the window."""
    return acts.book(call, slot=slot.id, resident=whom, channel=Channel.WINDOW)


def told() -> list[str]:
    """The events so far."""
    return [event.name.partition(".")[2] for event in OutboxEvent.objects.order_by("pk")]


def test_a_stopped_clinic_keeps_places_for_those_it_affects_before_all_who_wait(
    clerk: Call, cardiology: UUID, people: People
) -> None:
    one, two, waits, other = people(4)
    first, second = sitting(clerk, cardiology, ahead(1)), sitting(clerk, cardiology, ahead(2), hours=1)
    keys = [book(clerk, slot, whom) for slot, whom in zip(slots(first), (one, two), strict=False)]
    book(clerk, slots(second)[0], other)
    waiting.join(clerk, clinic=clinic_of(second), resident=waits, since=ahead(2), until=ahead(2))
    assert stopping.stop(clerk, session=first, expect=version(first), why="医生外出抢救") == 2
    assert [row(key).status for key in keys] == ["cancelled", "cancelled"]
    assert all(row(key).stopped and row(key).ended_why == "医生外出抢救" for key in keys)
    kept = Appointment.objects.unscoped("a test").get(replaces=keys[0])
    assert (kept.session_id, kept.resident_id, kept.status) == (second, one, "held")
    assert kept.held_until == clerk.at + timedelta(hours=24)
    bodies = [event.body for event in OutboxEvent.objects.filter(name="booking.ClinicStopped").order_by("pk")]
    assert [body["instead"] for body in bodies] == [str(kept.id), None]
    acts.confirm(clerk, appointment=kept.id)
    assert not Slot.objects.filter(session=first, live=True).exists()
    refused("slot_closed", lambda: book(clerk, slots(first)[2], other))


def test_a_clinic_is_suspended_and_resumed_and_those_with_a_place_are_told(
    clerk: Call, tomorrow: UUID, people: People
) -> None:
    one, two = people(2)
    book(clerk, slots(tomorrow)[0], one)
    refused("stop.why", lambda: stopping.suspend(clerk, session=tomorrow, expect=version(tomorrow), why=" "))
    assert stopping.suspend(clerk, session=tomorrow, expect=version(tomorrow), why="等通知") == 1
    assert told()[-1] == "ClinicSuspended"
    refused("slot_closed", lambda: book(clerk, slots(tomorrow)[1], two))
    sessions.resume(clerk, session=tomorrow, expect=version(tomorrow))
    book(clerk, slots(tomorrow)[1], two)


def test_only_those_who_keep_a_clinic_change_it(clerk: Call, cardiology: UUID, tomorrow: UUID, township: UUID) -> None:
    other = member(township)
    before = version(tomorrow)
    refused("not_found", lambda: stopping.stop(other, session=tomorrow, expect=before, why="乱来"))
    refused("not_found", lambda: rostering.plan(other, clinic=clinic_of(tomorrow), since=ahead(1), until=ahead(2)))
    assert clerk.organisation is not None
    made = ClinicIn(clerk.organisation, cardiology, "别家门诊", practitioner="张", visits_from="省医")
    refused("not_found", lambda: rostering.make_clinic(other, clinic=made))
    assert version(tomorrow) == before


def test_rosters_must_be_lawful_and_do_not_overlap(clerk: Call, cardiology: UUID) -> None:
    assert clerk.organisation is not None
    made = ClinicIn(clerk.organisation, cardiology, "专家门诊", practitioner="李主任", visits_from="省医")
    clinic = rostering.make_clinic(clerk, clinic=made)
    refused("clinic.twice", lambda: rostering.make_clinic(clerk, clinic=made))
    week = frozenset({1, 2, 3, 4, 5, 6, 7})
    noon = EARLY.replace(hour=12)
    plain = RosterIn(week, EARLY, noon, 10, ahead(0))
    refused("basis.missing", lambda: rostering.add_roster(clerk, clinic=clinic, roster=plain))
    lawful = RosterIn(week, EARLY, noon, 10, ahead(0), "consultation")
    rostering.add_roster(clerk, clinic=clinic, roster=lawful)
    refused("roster.clash", lambda: rostering.add_roster(clerk, clinic=clinic, roster=lawful))
    assert rostering.plan(clerk, clinic=clinic, since=ahead(1), until=ahead(3)) == 3
    assert rostering.plan(clerk, clinic=clinic, since=ahead(1), until=ahead(4)) == 1
    refused("plan.span", lambda: rostering.plan(clerk, clinic=clinic, since=ahead(4), until=ahead(1)))


def test_the_desk_from_check_in_to_the_end_of_the_clinic(clerk: Call, cardiology: UUID, people: People) -> None:
    """Two come, one is called in vain, one does not come; then the clinic is closed and summed up."""
    day = ahead(1)
    session = sitting(clerk, cardiology, day)
    who = people(4)
    keys = [book(clerk, slot, whom) for slot, whom in zip(slots(session), who, strict=True)]
    with clock_at(morning(day, 7 * 60 + 50)):
        now = at(clerk, morning(day, 7 * 60 + 50))
        refused("session.not_open", lambda: desk.call_next(now, session=session))
        sessions.open_doors(now, session=session, expect=version(session))
        refused("check_in.early", lambda: desk.check_in(now, appointment=keys[3]))
        for key in keys[:2]:
            desk.check_in(now, appointment=key)
        assert desk.call_next(now, session=session) == keys[0]
        desk.pass_over(now, appointment=keys[0])
        assert desk.call_next(now, session=session) == keys[1]
        assert desk.call_next(now, session=session) == keys[0]
        assert desk.call_next(now, session=session) is None
        refused("session.not_over", lambda: desk.miss(now, appointment=keys[2]))
        refused("session.not_over", lambda: sessions.close(now, session=session, expect=version(session)))
    late = morning(day, 9 * 60 + 59)
    with clock_at(late):
        desk.check_in(at(clerk, late), appointment=keys[3])
    over = morning(day, 10 * 60)
    with clock_at(over):
        now = at(clerk, over)
        refused("session.waiting", lambda: sessions.close(now, session=session, expect=version(session)))
        desk.leave(now, appointment=keys[3])
        assert jobs.tidy(at(system(), over)) == 1
        sessions.close(now, session=session, expect=version(session))
        sessions.summarise(now, session=session, expect=version(session))
    assert [row(key).status for key in keys] == ["fulfilled", "fulfilled", "no_show", "no_show"]
    seen = Session.objects.unscoped("a test").get(pk=session)
    assert (seen.status, seen.came, seen.missed) == (Sitting.SUMMARISED, 2, 2)
    assert told().count("AppointmentMissed") == 2


def test_walk_ins_take_what_is_free_and_then_what_the_rule_adds(clerk: Call, cardiology: UUID, people: People) -> None:
    day = ahead(1)
    session = sitting(clerk, cardiology, day, hours=1)
    one, two, three, four = people(4)
    refused("session.not_today", lambda: desk.walk_in(clerk, session=session, resident=one))
    now_at = morning(day, 8 * 60 + 10)
    with clock_at(now_at):
        now = at(clerk, now_at)
        keys = [desk.walk_in(now, session=session, resident=whom) for whom in (one, two, three)]
        assert [row(key).number for key in keys] == [2, 1, 3]
        assert {row(key).status for key in keys} == {Status.CHECKED_IN}
        assert Slot.objects.get(session=session, number=3).added
        refused("added.full", lambda: desk.walk_in(now, session=session, resident=four))
        refused("added.full", lambda: desk.add_on(now, session=session, resident=four, why=""))
        assert len(queues.line(session, Terms())) == 3


def test_the_waiting_list_is_served_in_its_order_each_with_a_time_to_answer(
    clerk: Call, cardiology: UUID, people: People
) -> None:
    """The first lets it lapse, the second declines, the third says yes; nobody else gets in between."""
    session = sitting(clerk, cardiology, ahead(1), minutes=60, hours=1)
    clinic, [first, second, third, taker, outsider] = clinic_of(session), people(5)
    [slot] = slots(session)
    key = book(clerk, slot, taker)
    wishes = []
    for whom in (first, second, third):
        wishes.append(waiting.join(clerk, clinic=clinic, resident=whom, since=ahead(0), until=ahead(3)))
    refused("waiting.twice", lambda: waiting.join(clerk, clinic=clinic, resident=first, since=ahead(0), until=ahead(3)))
    refused(
        "waiting.span", lambda: waiting.join(clerk, clinic=clinic, resident=outsider, since=ahead(3), until=ahead(0))
    )
    assert waiting.offer(clerk, clinic=clinic) == 0
    acts.release(clerk, appointment=key, why="有事")
    refused("waited_for", lambda: book(clerk, slot, outsider))
    drain()

    def wish(which: int) -> Waiting:
        found: Waiting = Waiting.objects.unscoped("a test").get(pk=wishes[which])
        return found

    assert [wish(n).status for n in range(3)] == [Wish.OFFERED, Wish.WAITING, Wish.WAITING]
    answer_by = wish(0).answer_by
    assert answer_by is not None
    later = at(system(), answer_by)
    refused("waited_for", lambda: book(at(clerk, answer_by), slot, outsider))
    jobs.tidy(later)
    assert [wish(n).status for n in range(3)] == [Wish.LAPSED, Wish.OFFERED, Wish.WAITING]
    offer = wish(1).offer_id
    assert offer is not None
    acts.release(at(clerk, later.at), appointment=offer, why="")
    jobs.tidy(later)
    assert [wish(n).status for n in range(3)] == [Wish.LAPSED, Wish.DECLINED, Wish.OFFERED]
    offer = wish(2).offer_id
    assert offer is not None
    acts.confirm(at(clerk, later.at), appointment=offer)
    assert wish(2).status == Wish.ACCEPTED
    assert row(offer).status == Status.BOOKED
    refused("slot_taken", lambda: book(clerk, slot, outsider))


def test_a_wish_is_withdrawn_by_those_whose_business_it_is(clerk: Call, tomorrow: UUID, people: People) -> None:
    [one] = people(1)
    wish = waiting.join(clerk, clinic=clinic_of(tomorrow), resident=one, since=ahead(0), until=ahead(3))
    refused("not_found", lambda: waiting.withdraw(member(UUID(int=5)), wish=wish))
    waiting.withdraw(clerk, wish=wish)
    refused("wrong_state", lambda: waiting.withdraw(clerk, wish=wish))


def missed(clerk: Call, cardiology: UUID, whom: UUID, days: int) -> None:
    """Somebody does not come, some days from now."""
    session = sitting(clerk, cardiology, ahead(days), hours=1)
    key = book(clerk, slots(session)[0], whom)
    late = morning(ahead(days), 24 * 60 - 5)
    with clock_at(late):
        jobs.tidy(at(system(), late))
        assert row(key).status == Status.NO_SHOW
        drain()


def test_three_no_shows_bar_for_a_month_until_a_person_lifts_it(clerk: Call, cardiology: UUID, people: People) -> None:
    [one] = people(1)
    for days in (1, 2):
        missed(clerk, cardiology, one, days)
    assert not Sanction.objects.unscoped("a test").exists()
    missed(clerk, cardiology, one, 3)
    bar = Sanction.objects.unscoped("a test").get()
    assert (bar.resident_id, bar.since, bar.until) == (one, ahead(3), ahead(32))
    slot = slots(sitting(clerk, cardiology, ahead(5)))[0]
    later = morning(ahead(4), 600)
    with clock_at(later):
        now = at(clerk, later)
        refused("sanctioned", lambda: book(now, slot, one))
        refused("appeal.words", lambda: barring.appeal(now, sanction=bar.id, words=" "))
        barring.appeal(now, sanction=bar.id, words="住院了，来不了")
        refused("sanctioned", lambda: book(now, slot, one))
        bar.refresh_from_db()
        barring.decide(now, sanction=bar.id, expect=bar.version, lift=True, words="有住院证明")
        bar.refresh_from_db()
        assert (bar.status, bar.decided_name) == (Penalty.LIFTED, "成员")
        book(now, slot, one)


def test_other_rules_count_other_things(clerk: Call, cardiology: UUID, people: People) -> None:
    """Two cancellations within 30 days, anywhere, by a dated rule; what a clinic cancelled is not counted."""
    said = {"event": "cancelled", "count": 2, "window_days": 30, "length_days": 7, "scope": "everywhere"}
    RuleSet.objects.create(
        code="booking.sanctions", revision="1", issuer="县医院", effective_from=ahead(-10), parameters={"rules": [said]}
    )
    [one] = people(1)
    stops = sitting(clerk, cardiology, ahead(3))
    book(clerk, slots(stops)[0], one)
    stopping.stop(clerk, session=stops, expect=version(stops), why="停电")
    for days in (1, 2):
        session = sitting(clerk, cardiology, ahead(days), name=f"门诊{days}")
        acts.release(clerk, appointment=book(clerk, slots(session)[0], one), why="")
        drain()
        assert Sanction.objects.unscoped("a test").count() == (days == 2)
    bar = Sanction.objects.unscoped("a test").get()
    assert (bar.everywhere, bar.event, bar.count) == (True, "cancelled", 2)


def test_a_series_is_booked_whole_or_not_at_all(clerk: Call, cardiology: UUID, people: People) -> None:
    one, two = people(2)
    first, second = sitting(clerk, cardiology, ahead(1)), sitting(clerk, cardiology, ahead(8))
    slot = slots(first)[0]
    keys = series.book_series(clerk, slot=slot.id, resident=one, channel=Channel.WINDOW, every=7, count=2)
    assert [row(key).session_id for key in keys] == [first, second]
    assert [row(key).number for key in keys] == [1, 1]
    assert len({row(key).series for key in keys}) == 1
    refused(
        "series.day",
        lambda: series.book_series(
            clerk, slot=slots(first)[2].id, resident=two, channel=Channel.WINDOW, every=7, count=3
        ),
    )
    refused(
        "series.span",
        lambda: series.book_series(clerk, slot=slot.id, resident=two, channel=Channel.WINDOW, every=0, count=3),
    )
    assert not Appointment.objects.unscoped("a test").filter(resident=two).exists()


def test_what_is_a_resident_s_follows_a_merge_and_goes_back(clerk: Call, cardiology: UUID, people: People) -> None:
    kept, gone = people(2)
    session, other = sitting(clerk, cardiology, ahead(1)), sitting(clerk, cardiology, ahead(2))
    first = book(clerk, slots(session)[0], kept)
    double = book(clerk, slots(session)[1], gone)
    alone = book(clerk, slots(other)[0], gone)
    reactions.on_merged(system(), ResidentsMerged(kept, gone, (), (), "test"))
    assert [(row(key).resident_id, row(key).double) for key in (first, double, alone)] == [
        (kept, False), (kept, True), (kept, False),
    ]  # fmt: skip
    assert [line.double for line in reads.sitting(clerk, session=session).lines] == [False, True]
    refused("one_a_day", lambda: book(clerk, slots(session)[2], kept))
    reactions.on_unmerged(system(), ResidentsUnmerged(kept, gone, (), ()))
    assert [(row(key).resident_id, row(key).double) for key in (first, double, alone)] == [
        (kept, False), (gone, False), (gone, False),
    ]  # fmt: skip


@pytest.mark.parametrize("given_back", [0, 1])
def test_of_two_of_a_day_the_one_that_is_left_is_the_only_one(
    clerk: Call, tomorrow: UUID, people: People, given_back: int
) -> None:
    """Whichever is given back; the rule holds for it again."""
    kept, gone = people(2)
    keys = [book(clerk, slots(tomorrow)[at], whom) for at, whom in enumerate((kept, gone))]
    reactions.on_merged(system(), ResidentsMerged(kept, gone, (), (), "test"))
    acts.release(clerk, appointment=keys[given_back], why="只要一个")
    left = row(keys[1 - given_back])
    assert (left.status, left.double) == ("booked", False)
    refused("one_a_day", lambda: book(clerk, slots(tomorrow)[2], kept))
    acts.release(clerk, appointment=left.id, why="")
    assert row(book(clerk, slots(tomorrow)[2], kept)).status == "booked"


def test_what_is_booked_stands_in_the_ledger(clerk: Call, tomorrow: UUID, people: People) -> None:
    [one] = people(1)
    slot = slots(tomorrow)[0]
    key = book(clerk, slot, one)

    def status(kind: str, which: UUID) -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT body::json->>'status' FROM fhir_{kind} WHERE id = %s", [str(which)])
            [[found]] = cursor.fetchall()
        return str(found)

    assert (status("appointment", key), status("slot", slot.id)) == ("booked", "busy")
    acts.release(clerk, appointment=key, why="")
    assert (status("appointment", key), status("slot", slot.id)) == ("cancelled", "free")
    before = Session.objects.unscoped("a test").get(pk=tomorrow)
    stopping.stop(clerk, session=tomorrow, expect=before.version, why="停电")
    assert status("slot", slot.id) == "busy-unavailable"


def test_rooms_and_devices_are_booked_as_people_are(clerk: Call, county: UUID, people: People) -> None:
    radiology = department(county, "32", "医学影像科")
    made = ClinicIn(county, radiology, "CT", kind="device", place="影像楼 1 层")
    clinic = rostering.make_clinic(clerk, clinic=made)
    roster = RosterIn(frozenset({ahead(1).isoweekday()}), EARLY, EARLY.replace(hour=9), 20, ahead(1))
    rostering.add_roster(clerk, clinic=clinic, roster=roster)
    rostering.plan(clerk, clinic=clinic, since=ahead(1), until=ahead(1))
    session = Session.objects.unscoped("a test").get(clinic=clinic)
    sessions.give_out(clerk, session=session.id, expect=session.version)
    book(clerk, slots(session.id)[0], people(1)[0])
    nobody = ClinicIn(county, radiology, "门诊")
    refused("clinic.nobody", lambda: rostering.make_clinic(clerk, clinic=nobody))


@pytest.mark.parametrize("permission", ["booking.read"])
def test_a_reader_changes_nothing(permission: str, county: UUID, clerk: Call, tomorrow: UUID, people: People) -> None:
    reader = member(county, [permission])
    slot = slots(tomorrow)[0]
    refused("permission", lambda: book(reader, slot, people(1)[0]))
    refused("permission", lambda: stopping.stop(reader, session=tomorrow, expect=1, why="x"))
    assert slots(tomorrow)[0].appointment is None


def test_whoever_is_not_known_here_is_helped_at_the_desk_if_they_have_an_appointment(
    clerk: Call, cardiology: UUID, township: UUID
) -> None:
    """The township booked for one whom the county does not know: the county's desk checks them in."""
    day = ahead(1)
    session = sitting(clerk, cardiology, day)
    key = acts.book(
        member(township), slot=slots(session)[0].id, resident=person("周大娘", township), channel=Channel.REFERRAL
    )
    now = morning(day, 470)
    with clock_at(now):
        desk.check_in(at(clerk, now), appointment=key)
        refused("not_found", lambda: desk.check_in(at(member(township), now), appointment=key))
    assert row(key).status == Status.CHECKED_IN


def test_those_affected_are_told_by_short_message_once(
    clerk: Call, county: UUID, cardiology: UUID, tmp_path: Path, settings: Any
) -> None:
    """Of a suspension, of a stop with the place that is kept instead, of an offer; who has no telephone is not."""
    settings.DOORSTEP_MESSAGES = tmp_path / "messages.json"
    whom, nobody = sent(county, name="王小明", serial=7, phone="13900000071"), person("无电话", county)
    first, second = sitting(clerk, cardiology, ahead(1)), sitting(clerk, cardiology, ahead(2), minutes=60, hours=1)
    for slot, one in zip(slots(first), (whom, nobody), strict=False):
        book(clerk, slot, one)
    stopping.suspend(clerk, session=first, expect=version(first), why="等通知")
    stopping.stop(clerk, session=first, expect=version(first), why="医生外出抢救")
    drain()
    drain()
    said = [json.loads(line) for line in (tmp_path / "messages.jsonl").read_text().splitlines()]
    assert [one["phone"] for one in said] == ["13900000071"] * 2
    assert "可能有变动（等通知）" in said[0]["text"]
    assert "医生外出抢救" in said[1]["text"]
    assert f"{ahead(2).month}月{ahead(2).day}日08:00" in said[1]["text"]
    waiting.join(clerk, clinic=clinic_of(second), resident=whom, since=ahead(3), until=ahead(4))
    sitting(clerk, cardiology, ahead(3), minutes=60, hours=1)
    assert waiting.offer(clerk, clinic=clinic_of(second)) == 1
    drain()
    last = json.loads((tmp_path / "messages.jsonl").read_text().splitlines()[-1])
    assert "有号了" in last["text"]
