"""Two hospitals, a clinic with a published session, people who want a place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

import pytest

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.pinyin import spelled_person
from doorstep.kernel.testing.callers import member
from doorstep.record.charts.tests.conftest import organisation
from doorstep.registers.organisations.models import Department
from doorstep.registers.residents.models import Resident, ResidentPresence
from doorstep.resources.booking.actions import rostering, sessions
from doorstep.resources.booking.models import Clinic, Session, Slot
from doorstep.resources.booking.rules import planning
from doorstep.resources.booking.shapes import ClinicIn, RosterIn

EARLY = time(8)


@pytest.fixture
def county(db: None) -> UUID:
    """The county hospital."""
    return organisation("县人民医院")


@pytest.fixture
def township(db: None) -> UUID:
    """The township health centre."""
    return organisation("清溪镇卫生院")


@pytest.fixture
def cardiology(county: UUID) -> UUID:
    """A department of the county hospital."""
    return department(county, "03.04", "心血管内科")


def department(of: UUID, code: str, name: str) -> UUID:
    """A department since 2020."""
    row: Department = Department.objects.create(organisation_id=of, code=code, name=name, since=date(2020, 1, 1))
    return row.id


def person(name: str, *known_to: UUID) -> UUID:
    """A resident whom institutions know."""
    row: Resident = Resident.objects.create(name=name, pinyin=spelled_person(name)[0])
    for each in known_to:
        ResidentPresence.objects.create(resident=row, organisation_id=each)
    return row.id


@pytest.fixture
def people(county: UUID) -> Callable[[int], list[UUID]]:
    """Makes residents whom the county hospital knows."""
    return lambda count: [person(f"居民{at}", county) for at in range(count)]


@pytest.fixture
def clerk(county: UUID) -> Call:
    """At the county hospital's window, with every permission."""
    return member(county)


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """The house's clock stands at a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: moment)
        yield


def at(call: Call, moment: datetime) -> Call:
    """The same caller at another moment."""
    return replace(call, at=moment)


def ahead(days: int) -> date:
    """A day from today."""
    return clock.today() + timedelta(days=days)


def sitting(
    call: Call,
    of: UUID,
    day: date,
    *,
    minutes: int = 30,
    hours: int = 2,
    name: str = "普通门诊",
    together: int = 1,
    all_day: bool = False,
) -> UUID:
    """A published session of a clinic of this name on a day, from eight o'clock on, or all of it."""
    assert call.organisation is not None
    known = Clinic.objects.unscoped("a test").filter(name=name, department=of).first()
    made = ClinicIn(
        call.organisation, of, name, practitioner="李主任", visits_from="省人民医院", title="主任医师"
    )  # fmt: skip
    clinic = known.id if known else rostering.make_clinic(call, clinic=made)
    span = (time(), time(23, 59)) if all_day else (EARLY, time(8 + hours))
    roster = RosterIn(frozenset({day.isoweekday()}), *span, minutes, day, "support", together, day)
    rostering.add_roster(call, clinic=clinic, roster=roster)
    rostering.plan(call, clinic=clinic, since=day, until=day)
    row = Session.objects.unscoped("a test").get(clinic=clinic, day=day)
    sessions.give_out(call, session=row.id, expect=row.version)
    return UUID(str(row.id))


def slots(session: UUID) -> list[Slot]:
    """The places of a session, by number."""
    return list(Slot.objects.filter(session=session).order_by("number"))


@pytest.fixture
def tomorrow(clerk: Call, cardiology: UUID) -> UUID:
    """A published session tomorrow with four places, all of them open to all."""
    return sitting(clerk, cardiology, ahead(1))


def morning(day: date, minute: int = 0) -> datetime:
    """Some minutes after midnight in China."""
    return planning.moment(day, minute)
