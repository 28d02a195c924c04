"""Waiting lists: who wants a place at a full clinic, who is offered one, in order, with a time to answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from doorstep.events.booking import PlaceOffered
from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.resources.booking import flow
from doorstep.resources.booking.access import Permission, Sides, may_touch
from doorstep.resources.booking.actions import appointments as acts
from doorstep.resources.booking.actions.claiming import Claim
from doorstep.resources.booking.actions.stepping import step
from doorstep.resources.booking.actions.telling import tell
from doorstep.resources.booking.flow import Facts, Wish
from doorstep.resources.booking.models import Clinic, Session, Waiting
from doorstep.resources.booking.reads import rulings
from doorstep.resources.booking.reads.appointments import near
from doorstep.resources.booking.rules import Channel

LINE: Final = "a waiting list is served in its order, whoever knows those who stand in it"
LONGEST: Final = timedelta(days=92)


@action(Permission.BOOK, audits="booking.join", beyond=LINE)
def join(call: Call, *, clinic: UUID, resident: UUID, since: date, until: date) -> UUID:
    """Put a resident on a clinic's waiting list for some days. ``Refused``: ``not_found``, ``waiting.span``,
    ``waiting.twice``."""
    whom = acts.whom(call, resident)
    about("Resident", whom, resident=whom)
    row = Clinic.objects.unscoped(LINE).filter(pk=clinic, ended_on__isnull=True).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Clinic"))
    if not clock.today() <= since <= until <= clock.today() + LONGEST:
        raise Refused(refuse("waiting.span", days=LONGEST.days))
    with clashes(waiting_once="waiting.twice"):
        made: Waiting = Waiting.objects.create(
            organisation_id=row.organisation_id, clinic=row, resident_id=whom, first=whom, since=since, until=until,
            made_by=call.actor, made_name=call.name,
        )  # fmt: skip
    about("Waiting", made.id, resident=whom, clinic=str(clinic))
    return made.id


@action(Permission.BOOK, audits="booking.withdraw", beyond=LINE)
def withdraw(call: Call, *, wish: UUID) -> None:
    """Take a resident off the list. ``Refused``: ``not_found``, ``wrong_state`` (an offer is answered instead)."""
    row = Waiting.objects.unscoped(LINE).select_for_update().filter(pk=wish).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Waiting"))
    known = near(call, row.organisation_id, row.resident_id)
    demand(may_touch(call, Sides(row.organisation_id, row.resident_id, known)))
    about("Waiting", row.id, resident=row.resident_id)
    _move(row, "withdraw", Facts())


@action(Permission.BOOK, audits="booking.offer", beyond=LINE)
def offer(call: Call, *, clinic: UUID) -> int:
    """Offer what is free at a clinic to those who wait for it, the first first; how many were offered a place. Each has
    ``answer_minutes`` to answer; who does not is passed over, and the next is asked."""
    locked = Clinic.objects.unscoped(LINE).select_for_update().get(pk=clinic)
    about("Clinic", clinic)
    rows = Waiting.objects.unscoped(LINE).filter(clinic=locked, status=Wish.WAITING)
    made, until = 0, call.at + timedelta(minutes=rulings.terms(clock.today()).answer_minutes)
    for wish in rows.select_for_update().order_by("created_at", "id"):
        if wish.until < clock.today():
            _move(wish, "lapse", Facts(over=True))
        elif _offered(call, wish, until):
            made += 1
    about("Clinic", clinic, offered=made)
    return made


def _offered(call: Call, wish: Waiting, until: datetime) -> bool:
    for session in _sessions(wish, call):
        wanted = Claim(
            wish.resident_id, Channel.APP, session=session, until=until, listed=True, waits=False
        )  # fmt: skip
        try:
            row = acts.kept(call, wanted)
        except Refused:
            continue
        wish.offer, wish.answer_by = row, row.held_until
        _move(wish, "offer", Facts())
        tell(PlaceOffered, row, answer_by=row.held_until)
        return True
    return False


def _sessions(wish: Waiting, call: Call) -> Iterator[UUID]:
    rows = Session.objects.unscoped(LINE).filter(clinic=wish.clinic_id, day__gte=wish.since, day__lte=wish.until)
    rows = rows.filter(status__in=sorted(flow.GIVES), ends__gt=call.at).order_by("starts")
    yield from rows.values_list("id", flat=True)


def _move(row: Waiting, move: str, facts: Facts) -> None:
    step(row, flow.WAITING, move, facts)
    row.save()
