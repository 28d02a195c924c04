"""A clinic is worked by its own institution: those of the consortium's lead look on, unless they are charged."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from django.test import Client

from doorstep.kernel import clock
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Refused
from doorstep.kernel.testing.callers import member
from doorstep.registers.organisations.tests import factory as district
from doorstep.registers.staff.tests.factory import client_of, somebody
from doorstep.resources.booking.access import Permission, may_keep, may_serve
from doorstep.resources.booking.actions import appointments, desk, rostering, sessions, stopping
from doorstep.resources.booking.models import Appointment, Session
from doorstep.resources.booking.reads import sessions as reads
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.tests.conftest import ahead, department, person, sitting, slots

DAY = clock.today


@pytest.fixture
def places(db: None) -> district.District:
    """A lead hospital with a township centre in its consortium."""
    return district.make()


@pytest.fixture
def today(places: district.District) -> UUID:
    """A clinic of the centre that is under way."""
    made = sitting(member(places.centre), department(places.centre, "03.04", "心血管内科"), DAY(), all_day=True)
    sessions.open_doors(member(places.centre), session=made, expect=2)
    return made


@pytest.fixture
def lead(places: district.District) -> Call:
    """Somebody of the lead who sees the centre, with every permission of the room but that of members' clinics."""
    both = Scope(frozenset({places.lead, places.centre}))
    return member(places.lead, set(Permission) - {Permission.MEMBERS}, scope=both)


def reason(work: Callable[[], object]) -> str:
    """Why it was refused."""
    with pytest.raises(Refused) as found:
        work()
    return found.value.decision.reason


def test_the_lead_looks_but_does_not_work_a_member_s_clinic(places: district.District, today: UUID, lead: Call) -> None:
    row = Session.objects.unscoped("a test").get(pk=today)
    whom = person("居民", places.centre)
    key = desk.walk_in(member(places.centre), session=today, resident=whom)
    assert reads.sitting(lead, session=today).cell.status == "open"
    for work in (
        lambda: rostering.plan(lead, clinic=row.clinic_id, since=DAY(), until=DAY()),
        lambda: rostering.set_quota(lead, clinic=row.clinic_id, shares={}, since=DAY()),
        lambda: rostering.end_clinic(lead, clinic=row.clinic_id, expect=1),
        lambda: stopping.stop(lead, session=today, expect=row.version, why="乱来"),
        lambda: sessions.close(lead, session=today, expect=row.version),
        lambda: desk.walk_in(lead, session=today, resident=whom),
        lambda: desk.call_next(lead, session=today),
        lambda: desk.pass_over(lead, appointment=key),
        lambda: desk.leave(lead, appointment=key),
    ):
        assert reason(work) == "elsewhere"
    token = str(Appointment.objects.unscoped("a test").get(pk=key).token)
    assert reads.with_code(lead, token) is None
    assert reads.with_code(member(places.centre), token) == key


def test_a_window_of_the_lead_still_books_there(places: district.District, today: UUID, lead: Call) -> None:
    """To give a resident a place elsewhere is not to work the clinic."""
    whom = person("居民", places.lead)
    later = sitting(member(places.centre), department(places.centre, "04.01", "外科"), ahead(1))
    assert appointments.book(lead, slot=slots(later)[0].id, resident=whom, channel=Channel.WINDOW)


def test_who_is_charged_keeps_rosters_but_serves_no_desk(places: district.District, today: UUID, lead: Call) -> None:
    charged = replace(lead, permissions=lead.permissions | {Permission.MEMBERS})
    row = Session.objects.unscoped("a test").get(pk=today)
    assert rostering.plan(charged, clinic=row.clinic_id, since=DAY(), until=DAY()) == 0
    assert reason(lambda: desk.call_next(charged, session=today)) == "elsewhere"
    assert reason(lambda: sessions.close(charged, session=today, expect=row.version)) == "elsewhere"


def test_by_whom(places: district.District, lead: Call) -> None:
    own, clock_ = member(places.centre), replace(lead, actor="system:job")
    charged = replace(lead, permissions=lead.permissions | {Permission.MEMBERS})
    kept = [may_keep(call, places.centre).reason for call in (own, clock_, charged, lead)]
    served = [may_serve(call, places.centre).reason for call in (own, clock_, charged, lead)]
    assert (kept, served) == (["", "", "", "elsewhere"], ["", "", "elsewhere", "elsewhere"])
    beyond = member(places.second, scope=Scope(frozenset({places.second})))
    assert may_keep(beyond, places.centre).reason == may_serve(beyond, places.centre).reason == "not_found"


@pytest.mark.parametrize(
    ("role", "keeps", "serves"),
    [("hospital_manager", False, False), ("consortium_manager", True, False), ("referral_desk", False, False)],
)
def test_pages_offer_only_what_may_be_done(
    places: district.District, today: UUID, role: str, keeps: bool, serves: bool
) -> None:
    """Whoever looks on sees no button; whoever tries the address is told by whom it is done."""
    client: Client = client_of(somebody(places.lead, role))
    clinic = Session.objects.unscoped("a test").get(pk=today).clinic_id
    html = client.get(f"/booking/sessions/{today}").content.decode()
    assert ("停诊</a>" in html) is keeps
    assert ("叫下一位" in html) is serves
    assert ("添加排班" in client.get(f"/booking/clinics/{clinic}").content.decode()) is keeps
    assert ("新门诊" in client.get(f"/booking/?at={places.centre}").content.decode()) is keeps
    for path in (f"clinics/{clinic}/roster", f"clinics/{clinic}/plan", f"sessions/{today}/stop"):
        answer = client.get(f"/booking/{path}")
        assert (answer.status_code == 200) is keeps
        if role == "hospital_manager":
            said = re.sub(r"\s+", " ", answer.content.decode())
            assert (answer.status_code, "要由它所属机构的人来办" in said) == (403, True)
