"""A place is never given twice and never lost; what is held comes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import OutboxEvent, TrailLine
from doorstep.kernel.testing.callers import member
from doorstep.record.charts.tests.conftest import organisation
from doorstep.resources.booking import api
from doorstep.resources.booking.models import Appointment, Sanction, Slot
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.tests.conftest import ahead, at, department, morning, person, sitting, slots

People = Callable[[int], list[UUID]]


def hold(call: Call, slot: UUID, resident: UUID, minutes: int = 10, channel: Channel = Channel.WINDOW) -> UUID:
    """Hold for some minutes."""
    until = call.at + timedelta(minutes=minutes)
    return api.hold(call, slot=slot, resident=resident, channel=channel, until=until, why="转诊")


def refused(why: str, work: Callable[[], object]) -> None:
    """It is refused with this reason."""
    with pytest.raises(Refused) as no:
        work()
    assert no.value.decision.reason == why


def test_a_place_is_held_confirmed_and_told(clerk: Call, tomorrow: UUID, people: People) -> None:
    [one] = people(1)
    first = slots(tomorrow)[0]
    key = hold(clerk, first.id, one)
    seen = api.get(clerk.scope, [key])[key]
    assert (seen.status, seen.number, seen.clinic_name, seen.practitioner_name) == ("held", 1, "普通门诊", "李主任")
    assert seen.held_until == clerk.at + timedelta(minutes=10)
    api.confirm(clerk, appointment=key)
    assert api.get(clerk.scope, [key])[key].status == "booked"
    assert [one.name for one in OutboxEvent.objects.all()] == ["booking.AppointmentBooked"]
    assert Slot.objects.get(pk=first.id).held_until is None
    assert {"booking.hold", "booking.confirm"} <= set(TrailLine.objects.values_list("action", flat=True))


def test_a_place_that_is_taken_is_refused_and_one_like_it_is_given(
    clerk: Call, cardiology: UUID, people: People
) -> None:
    """Of a group's places at one time any will do; where none is left it is taken."""
    one, two, three = people(3)
    group = sitting(clerk, cardiology, ahead(1), minutes=60, hours=1, name="糖尿病小组", together=2)
    wanted = slots(group)[0].id
    hold(clerk, wanted, one)
    hold(clerk, wanted, two)
    assert [row.appointment is None for row in slots(group)] == [False, False]
    refused("slot_taken", lambda: hold(clerk, wanted, three))
    assert Appointment.objects.unscoped("a test").count() == 2


def test_what_is_held_too_long_is_the_next_one_s_at_once(clerk: Call, tomorrow: UUID, people: People) -> None:
    """Without any job; the first can confirm no more, and their own hold does not stand in their way either."""
    one, two = people(2)
    first, second, *_ = slots(tomorrow)
    key = hold(clerk, first.id, one)
    later = at(clerk, clerk.at + timedelta(minutes=10))
    refused("slot_taken", lambda: hold(clerk, first.id, two))
    hold(later, first.id, two)
    refused("wrong_state", lambda: api.confirm(later, appointment=key))
    assert api.get(clerk.scope, [key])[key].status == "expired"
    again = hold(later, second.id, one)
    assert api.get(clerk.scope, [again])[again].status == "held"


def test_a_hold_that_ran_out_can_not_be_confirmed_even_if_nobody_took_it(
    clerk: Call, tomorrow: UUID, people: People
) -> None:
    [one] = people(1)
    key = hold(clerk, slots(tomorrow)[0].id, one)
    refused("hold.over", lambda: api.confirm(at(clerk, clerk.at + timedelta(minutes=10)), appointment=key))


def test_one_a_person_department_and_day(clerk: Call, cardiology: UUID, county: UUID, people: People) -> None:
    """Also at another clinic of the department; not on another day, nor in another department."""
    [one] = people(1)
    day = ahead(1)
    first, second = sitting(clerk, cardiology, day), sitting(clerk, cardiology, day, name="专家门诊")
    key = hold(clerk, slots(first)[0].id, one)
    refused("one_a_day", lambda: hold(clerk, slots(second)[0].id, one))
    assert slots(second)[0].appointment is None
    other = sitting(clerk, department(county, "04", "外科"), day)
    hold(clerk, slots(other)[0].id, one)
    hold(clerk, slots(sitting(clerk, cardiology, ahead(2)))[0].id, one)
    api.release(clerk, appointment=key, why="改日再来")
    hold(clerk, slots(second)[0].id, one)


def test_what_is_given_back_is_free_again(clerk: Call, tomorrow: UUID, people: People) -> None:
    one, two = people(2)
    first = slots(tomorrow)[0]
    key = hold(clerk, first.id, one)
    api.confirm(clerk, appointment=key)
    api.release(clerk, appointment=key, why="有事")
    refused("wrong_state", lambda: api.release(clerk, appointment=key, why="有事"))
    hold(clerk, first.id, two)
    names = [event.name for event in OutboxEvent.objects.order_by("pk")]
    assert names == ["booking.AppointmentBooked", "booking.AppointmentCancelled"]


def test_channels_open_by_their_dates(clerk: Call, cardiology: UUID, people: People) -> None:
    """Primary members from 28 days before, the public from 14, all of it to all from T−2 on."""
    day = ahead(40)
    session = sitting(clerk, cardiology, day, minutes=10)
    kept = next(row for row in slots(session) if row.channel == Channel.REFERRAL)
    public = next(row for row in slots(session) if row.channel == Channel.APP)
    one, two = people(2)

    def tries(days: int, slot: Slot, channel: Channel, whom: UUID, minute: int = 7 * 60) -> Callable[[], UUID]:
        moment = morning(day - timedelta(days=days), minute)
        return lambda: hold(at(clerk, moment), slot.id, whom, channel=channel)

    refused("not_released", tries(29, kept, Channel.REFERRAL, one))
    refused("not_released", tries(28, kept, Channel.REFERRAL, one, 7 * 60 - 1))
    refused("not_released", tries(28, public, Channel.REFERRAL, one))
    refused("not_released", tries(28, kept, Channel.APP, one))
    refused("not_released", tries(15, public, Channel.APP, one))
    tries(14, public, Channel.APP, one)()
    refused("not_released", tries(3, kept, Channel.APP, two))
    tries(2, kept, Channel.APP, two, 0)()


def test_the_offers_are_what_can_be_held(clerk: Call, county: UUID, cardiology: UUID, people: People) -> None:
    day = ahead(20)
    session = sitting(clerk, cardiology, day, minutes=10)

    def free(channel: Channel, until: date = day) -> tuple[api.Offer, ...]:
        return api.free(
            clerk, organisations=[county], department=None, since=ahead(0), until=until, channel=channel, limit=50
        )

    kept = [row.id for row in slots(session) if row.channel == Channel.REFERRAL]
    assert [one.slot for one in free(Channel.REFERRAL)] == kept
    assert free(Channel.APP) == ()
    offer = free(Channel.REFERRAL)[0]
    assert (offer.department_name, offer.practitioner_name, offer.free) == ("心血管内科", "李主任", 1)
    hold(clerk, offer.slot, people(1)[0], channel=Channel.REFERRAL)
    assert [one.slot for one in free(Channel.REFERRAL)] == kept[1:]


def test_whom_a_caller_does_not_know_they_book_nothing_for(clerk: Call, tomorrow: UUID, township: UUID) -> None:
    stranger = person("外人", township)
    refused("not_found", lambda: hold(clerk, slots(tomorrow)[0].id, stranger))
    key = hold(member(township), slots(tomorrow)[0].id, stranger)
    assert set(api.get(clerk.scope, [key])) == {key}
    other = member(organisation("邻县医院"))
    assert api.get(other.scope, [key]) == {}
    refused("not_found", lambda: api.release(other, appointment=key, why="乱来"))


def test_whoever_is_barred_books_by_no_barred_channel_but_is_referred(
    clerk: Call, county: UUID, tomorrow: UUID, people: People
) -> None:
    [one] = people(1)
    today = ahead(0)
    row = {"resident_id": one, "organisation_id": county, "event": "no_show", "count": 3, "window_days": 365}
    Sanction.objects.create(**row, channels=["app", "window"], since=today - timedelta(days=3), until=today)
    slot = slots(tomorrow)[0].id
    refused("sanctioned", lambda: hold(clerk, slot, one))
    hold(clerk, slot, one, channel=Channel.REFERRAL)
