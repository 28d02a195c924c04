"""What each side has in the booking room: clinics, sessions, people in them, and what is a resident's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING

from doorstep.kernel import clock
from doorstep.kernel.testing import callers
from doorstep.resources.booking.actions import appointments, rostering, sessions, waiting
from doorstep.resources.booking.actions import desk as desk_acts
from doorstep.resources.booking.actions import own as own_booking
from doorstep.resources.booking.models import Roster, Sanction, Slot, Waiting
from doorstep.resources.booking.models import Session as Sitting
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.shapes import ClinicIn, RosterIn

if TYPE_CHECKING:
    from tests.faults.two_sides import Side


def fill(side: Side) -> None:
    """All of it."""
    _booking(side)
    _own_booking(side)


def _booking(side: Side) -> None:
    """A clinic whose session is under way, one to come, one not yet published; people in them, one who waits, one who
    is barred."""
    keeper, today = replace(callers.member(side.organisation), name=side.text), clock.today()
    made = ClinicIn(
        side.organisation, side.department, side.text[:60], practitioner=side.text[:60], visits_from=side.text,
        title=side.text[:40], place=side.text[:60],
    )  # fmt: skip
    side.ids["clinic"] = rostering.make_clinic(keeper, clinic=made)
    empty = replace(made, name=side.text[:57] + " 2")
    side.ids["empty_clinic"] = rostering.make_clinic(keeper, clinic=empty)
    week = RosterIn(frozenset(range(1, 8)), time(), time(23, 50), 30, today, "support")
    rostering.add_roster(keeper, clinic=side.clinic, roster=week)
    rostering.plan(keeper, clinic=side.clinic, since=today, until=today + timedelta(days=2))
    side.ids["roster"] = Roster.objects.filter(clinic=side.clinic).order_by("weekday").first().pk
    rows = Sitting.objects.unscoped("test").filter(clinic=side.clinic).order_by("day")
    side.ids["sitting"], side.ids["later"], side.ids["planned"] = rows.values_list("id", flat=True)
    for session in (side.sitting, side.later):
        sessions.give_out(keeper, session=session, expect=1)
    sessions.open_doors(keeper, session=side.sitting, expect=2)
    side.ids["called"] = desk_acts.walk_in(keeper, session=side.sitting, resident=side.other)
    desk_acts.call_next(keeper, session=side.sitting)
    side.ids["slot"] = Slot.objects.filter(session=side.later, channel="app").order_by("-number").first().pk
    first = Slot.objects.filter(session=side.later, channel="app").order_by("number").first().pk
    side.ids["appointment"] = appointments.hold(
        keeper, slot=first, resident=side.third, channel=Channel.WINDOW, until=clock.now() + timedelta(hours=9),
        why=side.text,
    )  # fmt: skip
    side.ids["wish"] = waiting.join(
        keeper, clinic=side.clinic, resident=side.other, since=today, until=today + timedelta(days=9)
    )
    side.ids["sanction"] = Sanction.objects.create(
        organisation_id=side.organisation, resident_id=side.other, first=side.other, event="no_show", count=3,
        window_days=365, channels=["phone"], since=today, until=today,
    ).pk  # fmt: skip


def _own_booking(side: Side) -> None:
    """What the resident has of their own at another clinic of the department: an appointment, an offered place, a wish,
    a sanction; places to book, and a session that is given out soon."""
    keeper, today = replace(callers.member(side.organisation), name=side.text), clock.today()
    made = ClinicIn(
        side.organisation, side.department, side.text[:57] + " 3", practitioner=side.text[:60], visits_from=side.text
    )  # fmt: skip
    side.ids["own_clinic"] = rostering.make_clinic(keeper, clinic=made)
    week = RosterIn(frozenset(range(1, 8)), time(8), time(12), 30, today, "support")
    rostering.add_roster(keeper, clinic=side.own_clinic, roster=week)
    for ahead in (1, 3, 4, 20):
        day = today + timedelta(days=ahead)
        rostering.plan(keeper, clinic=side.own_clinic, since=day, until=day)
    rows = Sitting.objects.unscoped("test").filter(clinic=side.own_clinic).order_by("day")
    first, second, _third, side.ids["sought"] = rows.values_list("id", flat=True)
    for session in rows:
        sessions.give_out(keeper, session=session.pk, expect=1)
    app = Slot.objects.filter(channel="app").order_by("number")
    side.ids["own_slot"] = app.filter(session=first).first().pk
    side.ids["open_session"], side.ids["open_slot"] = first, app.filter(session=first).last().pk
    mine = replace(callers.system(), actor=f"resident:{side.resident}", name=side.text, resident=side.resident)
    side.ids["own_appointment"] = own_booking.book(mine, slot=app.filter(session=second).first().pk)
    day = today + timedelta(days=4)
    wish = waiting.join(keeper, clinic=side.own_clinic, resident=side.resident, since=day, until=day)
    waiting.offer(keeper, clinic=side.own_clinic)
    side.ids["own_offer"] = Waiting.objects.unscoped("test").get(pk=wish).offer_id
    side.ids["own_wish"] = waiting.join(
        keeper, clinic=side.clinic, resident=side.resident, since=today, until=today + timedelta(days=9)
    )
    side.ids["own_sanction"] = Sanction.objects.create(
        organisation_id=side.organisation, resident_id=side.resident, first=side.resident, event="no_show", count=3,
        window_days=365, channels=["phone"], since=today, until=today,
    ).pk  # fmt: skip
