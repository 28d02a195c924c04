"""A release for which many wait: a fair order, one answer each, whoever serves and whatever dies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.call import NOWHERE, Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.at_once import at_once
from doorstep.registers.residents.models import Resident
from doorstep.resources.booking import jobs
from doorstep.resources.booking.actions import appointments, own, releasing, waiting
from doorstep.resources.booking.flow import Turn
from doorstep.resources.booking.models import Appointment, Release, Slot, Ticket
from doorstep.resources.booking.reads import releases as reads
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.rules import releasing as rules
from doorstep.resources.booking.tests.conftest import ahead, at, morning, sitting, slots
from doorstep.resources.booking.tests.test_at_once import books_balance

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = timedelta(seconds=1)


def hour() -> datetime:
    """When the places of the expert's session are given out."""
    return morning(ahead(20) - timedelta(days=14), 7 * 60)


@given(st.text(min_size=1), st.lists(st.uuids(), unique=True), st.randoms())
def test_the_order_is_the_seed_s_alone(seed: str, tickets: list[UUID], dice: Any) -> None:
    """Every ticket once; in which order they came changes nothing."""
    order = rules.drawn(seed, tickets)
    assert sorted(order) == sorted(tickets)
    dice.shuffle(tickets)
    assert rules.drawn(seed, tickets) == order


def test_everybody_is_first_as_often_as_anybody() -> None:
    tickets = [UUID(int=n) for n in range(5)]
    first = Counter(rules.drawn(str(seed), tickets)[0] for seed in range(5000))
    assert all(850 < first[one] < 1150 for one in tickets), first


@given(st.integers(0, 100_000), st.floats(-3600, 90_000), st.floats(0, 1))
def test_pages_ask_neither_too_often_nor_never(waiting_: int, to_go: float, dice: float) -> None:
    seconds = rules.ask_again(waiting_, to_go, dice)
    assert 1 <= seconds <= 92
    assert to_go <= 0 or seconds >= min(to_go, rules.SELDOM)


@given(st.integers(0, 10_000), st.integers(-1, 10_000), st.floats(0, 1000))
def test_how_long_is_told_only_where_it_is_known(before: int, answered: int, seconds: float) -> None:
    told = rules.left(before, answered, seconds)
    assert (told is None) == (answered <= 0 or seconds <= 0)
    assert told is None or told >= 0


def mine(who: UUID, moment: datetime) -> Call:
    """Somebody who has signed in for themselves."""
    return Call(f"resident:{who}", "本人", moment, NOWHERE, frozenset({"booking.own"}), resident=who)


@pytest.fixture
def sought(clerk: Call, cardiology: UUID, everything_to_all: None) -> UUID:
    """An expert's session with 20 places, all of them given out to all at the hour."""
    return sitting(at(clerk, hour() - timedelta(days=3)), cardiology, ahead(20), minutes=6, hours=2)


@pytest.fixture
def everything_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """No place is kept for a channel."""
    from doorstep.resources.booking.rules import planning

    allot = planning.allot
    monkeypatch.setattr(planning, "allot", lambda total, _shares: allot(total, {}))


def crowd(number: int, county: UUID) -> list[UUID]:
    """Residents, made quickly."""
    rows = [Resident(name=f"人{n}") for n in range(number)]
    return [row.pk for row in Resident.objects.bulk_create(rows)]


def test_300_want_20_places(sought: UUID, county: UUID, clerk: Call) -> None:
    """Several serve at the same moment: 20 are sold, everybody is answered once, and the order is kept."""
    who = crowd(300, county)
    early, late = who[:250], who[250:]
    for n, one in enumerate(early):
        releasing.join(mine(one, hour() - timedelta(minutes=30) + n * SECOND), session=sought)
    for n, one in enumerate(late):
        releasing.join(mine(one, hour() + n * SECOND), session=sought)

    def serve(n: int) -> Callable[[], int]:
        def run() -> int:
            done = 0
            for step in range(200):
                done += releasing.serve(mine(who[n], hour() + (60 + step) * SECOND), session=sought)
            return done

        return run

    answers = at_once(*(serve(n) for n in range(6)))
    assert sum(int(one) for one in answers) == 300, answers  # type: ignore[call-overload]  # an error fails here too
    tickets = list(Ticket.objects.unscoped("a test").order_by("turn", "joined_at"))
    assert Counter(one.status for one in tickets) == {"given": 20, "none_left": 280}
    assert {one.resident_id for one in tickets if one.turn} == set(early), "who came before the hour is drawn"
    release = Release.objects.unscoped("a test").get()
    assert release.closed_at is not None
    given_ = [one for one in tickets if one.status == "given"]
    assert sorted(one.turn for one in given_) == list(range(1, 21)), "nobody is passed over"
    numbers = {row.id: row.number for row in Appointment.objects.unscoped("a test")}
    assert [numbers[one.appointment_id] for one in given_] == list(range(1, 21)), "the first has the first"
    keys = [one.id for one in tickets if one.turn]
    assert list(rules.drawn(release.seed, keys)) == [one.id for one in sorted(tickets[:250], key=lambda t: t.turn)]
    books_balance()
    lines = TrailLine.objects.filter(action="booking.own_turn")
    assert {(line.actor, str(line.resident)) for line in lines} == {
        (f"resident:{one.resident_id}", str(one.resident_id)) for one in given_
    }


def test_a_bot_that_joins_a_hundred_times_has_one_ticket(sought: UUID, county: UUID) -> None:
    [bot] = crowd(1, county)
    keys = at_once(*(lambda: releasing.join(mine(bot, hour() - SECOND), session=sought) for _ in range(20)))
    keys += [releasing.join(mine(bot, hour() - SECOND), session=sought) for _ in range(80)]
    assert len(set(keys)) == 1
    assert Ticket.objects.unscoped("a test").count() == Release.objects.unscoped("a test").count() == 1


def test_no_other_way_leads_to_what_is_queued_for(sought: UUID, county: UUID, clerk: Call) -> None:
    """Not the button of the page, not the window, not the waiting list; once all are answered they do again."""
    one, bot, waiter = crowd(3, county)
    releasing.join(mine(one, hour() - SECOND), session=sought)
    clinic = reads.stand(mine(one, hour()), session=sought).clinic
    waiting.join(replace(clerk, resident=waiter), clinic=clinic, resident=waiter, since=ahead(0), until=ahead(30))
    slot, after = slots(sought)[0].id, at(clerk, hour() + SECOND)
    for tries in (
        lambda: own.book(mine(bot, hour()), slot=slot),
        lambda: appointments.book(replace(after, resident=bot), slot=slot, resident=bot, channel=Channel.WINDOW),
    ):
        with pytest.raises(Refused) as no:
            tries()
        assert no.value.decision.reason == "queued_for"
    assert waiting.offer(after, clinic=clinic) == 0
    assert jobs.give_out(after) == 1
    assert Ticket.objects.unscoped("a test").get(resident=one).appointment is not None
    assert waiting.offer(after, clinic=clinic) == 1
    own.book(mine(bot, hour() + 2 * SECOND), slot=slots(sought)[3].id)


def test_whoever_may_not_is_told_why_and_the_next_has_the_place(sought: UUID, county: UUID, clerk: Call) -> None:
    """Who has an appointment there on that day already takes nobody's turn."""
    one, two = crowd(2, county)
    keep = slots(sought)[19]
    Slot.objects.filter(session=sought).exclude(pk__in=[slots(sought)[0].pk, keep.pk]).delete()
    Slot.objects.filter(pk=keep.pk).update(open_at=hour() - timedelta(days=1), released_at=hour() - timedelta(days=1))
    own.book(mine(one, hour() - 5 * SECOND), slot=keep.id)
    Slot.objects.filter(pk=keep.pk).update(open_at=hour(), released_at=hour())
    releasing.join(mine(one, hour() - SECOND), session=sought)
    releasing.join(mine(two, hour()), session=sought)
    jobs.give_out(at(clerk, hour() + SECOND))
    found = {row.resident_id: (row.status, row.reason) for row in Ticket.objects.unscoped("a test")}
    assert found == {one: (Turn.REFUSED, "one_a_day"), two: (Turn.GIVEN, "")}


def test_a_death_in_the_middle_leaves_each_answered_once(
    sought: UUID, county: UUID, clerk: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch that was under way is as if it had not begun; who comes next goes on with the same order."""
    who = crowd(45, county)
    for one in who:
        releasing.join(mine(one, hour() - SECOND), session=sought)
    after, real, turns = at(clerk, hour()), releasing.take_turn, []

    def dies(call: Call, *, session: UUID) -> UUID:
        turns.append(call.resident)
        if len(turns) == 7:
            raise KeyboardInterrupt
        return real(call, session=session)

    monkeypatch.setattr(releasing, "take_turn", dies)
    with pytest.raises(KeyboardInterrupt):
        releasing.serve(after, session=sought)
    assert not Ticket.objects.unscoped("a test").exclude(status="waiting").exists()
    assert Appointment.objects.unscoped("a test").count() == 0
    monkeypatch.setattr(releasing, "take_turn", real)
    assert jobs.give_out(after) == 45
    assert Counter(Ticket.objects.unscoped("a test").values_list("status", flat=True)) == {
        "given": 20,
        "none_left": 25,
    }
    books_balance()


def test_the_queue_tells_where_one_stands(sought: UUID, county: UUID, clerk: Call) -> None:
    who = crowd(30, county)
    for one in who:
        releasing.join(mine(one, hour() - SECOND), session=sought)
    seen = reads.stand(mine(who[0], hour() - SECOND), session=sought)
    assert (seen.status, seen.joined, seen.places, seen.drawn, seen.early) == ("waiting", 30, 20, False, True)
    releasing.serve(at(clerk, hour() + 10 * SECOND), session=sought)
    left = Ticket.objects.unscoped("a test").filter(status="waiting").order_by("turn")
    for n, ticket in enumerate(left):
        seen = reads.stand(mine(ticket.resident_id, hour() + 20 * SECOND), session=sought)
        assert (seen.before, seen.joined, seen.places, seen.seconds) == (n, 10, 0, round(n * 10 / 20))


def test_after_the_hour_nobody_queues_where_nobody_did(sought: UUID, county: UUID) -> None:
    [one] = crowd(1, county)
    with pytest.raises(Refused) as no:
        releasing.join(mine(one, hour()), session=sought)
    assert no.value.decision.reason == "queue.over"
    own.book(mine(one, hour()), slot=slots(sought)[0].id)
