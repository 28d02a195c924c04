"""Clinics of the demo: a fortnight of sessions in some institutions, people in them, one who waits, one stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import islice
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.call import EVERYWHERE, Call, Scope
from doorstep.kernel.decision import Refused
from doorstep.registers.organisations import api as organisations
from doorstep.registers.organisations.models import Organisation
from doorstep.registers.residents.models import Resident
from doorstep.registers.staff import api as staff
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions import appointments, desk, rostering, sessions, stopping, waiting
from doorstep.resources.booking.models import Clinic, Session, Slot
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.shapes import ClinicIn, RosterIn

WHY = "the demo fills clinics"
HOSPITALS, PRIMARY = 2, 2
CLINICS = 4
WEEK, WORKING = frozenset(range(1, 8)), frozenset(range(1, 6))
CHANNELS = (Channel.APP, Channel.WINDOW, Channel.PHONE, Channel.APP)


def build(call: Call) -> int:
    """Make the clinics where there are none yet; how many institutions have some now."""
    call = replace(call, name="门诊部", permissions=call.permissions | {str(one) for one in Permission})
    if Clinic.objects.unscoped(WHY).exists():
        return 0
    people = Resident.objects.unscoped(WHY).filter(deceased=False, merged_into__isnull=True).order_by("pk")
    known = list(people.values_list("pk", flat=True)[:600])
    rows = Organisation.objects.unscoped(WHY)
    places = [*rows.filter(level__gte=2).order_by("-level", "pk")[:HOSPITALS]]
    places += rows.filter(level=1).order_by("pk")[:PRIMARY]
    for at, place in enumerate(places):
        own = replace(call, organisation=place.pk, scope=EVERYWHERE)
        _institution(own, place.pk, known[at::4], visited=at == 0)
    return len(places)


def _institution(call: Call, organisation: UUID, people: Sequence[UUID], *, visited: bool) -> None:
    today = clock.today()
    departments = organisations.departments(organisation, day=today)
    made = [
        _clinic(call, one, WEEK if at == 0 else WORKING)
        for at, one in enumerate(islice(_staffed(organisation, departments), CLINICS))
    ]
    if visited and departments:
        visit = ClinicIn(
            organisation, _named(departments, "心血管"), "省级专家门诊", practitioner="陆文远", title="主任医师",
            visits_from="省人民医院", fee_level="expert", place="专家诊室 1",
        )  # fmt: skip
        made.append(_clinic(call, visit, frozenset({2, 4, 6}), basis="support"))
        device = ClinicIn(organisation, _named(departments, "超声"), "心脏彩超", kind="device", place="功能科 2 室")
        made.append(_clinic(call, device, WORKING))
    for clinic in made:
        _fill(call, clinic, people)
    if made:
        _stories(call, made[-1], people)


def _named(departments: Sequence[organisations.DepartmentLine], word: str) -> UUID:
    """The department whose name holds the word; else the first."""
    return next((one.id for one in departments if word in one.name), departments[0].id)


def _staffed(organisation: UUID, departments: Sequence[organisations.DepartmentLine]) -> Iterator[ClinicIn]:
    """A clinic for each department that has a physician."""
    doctors = staff.working(Scope(frozenset({organisation})), organisation, clock.today())
    for at, department in enumerate(departments):
        fits = (one for one in doctors if one[2] == department.code and "医师" in one[3])
        if doctor := next(fits, None):
            level = "senior" if "主任医师" in doctor[3] else "ordinary"
            name = f"{department.name}门诊"
            yield ClinicIn(
                organisation, department.id, name, post=doctor[0], title=doctor[3], fee_level=level,
                place=f"{at + 1} 诊室",
            )  # fmt: skip


def _clinic(call: Call, made: ClinicIn, weekdays: frozenset[int], basis: str = "ordinary") -> UUID:
    clinic = rostering.make_clinic(call, clinic=made)
    today = clock.today()
    monday = today - timedelta(days=today.weekday())
    hours = RosterIn(weekdays, time(8), time(17) if weekdays == WEEK else time(12), 15, monday, basis)
    rostering.add_roster(call, clinic=clinic, roster=hours)
    rostering.plan(call, clinic=clinic, since=today, until=monday + timedelta(days=13))
    return clinic


def _sessions(clinic: UUID) -> list[Session]:
    return list(Session.objects.unscoped(WHY).filter(clinic=clinic, day__gte=clock.today()).order_by("starts"))


def _fill(call: Call, clinic: UUID, people: Sequence[UUID]) -> None:
    """Publish all sessions but the last; the nearer, the fuller. Today's is under way where its time is."""
    found = _sessions(clinic)
    for at, session in enumerate(found[:-1]):
        sessions.give_out(call, session=session.id, expect=session.version)
        slots = list(Slot.objects.filter(session=session).order_by("number"))
        share = max(1, len(slots) * 2 // (at + 3))
        for nth, slot in enumerate(slots[::2][:share]):
            whom = people[(at * 31 + nth * 7) % len(people)]
            with suppress(Refused):  # the hour is over, or the person has one that day
                appointments.book(call, slot=slot.id, resident=whom, channel=CHANNELS[nth % len(CHANNELS)])
        if session.day == clock.today() and session.ends > call.at:
            _today(call, session, people)


def _today(call: Call, session: Session, people: Sequence[UUID]) -> None:
    sessions.open_doors(call, session=session.id, expect=session.version + 1)
    for whom in people[-4:]:
        with suppress(Refused):  # one a day
            desk.walk_in(call, session=session.id, resident=whom)
    desk.call_next(call, session=session.id)


def _stories(call: Call, clinic: UUID, people: Sequence[UUID]) -> None:
    """Somebody waits for a clinic, and one of its sessions was stopped."""
    ahead = [one for one in _sessions(clinic) if one.day > clock.today()]
    today: date = clock.today()
    waiting.join(call, clinic=clinic, resident=people[0], since=today, until=today + timedelta(days=14))
    if len(ahead) > 2:
        version = Session.objects.unscoped(WHY).get(pk=ahead[0].pk).version
        stopping.stop(call, session=ahead[0].pk, expect=version, why="设备检修，当天停诊")
