"""Sixty hold tickets for a release of three page processes; one is killed (-9) while they join, one while they are
drawn and answered, all connections break: each has one ticket and one answer, in the order of the one recorded seed."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection

from doorstep.kernel import clock
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.callers import member
from doorstep.record.charts.tests.conftest import organisation
from doorstep.resources.booking.models import Appointment, Release, Slot, Ticket
from doorstep.resources.booking.rules import releasing
from doorstep.resources.booking.tests.conftest import ahead, at, department, person, sitting
from tests.faults.test_kill_booking import BREAK, Crowd, Want

pytestmark = pytest.mark.django_db(transaction=True)
EARLY, LATE = 60, 6


def crowds_of(session: UUID, wants: list[Want], processes: int = 3) -> list[Crowd]:
    """So many page processes, each with its share."""
    return [Crowd(wants[k::processes], ("tests.faults.queuers", str(session))) for k in range(processes)]


def answered(session: UUID, wants: list[Want], *, broken: bool) -> dict[int, str]:
    """Three processes at once; one is killed after a few answers, all connections break; the rest asks again."""
    crowds = crowds_of(session, wants)
    for crowd in crowds:
        crowd.begin()
    crowds[0].read(2)
    crowds[0].process.kill()
    if broken:
        crowds[1].read(1)
        with connection.cursor() as cursor:
            cursor.execute(BREAK)
            assert len(cursor.fetchall()) >= 2, "nothing was left to break: they were too quick"
    for crowd in crowds:
        crowd.read()
        crowd.process.wait(60)
    assert len(crowds[0].answers) < len(crowds[0].wants), "the kill came after the end"
    found = {number: said for crowd in crowds for number, said in crowd.answers.items()}
    [again] = crowds_of(session, [want for want in wants if want[1] not in found], 1)
    again.begin()
    again.read()
    again.process.wait(60)
    return found | again.answers


def test_one_ticket_one_answer_by_the_recorded_seed():
    county = organisation("县人民医院")
    clerk = member(county)
    cardiology = department(county, "03.04", "心内科")
    session = sitting(at(clerk, clerk.at - timedelta(days=1)), cardiology, ahead(15), minutes=30, hours=2, together=5)
    people = [person(f"居民{n}", county) for n in range(EARLY + LATE)]
    # everybody presses the button at two processes
    joins: list[Want] = [("join", n, people[n % EARLY]) for n in range(2 * EARLY)]
    tickets = answered(session, joins, broken=False)
    assert all(tickets[n] == tickets[n + EARLY] for n in range(EARLY)), "one ticket each, however often they ask"
    assert len(set(tickets.values())) == EARLY

    opens = clock.now()
    Release.objects.unscoped("a test").update(opens_at=opens)
    places = Slot.objects.filter(session=session, channel="app")
    places.update(open_at=opens)
    [late] = crowds_of(session, [("join", n, people[n]) for n in range(EARLY, EARLY + LATE)], 1)
    late.begin()
    late.read()
    looks: list[Want] = [("look", n, whom) for n, whom in enumerate(people)]
    said = answered(session, looks, broken=True)

    release, rows = Release.objects.unscoped("a test").get(), list(Ticket.objects.unscoped("a test").order_by("turn"))
    assert release.closed_at is not None
    assert len(rows) == len(people) == len({row.resident_id for row in rows})
    assert {people.index(row.resident_id): f"{row.status} {row.appointment_id or '-'}" for row in rows} == said
    in_turn = [row for row in rows if row.turn is not None]
    early = {UUID(text.removeprefix("ticket ")) for text in tickets.values()}
    assert [row.id for row in in_turn] == list(releasing.drawn(release.seed, early)), "anybody can draw it again"
    sold = places.count()
    assert [row.status for row in in_turn] == ["given"] * sold + ["none_left"] * (EARLY - sold)
    assert {row.status for row in rows if row.turn is None} == {"none_left"}, (
        "who came late follows those who were drawn"
    )

    booked = Appointment.objects.unscoped("a test").in_bulk([row.appointment_id for row in in_turn[:sold]])
    numbers = [booked[row.appointment_id].number for row in in_turn[:sold]]
    assert numbers == sorted(places.values_list("number", flat=True)), "the first has the first place"
    assert Appointment.objects.unscoped("a test").count() == sold
    assert set(places.values_list("appointment", flat=True)) == set(booked)
    served = TrailLine.objects.filter(action="booking.serve", outcome="done", detail__seed__isnull=False)
    assert {line.detail["seed"] for line in served} == {release.seed}, "it was drawn once"
