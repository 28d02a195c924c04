"""What is a resident's own: appointments, wishes, sanctions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, OuterRef, Q, Subquery

from doorstep.kernel import clock
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.paging import Page, Paged, cut, key_of, moment_of
from doorstep.kernel.store import ScopedQuerySet
from doorstep.registers.organisations import api as organisations
from doorstep.resources.booking.access import Permission, may_own
from doorstep.resources.booking.flow import Penalty, Status, Wish
from doorstep.resources.booking.models import Appointment, Sanction, Waiting
from doorstep.resources.booking.reads import rulings
from doorstep.resources.booking.reads.appointments import booked, rows
from doorstep.resources.booking.reads.own_shapes import Mine, Own, OwnSanction, OwnWish
from doorstep.resources.booking.rules import own as rules
from doorstep.resources.booking.shapes import Booked

MINE: Final = "asked for by the resident's own id, behind the fence of what is theirs"
COUNTED: Final = "how many wait before is counted; who they are is not told"
STANDING: Final = (Status.HELD, Status.BOOKED, Status.CHECKED_IN, Status.CALLED)
IN_LINE: Final = (Wish.WAITING, Wish.OFFERED)
REMEMBERED: Final = timedelta(days=7)
"""So long somebody is told that they did not answer in time."""
MOST: Final = 100


def me(call: Call) -> UUID:
    """Whose pages these are: the caller, or the ward for whom they act. ``Refused`` (permission) for anybody else."""
    if call.resident is None:
        raise Refused(refuse("permission"))
    return call.resident


@ask(Permission.OWN, audits="booking.own", beyond=COUNTED)
def overview(call: Call, *, page: Page) -> Own:
    """All that is one's own, what was by pages with the latest first."""
    whose = me(call)
    about("Resident", whose, resident=whose)
    mine = rows().filter(resident=whose)
    running = Q(status__in=STANDING, session__ends__gt=call.at) & ~Q(status=Status.HELD, held_until__lte=call.at)
    coming = list(mine.filter(running).order_by("starts", "id")[:MOST])
    past = mine.exclude(running).exclude(status__in=(Status.EXPIRED, Status.HELD))
    # what holds, and what was said against one
    barred = Q(until__gte=clock.today()) & ~Q(status=Penalty.LIFTED) | ~Q(appeal="")
    sanctions = Sanction.objects.unscoped(MINE).filter(barred, resident=whose).order_by("-since", "id")
    wishes = tuple(_wishes(whose, call.at))
    offered = {one.offer for one in wishes}
    asks = [row for row in coming if row.status == Status.HELD and (row.replaces_id or row.id in offered)]
    rest = [row for row in coming if row not in asks]
    return Own(booked(asks), booked(rest), _past(past, page), wishes, _sanctions(list(sanctions[:MOST])))


def _past(found: ScopedQuerySet[Appointment], page: Page) -> Paged[Booked]:
    query = found.order_by("-starts", "id")
    if page.after:
        at, last = moment_of(page.after[0]), key_of(page.after[1])
        query = query.filter(Q(starts__lt=at) | Q(starts=at, id__gt=last))
    listed = list(query[: page.limit + 1])
    edge = listed[page.limit - 1] if len(listed) > page.limit else None
    return cut(list(booked(listed)), page, (edge.starts.isoformat(), str(edge.id)) if edge else None)


def _wishes(whose: UUID, at: datetime) -> Iterable[OwnWish]:
    """What one waits for, and for a while what was offered and not answered in time."""
    lapsed = Q(status=Wish.LAPSED, offer__isnull=False, answer_by__gt=at - REMEMBERED)
    found = Waiting.objects.unscoped(MINE).filter(Q(status__in=IN_LINE) | lapsed, resident=whose)
    came = OuterRef("created_at")
    earlier = Q(created_at__lt=came) | Q(created_at=came, id__lt=OuterRef("id"))
    line = Waiting.objects.unscoped(COUNTED).filter(earlier, clinic=OuterRef("clinic"), status__in=IN_LINE)
    count = line.order_by().values("clinic").annotate(number=Count("pk")).values("number")
    asked = found.annotate(before=Subquery(count)).select_related("clinic", "offer")
    listed = list(asked.order_by("created_at", "id")[:MOST])
    names = organisations.names({row.organisation_id for row in listed})
    standing = {row.clinic_id for row in listed if row.status != Wish.LAPSED}
    for row in listed:
        if row.status == Wish.LAPSED and row.clinic_id in standing:
            continue  # they wait again already
        before = (row.before or 0) if row.status == Wish.WAITING else 0
        yield OwnWish(
            row.id, row.clinic_id, row.clinic.name, names.get(row.organisation_id, ""), row.since, row.until, before,
            row.offer_id, row.offer.starts if row.offer else None, row.answer_by,
            missed=row.answer_by is not None and row.answer_by <= at,
        )  # fmt: skip


def _sanctions(listed: Collection[Sanction]) -> tuple[OwnSanction, ...]:
    names = organisations.names({row.organisation_id for row in listed})
    return tuple(
        OwnSanction(
            row.id, names.get(row.organisation_id, ""), row.everywhere, row.event, row.count, row.window_days,
            row.since, row.until, row.status, row.appeal, row.answer,
        )
        for row in listed
    )  # fmt: skip


@ask(Permission.OWN, audits="booking.own_sanction")
def sanction(call: Call, *, sanction: UUID) -> OwnSanction:
    """One sanction of one's own. ``Refused``: ``not_found``."""
    whose = me(call)
    found = list(Sanction.objects.unscoped(MINE).filter(resident=whose, pk=sanction))
    if not found:
        raise Refused(refuse("not_found", kind="Sanction"))
    about("Sanction", sanction, resident=whose)
    return _sanctions(found)[0]


@ask(Permission.OWN, audits="booking.own_appointment")
def one(call: Call, *, appointment: UUID) -> Mine:
    """One appointment of one's own. ``Refused``: ``not_found``."""
    row = rows().filter(pk=appointment).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Booking"))
    demand(may_own(call, row.resident_id))
    about("Appointment", appointment, resident=row.resident_id)
    until = rules.cancel_until(row.day, row.starts, rulings.terms(row.day))
    return Mine(booked([row])[0], until, row.status == Status.HELD and asked_for(row))


def asked_for(row: Appointment) -> bool:
    """Whether a place is held for the person themselves to answer: offered by a waiting list, or instead of one that
    was stopped; what is held for a referral is answered by the referral."""
    if row.replaces_id is not None:
        return True
    rows = Waiting.objects.unscoped(MINE).filter(offer=row.id, resident=row.resident_id, status=Wish.OFFERED)
    return bool(rows.exists())
