"""A resident books, gives back, answers, waits and appeals by themselves, or for their ward; and nothing of others."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.models import TrailLine
from doorstep.registers.portal.tests import factory
from doorstep.resources.booking import api
from doorstep.resources.booking.actions import stopping, waiting
from doorstep.resources.booking.models import Appointment, Release, Sanction, Session, Slot, Ticket, Waiting
from doorstep.resources.booking.pages.calendars import calendar
from doorstep.resources.booking.rules import Channel, Terms
from doorstep.resources.booking.rules import own as rules
from doorstep.resources.booking.rules.planning import moment
from doorstep.resources.booking.tests.conftest import ahead, at, sitting, slots
from doorstep.resources.booking.tests.test_fhir import BOOKED

DAYS = st.dates(clock.today(), clock.today() + timedelta(days=900))


@given(DAYS, st.integers(0, 1439), st.integers(0, 30), st.times(), st.integers(0, 600))
def test_nobody_cancels_what_has_begun(day: datetime, minute: int, days: int, hour: time, minutes: int) -> None:
    starts, terms = moment(day, minute), Terms(cancel_days=days, cancel_at=f"{hour:%H:%M}", cancel_minutes=minutes)
    until = rules.cancel_until(day, starts, terms)
    assert until <= starts
    assert rules.may_cancel(day, starts, until - timedelta(seconds=1), terms).allowed
    assert rules.may_cancel(day, starts, until, terms).reason == "cancel.late"
    assert not minutes or starts - until == timedelta(minutes=minutes)


def test_the_limits_of_the_field_can_be_said() -> None:
    """00:00 of the day (assumed), 15:00 of the day before, half an hour before."""
    day = ahead(3)
    starts = moment(day, 10 * 60)
    assert rules.cancel_until(day, starts, Terms()) == moment(day)
    assert rules.cancel_until(day, starts, Terms(cancel_days=1, cancel_at="15:00")) == moment(ahead(2), 15 * 60)
    assert rules.cancel_until(day, starts, Terms(cancel_minutes=30)) == moment(day, 9 * 60 + 30)


@given(BOOKED, st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_the_calendar_can_be_read(one: api.Booked, now: datetime) -> None:
    """Whatever the names are: one event with its times; what it is for stays out."""
    text = calendar(one, now)
    assert text.endswith(b"END:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in text.split(b"\r\n")), "RFC 5545, 3.1"
    [event] = Calendar.from_ical(text).walk("VEVENT")
    assert event["UID"] == f"{one.id}@doorstep"
    assert event["DTSTART"].dt == one.starts.replace(microsecond=0)
    assert event["DTEND"].dt == one.ends.replace(microsecond=0)
    assert event["STATUS"] == ("CANCELLED" if one.status in ("cancelled", "expired") else "CONFIRMED")
    assert set(event) <= {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "STATUS"}


@pytest.fixture
def who(county: UUID) -> UUID:
    """Somebody with a telephone."""
    return factory.resident(county)


@pytest.fixture
def client(who: UUID) -> Client:
    """Their browser."""
    return factory.client_of(who)


def shown(client: Client, path: str, status: int = 200) -> str:
    """The page, and that it is one."""
    answer = client.get(path, follow=True)
    assert answer.status_code == status, answer.content.decode()[:500]
    return str(answer.content.decode())


def pressed(client: Client, path: str, status: int = 200, **said: object) -> str:
    """What comes after a button."""
    answer = client.post(path, said, follow=True)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return str(answer.content.decode())


def first(pattern: str, html: str) -> str:
    """The first address of this kind on a page."""
    found = re.search(f'href="({pattern})"', html)
    assert found, html
    return found.group(1)


def mine(who: UUID) -> Appointment:
    """The one appointment of somebody."""
    return Appointment.objects.unscoped("a test").get(resident=who)


def test_four_taps(client: Client, who: UUID, tomorrow: UUID) -> None:
    html = shown(client, "/my/booking/new")
    path = first('/my/booking/department/[^"]*', html)
    html = shown(client, path)
    html = shown(client, path + first(r"\?day=[^\"]*", html))
    html = shown(client, first('/my/booking/slot/[^"]*', html))
    assert "就约这个" in html
    html = pressed(client, f"/my/booking/slot/{slots(tomorrow)[0].id}")
    row = mine(who)
    assert (row.status, row.channel, row.made_by) == ("booked", "app", f"resident:{who}")
    assert "<svg" in html
    assert "签到二维码" in html
    line = TrailLine.objects.get(action="booking.own_book")
    assert (line.actor, line.resident) == (f"resident:{who}", who)
    assert f"/my/booking/{row.id}" in shown(client, "/my/booking/")


def _of_department(session: UUID, day: object) -> str:
    department = Session.objects.unscoped("a test").get(pk=session).department
    return f"/my/booking/department/{department}?day={day}"


def test_an_expert_is_chosen_by_name(client: Client, tomorrow: UUID) -> None:
    html = shown(client, "/my/booking/new?by=expert&q=李主任")
    html = shown(client, first('/my/booking/clinic/[^"]*', html))
    assert f"?day={ahead(1)}" in html
    assert "没有找到" in shown(client, "/my/booking/new?by=expert&q=无此人")


def test_one_s_own_appointment_is_cancelled_until_the_day_begins(
    client: Client, who: UUID, clerk: Call, tomorrow: UUID, cardiology: UUID
) -> None:
    pressed(client, f"/my/booking/slot/{slots(tomorrow)[0].id}")
    row = mine(who)
    assert "text/calendar" in client.get(f"/my/booking/{row.id}/calendar.ics").headers["Content-Type"]
    assert "已取消" in pressed(client, f"/my/booking/{row.id}/cancel")
    assert slots(tomorrow)[0].appointment is None
    pressed(client, f"/my/booking/{row.id}/cancel", 409)


def test_too_late_it_is_said_whom_to_call(
    client: Client, who: UUID, tomorrow: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed(client, f"/my/booking/slot/{slots(tomorrow)[0].id}")
    row = mine(who)
    monkeypatch.setattr("doorstep.resources.booking.reads.rulings.terms", lambda _day: Terms(cancel_days=9))
    assert "已经过了自己取消的时间" in shown(client, f"/my/booking/{row.id}")
    pressed(client, f"/my/booking/{row.id}/cancel", 422)
    assert mine(who).status == "booked"


def test_what_is_taken_in_the_meantime_is_said_in_words(
    client: Client, who: UUID, clerk: Call, cardiology: UUID, people: Callable[[int], list[UUID]]
) -> None:
    session = sitting(clerk, cardiology, ahead(1), minutes=60, hours=1)
    [slot] = slots(session)
    api.hold(
        clerk, slot=slot.id, resident=people(1)[0], channel=Channel.WINDOW, why="",
        until=clerk.at + timedelta(minutes=9),
    )  # fmt: skip
    html = pressed(client, f"/my/booking/slot/{slot.id}", 422)
    assert "这个号刚刚被别人约走了" in html
    assert first('/my/booking/clinic/[^"]*', html)


def test_where_nothing_is_free_one_waits_and_answers(
    client: Client, who: UUID, clerk: Call, cardiology: UUID, people: Callable[[int], list[UUID]]
) -> None:
    """The whole way: full, on the list, offered, taken."""
    session = sitting(clerk, cardiology, ahead(1), minutes=60, hours=1)
    [slot] = slots(session)
    other = api.hold(
        clerk, slot=slot.id, resident=people(1)[0], channel=Channel.WINDOW, why="",
        until=clerk.at + timedelta(hours=9),
    )  # fmt: skip
    html = shown(client, _of_department(session, ahead(1)))
    path = first('/my/booking/clinic/[^"]*/wait', html)
    assert "候补" in shown(client, path)
    html = pressed(client, path, until=ahead(9).isoformat())
    assert "前面有 0 人" in html
    assert "已经在这个门诊的候补名单上" in pressed(client, path, 422, until=ahead(9).isoformat())
    wish = Waiting.objects.unscoped("a test").get(resident=who)
    api.release(clerk, appointment=other, why="")
    assert waiting.offer(clerk, clinic=wish.clinic_id) == 1
    offered = mine(who)
    assert "有号了" in shown(client, "/my/booking/")
    assert "为您保留到" in shown(client, f"/my/booking/{offered.id}")
    pressed(client, f"/my/booking/{offered.id}/answer", answer="accept")
    assert mine(who).status == "booked"
    pressed(client, f"/my/booking/{offered.id}/answer", 409, answer="decline")


def test_a_wish_is_withdrawn(client: Client, who: UUID, tomorrow: UUID) -> None:
    clinic = Session.objects.unscoped("a test").get(pk=tomorrow).clinic_id
    pressed(client, f"/my/booking/clinic/{clinic}/wait", until=ahead(9).isoformat())
    wish = Waiting.objects.unscoped("a test").get(resident=who)
    pressed(client, f"/my/booking/wishes/{wish.id}/withdraw")
    assert Waiting.objects.unscoped("a test").get().status == "withdrawn"


def test_what_a_doctor_holds_is_not_the_resident_s_to_answer(
    client: Client, who: UUID, clerk: Call, tomorrow: UUID
) -> None:
    """Nor to cancel: the referral answers; a place instead of one that was stopped is theirs."""
    until = clerk.at + timedelta(hours=1)
    held = api.hold(clerk, slot=slots(tomorrow)[0].id, resident=who, channel=Channel.REFERRAL, until=until, why="转诊")
    assert "医生正在为您安排" in shown(client, f"/my/booking/{held}")
    pressed(client, f"/my/booking/{held}/answer", 409, answer="accept")
    pressed(client, f"/my/booking/{held}/cancel", 409)


def test_a_place_instead_of_one_that_was_stopped_is_answered(
    client: Client, who: UUID, clerk: Call, cardiology: UUID
) -> None:
    first_, _second = sitting(clerk, cardiology, ahead(1)), sitting(clerk, cardiology, ahead(2))
    pressed(client, f"/my/booking/slot/{slots(first_)[0].id}")
    row = Session.objects.unscoped("a test").get(pk=first_)
    stopping.stop(clerk, session=first_, expect=row.version, why="医生外出")
    kept = Appointment.objects.unscoped("a test").get(resident=who, status="held")
    assert "请答复" in shown(client, f"/my/booking/{kept.id}")
    pressed(client, f"/my/booking/{kept.id}/answer", answer="decline")
    kept.refresh_from_db()
    assert kept.status == "cancelled"


def test_a_sanction_is_told_and_appealed_against(client: Client, who: UUID, county: UUID, tomorrow: UUID) -> None:
    today = clock.today()
    row = Sanction.objects.create(
        resident_id=who, first=who, organisation_id=county, event="no_show", count=3, window_days=365,
        channels=["app"], since=today, until=today + timedelta(days=29),
    )  # fmt: skip
    assert "暂时不能自己预约" in shown(client, "/my/booking/")
    assert "可以申诉" in pressed(client, f"/my/booking/slot/{slots(tomorrow)[0].id}", 422)
    path = f"/my/booking/sanctions/{row.id}"
    assert "3 次" in shown(client, path)
    pressed(client, path, 422, words=" ")
    assert "您的说明正在处理" in pressed(client, path, words="那天住院了")
    row.refresh_from_db()
    assert (row.status, row.appeal) == ("appealed", "那天住院了")


def test_a_guardian_books_for_their_ward(county: UUID, who: UUID, tomorrow: UUID) -> None:
    ward = factory.resident(
        county, name="小欧", phone="", serial=5, born=clock.today() - timedelta(days=3000)
    )  # fmt: skip
    factory.guardian(ward, who)
    client = factory.client_of(who, acting_for=ward)
    assert "小欧" in shown(client, f"/my/booking/slot/{slots(tomorrow)[0].id}")
    pressed(client, f"/my/booking/slot/{slots(tomorrow)[0].id}")
    assert mine(ward).made_by == f"resident:{who}"
    assert not Appointment.objects.unscoped("a test").filter(resident=who).exists()


def test_what_is_another_s_is_not_found(
    client: Client, who: UUID, clerk: Call, county: UUID, tomorrow: UUID, people: Callable[[int], list[UUID]]
) -> None:
    [other] = people(1)
    key = api.hold(
        clerk, slot=slots(tomorrow)[0].id, resident=other, channel=Channel.APP, why="",
        until=clerk.at + timedelta(hours=1),
    )  # fmt: skip
    clinic = Session.objects.unscoped("a test").get(pk=tomorrow).clinic_id
    wish = waiting.join(clerk, clinic=clinic, resident=other, since=ahead(0), until=ahead(2))
    today = clock.today()
    row = Sanction.objects.create(
        resident_id=other, first=other, organisation_id=county, event="no_show", count=3, window_days=365,
        channels=["app"], since=today, until=today,
    )  # fmt: skip
    for path in (f"/my/booking/{key}", f"/my/booking/{key}/calendar.ics", f"/my/booking/sanctions/{row.id}"):
        shown(client, path, 404)
    for path in (f"{key}/cancel", f"{key}/answer", f"wishes/{wish}/withdraw", f"sanctions/{row.id}"):
        pressed(client, f"/my/booking/{path}", 404, words="x", answer="accept")


def test_the_waiting_room(client: Client, who: UUID, clerk: Call, cardiology: UUID) -> None:
    """Joined once, told where one stands; the page's own question after the hour serves the queue."""
    session = sitting(at(clerk, clerk.at - timedelta(days=1)), cardiology, ahead(15), minutes=30)
    html = shown(client, f"/my/booking/release/{session}")
    assert "我要排队" in html
    html = pressed(client, f"/my/booking/release/{session}")
    assert "您已经在等了" in html
    assert re.search(r'hx-trigger="load delay:[0-9.]+s"', html)
    pressed(client, f"/my/booking/release/{session}")
    assert Ticket.objects.unscoped("a test").count() == 1
    assert f"/my/booking/release/{session}" in shown(client, "/my/booking/")
    Release.objects.unscoped("a test").update(opens_at=clerk.at)
    Slot.objects.filter(session=session).update(open_at=clerk.at)
    part = client.get(f"/my/booking/release/{session}/stand", headers={"HX-Request": "true"})
    assert "约到了" in part.content.decode()
    assert mine(who).status == "booked"


def test_the_first_tap_costs_few_queries(
    client: Client, tomorrow: UUID, django_assert_max_num_queries: Callable[..., object]
) -> None:
    """However many departments and clinics there are."""
    client.get("/my/booking/new")
    with django_assert_max_num_queries(16):  # type: ignore[attr-defined]  # a context manager
        client.get("/my/booking/new")
