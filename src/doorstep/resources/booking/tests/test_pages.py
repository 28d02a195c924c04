"""A week of a clinic as those at the desk do it, from page to page."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from doorstep.kernel.call import Call
from doorstep.registers.portal.tests.factory import resident as sent
from doorstep.registers.staff.models import Session as SignedIn
from doorstep.registers.staff.tests.factory import client_of, person, post, somebody
from doorstep.resources.booking.actions import appointments as acts
from doorstep.resources.booking.actions import waiting
from doorstep.resources.booking.models import Appointment, Clinic, Sanction, Session
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.tests.conftest import ahead, clock_at, department, morning, sitting, slots
from doorstep.resources.booking.tests.conftest import person as resident


@pytest.fixture
def keeper(county: UUID) -> Client:
    """Who plans the clinics."""
    return client_of(somebody(county, "hospital_manager", "赵主任", "keeper"))


@pytest.fixture
def window(county: UUID) -> Client:
    """Who sits at the window."""
    return client_of(somebody(county, "referral_desk", "钱护士", "window"))


def page(client: Client, address: str, status: int = 200) -> str:
    """The page as text."""
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[-2000:]
    return answer.content.decode()


def send(client: Client, address: str, status: int = 302, **data: object) -> str:
    """Send a form; where it led, or what the page says."""
    answer = client.post(address, data)
    assert answer.status_code == status, re.sub(r"\s+", " ", answer.content.decode())[-1500:]
    return answer.headers.get("Location", "") or answer.content.decode()


def test_from_a_new_clinic_to_the_wall(keeper: Client, window: Client, county: UUID, cardiology: UUID) -> None:
    """Make, roster, plan, publish; find a person, book, check in by the code, call; the wall shows no name."""
    doctor = post(person("孙医生"), county, "physician", department="03.04")
    assert "这家机构还没有门诊" in page(keeper, "/booking/")
    assert "孙医生" in page(keeper, f"/booking/clinics/new?at={county}")
    made = {"department": cardiology, "name": "心血管门诊", "kind": "person", "post": doctor.pk, "fee_level": "senior"}
    clinic = send(keeper, f"/booking/clinics/new?at={county}", **made)
    assert Clinic.objects.unscoped("a test").get().practitioner == "孙医生"
    day = ahead(1)
    hours = {"starts": "08:00", "ends": "10:00", "minutes": 30, "together": 1, "basis": "ordinary", "since": ahead(0)}
    assert "请至少选择一天" in send(keeper, f"{clinic}/roster", 422, **hours)
    send(keeper, f"{clinic}/roster", **hours, weekdays=[day.isoweekday()])
    send(keeper, f"{clinic}/plan", since=day, until=day)
    session = Session.objects.unscoped("a test").get()
    there = f"/booking/sessions/{session.pk}"
    assert "未发布" in page(keeper, there)
    assert "为居民预约" not in page(window, there)
    send(keeper, f"{there}/move", move="publish", expect=1)
    assert "余 4/4" in page(window, f"/booking/?day={day}")
    whom = sent(county, name="王小明", serial=7)
    assert "没有找到这个人" in page(window, f"{there}/book?q=nobody")
    assert str(whom) in page(window, f"{there}/book?q=wxm")
    assert "请先查找并选择一位居民" in send(window, f"{there}/book", 422, channel="window", how="book")
    slip = send(
        window, f"{there}/book", resident=whom, slot=slots(session.pk)[0].pk, channel="phone", how="book", q="王"
    )
    seen = page(window, slip)
    assert all(said in seen for said in ("1 号", "王小明", "签到二维码", "孙医生"))
    assert "已经有一个了" in send(
        window, f"{there}/book", 422, resident=whom, slot=slots(session.pk)[1].pk, channel="window", how="book"
    )
    row = Appointment.objects.unscoped("a test").get()
    early = morning(day, 7 * 60 + 40)
    client = client_of(somebody(county, "nurse", "李护士", "nurse"))
    SignedIn.objects.update(seen_at=early, created_at=early, confirmed_at=early)
    with clock_at(early):
        assert "没有这个预约码" in send(client, "/booking/check-in", 422, code="乱写")
        send(client, "/booking/check-in", code=row.token)
        assert "王小明 已签到：1 号" in page(client, "/booking/check-in")
        send(client, f"{there}/move", move="open", expect=2)
        send(client, f"{there}/next")
        assert "叫下一位" in page(client, there)
        wall = page(client, f"{there}/wall")
        assert "1 号" in wall
        assert "王*" in wall
        assert "王小明" not in wall
        send(client, f"/booking/appointments/{row.pk}/desk", move="pass_over")
    row.refresh_from_db()
    assert row.status == "checked_in"


def test_a_clinic_is_stopped_with_a_reason_and_the_page_says_whom_it_affects(
    keeper: Client, window: Client, clerk: Call, cardiology: UUID, county: UUID
) -> None:
    first, second = sitting(clerk, cardiology, ahead(1)), sitting(clerk, cardiology, ahead(2))
    whom = resident("王小明", county)
    acts.book(clerk, slot=slots(first)[0].id, resident=whom, channel=Channel.WINDOW)
    there = f"/booking/sessions/{first}"
    page(window, f"{there}/stop", 403)
    assert "停诊会取消 1 人的预约" in page(keeper, f"{there}/stop")
    assert "必填" in send(keeper, f"{there}/stop", 422, expect=2, why="", how="stop")
    send(keeper, f"{there}/stop", 409, expect=1, why="医生外出抢救", how="stop")
    send(keeper, f"{there}/stop", expect=2, why="医生外出抢救", how="stop")
    assert "医生外出抢救" in page(window, there)
    kept = Appointment.objects.unscoped("a test").get(session=second)
    assert "号保留到" in page(window, f"/booking/appointments/{kept.pk}")
    send(window, f"/booking/appointments/{kept.pk}/confirm")
    send(window, f"/booking/appointments/{kept.pk}/release", why="不来了")
    kept.refresh_from_db()
    assert (kept.status, kept.ended_why) == ("cancelled", "不来了")


def test_the_waiting_list_at_the_window(window: Client, clerk: Call, cardiology: UUID, county: UUID) -> None:
    session = sitting(clerk, cardiology, ahead(1), minutes=60, hours=1)
    clinic = Session.objects.unscoped("a test").get(pk=session).clinic_id
    there = f"/booking/clinics/{clinic}/waiting"
    taker, waits = resident("占号人", county), sent(county, name="候补人", serial=8)
    key = acts.book(clerk, slot=slots(session)[0].id, resident=taker, channel=Channel.WINDOW)
    assert "窗口现在没有空号" in page(window, f"/booking/sessions/{session}/book?q=候补人")
    assert "没有人候补" in page(window, there)
    assert str(waits) in page(window, f"{there}?q=候补人")
    send(window, there, resident=waits, since=ahead(0), until=ahead(3))
    assert "已经在这个门诊的候补名单上了" in send(window, there, 422, resident=waits, since=ahead(0), until=ahead(3))
    acts.release(clerk, appointment=key, why="")
    assert waiting.offer(clerk, clinic=clinic) == 1
    assert "要这个号" in page(window, there)


def test_an_appeal_is_written_at_the_desk_and_decided_by_a_manager(
    keeper: Client, window: Client, county: UUID
) -> None:
    whom = resident("王小明", county)
    bar = Sanction.objects.create(
        organisation_id=county, resident_id=whom, first=whom, event="no_show", count=3, window_days=365,
        channels=["app"], since=ahead(0), until=ahead(29),
    )  # fmt: skip
    there = f"/booking/sanctions/{bar.pk}"
    send(window, f"{there}/appeal", words="住院了，来不了")
    assert "王小明" in page(keeper, "/booking/sanctions")
    assert "住院了，来不了" in page(keeper, there)
    send(window, there, 403, expect=2, words="行", how="lift")
    send(keeper, there, expect=2, words="有住院证明", how="lift")
    assert "有住院证明" in page(window, there)


def test_another_institution_s_clinics_are_not_found(clerk: Call, tomorrow: UUID, township: UUID) -> None:
    other = client_of(somebody(township, "hospital_manager", "外人", "other"))
    clinic = Session.objects.unscoped("a test").get(pk=tomorrow).clinic_id
    for address in (
        f"/booking/sessions/{tomorrow}",
        f"/booking/sessions/{tomorrow}/wall",
        f"/booking/clinics/{clinic}",
    ):
        page(other, address, 404)
    assert "普通门诊" not in page(other, f"/booking/?at={clerk.organisation}&day={ahead(1)}")


def test_pages_cost_the_same_however_many_there_are(
    window: Client, clerk: Call, county: UUID, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    addresses = []
    for n in range(4):
        session = sitting(clerk, department(county, f"0{n}", f"科{n}"), ahead(1), minutes=5, name=f"门诊{n}")
        for at, slot in enumerate(slots(session)[: 6 * n]):
            acts.book(clerk, slot=slot.id, resident=resident(f"人{n}{at}", county), channel=Channel.REFERRAL)
        addresses.append(f"/booking/sessions/{session}")
    for address in (addresses[0], addresses[3], f"{addresses[3]}/wall", f"{addresses[3]}/book?q=人"):
        with django_assert_max_num_queries(36):
            page(window, address)
    with django_assert_max_num_queries(24):
        page(window, f"/booking/?day={ahead(1)}")
