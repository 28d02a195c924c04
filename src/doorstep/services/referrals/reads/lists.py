"""The worklists of a desk: what is new, near, late, with the other side; and their counts. Each by an index."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.paging import Page, Paged, cut, key_of, moment_of
from doorstep.kernel.pinyin import typed
from doorstep.registers.organisations import api as organisations
from doorstep.services.referrals.access import Permission
from doorstep.services.referrals.flow import FLOW, OPEN, Status
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.reads import rows
from doorstep.services.referrals.rules import terms
from doorstep.services.referrals.shapes import Line

OTHERS: Final = "only what the caller's institution sent or received: filtered by its id here"
FRESH: Final = (Status.SENT, Status.REPORTED)
"""What has come from the other side and waits for a first look."""
_FAR: Final = "9999"


class Box(StrEnum):
    """The lists of a desk."""

    MINE = "mine"
    NEW = "new"
    SOON = "soon"
    OVERDUE = "overdue"
    WAITING = "waiting"
    DRAFTS = "drafts"
    ALL = "all"
    ESCALATED = "escalated"


@ask(Permission.READ, audits="referrals.list")
def box(call: Call, *, which: Box, query: str, page: Page) -> Paged[Line]:
    """A page of a list, the most pressing first (``ALL``, a search and what was escalated: the newest first).

    ``Refused`` for a caller without an institution, or who asks for what was escalated and is not to see it.
    """
    desk = _desk(call)
    about("Referrals", which.value, searched=bool(query))
    within = rows.terms_now()
    if query:
        found, key = _newest(Referral.objects.unscoped(OTHERS).filter(_named(query)), desk, page)
    elif which is Box.ALL:
        found, key = _newest(Referral.objects.unscoped(OTHERS), desk, page)
    elif which is Box.ESCALATED:
        demand(call.may(Permission.OVERSEE))
        found, key = _escalated(call, page)
    else:
        found, key = _pressing(_boxed(which, desk, call.at, within), page)
    called = organisations.names({k for row in found for k in (row.origin_id, row.destination_id) if k})
    return cut([rows.line(row, call, called, within) for row in found], page, key)


@ask(Permission.READ, audits="referrals.count")
def counts(call: Call) -> Mapping[Box, int]:
    """How many lie in each list of the caller's desk. Two queries."""
    desk = _desk(call)
    about("Referrals", "counts")
    within = rows.terms_now()
    mine = Referral.objects.unscoped(OTHERS).filter(desk=desk)
    said: dict[str, Any] = mine.aggregate(
        **{
            each.value: Count("pk", filter=_within(each, call.at, within))
            for each in (Box.MINE, Box.NEW, Box.SOON, Box.OVERDUE, Box.DRAFTS)
        }
    )
    waiting = Referral.objects.unscoped(OTHERS).filter(waiting=desk).count()
    return {Box(name): number for name, number in said.items()} | {Box.WAITING: waiting}


def open_for_resident(call: Call, resident: UUID) -> tuple[Line, ...]:
    """The open referrals of a resident in which the caller's institution is a side."""
    mine = Q(origin=call.organisation) | Q(destination=call.organisation, sent_at__isnull=False)
    held = Referral.objects.within(call.scope).filter(mine, resident=resident, status__in=sorted(OPEN))
    found = list(held.order_by("due_at", "pk")[:20])
    called = organisations.names({k for row in found for k in (row.origin_id, row.destination_id) if k})
    return tuple(rows.line(row, call, called, rows.terms_now()) for row in found)


def of_appointment(appointment: UUID) -> tuple[UUID, Status] | None:
    """The referral that holds an appointment and where it stands: for the house, which follows booking's events."""
    return _of(appointment=appointment)


def of_kept(appointment: UUID) -> tuple[UUID, Status] | None:
    """The same of the appointment that is kept for the patient instead of one that was stopped."""
    return _of(instead=appointment)


def _of(**which: UUID) -> tuple[UUID, Status] | None:
    held = Referral.objects.unscoped("an event of booking names no institution's referral").filter(**which)
    found = held.values_list("pk", "status").first()
    return (found[0], Status(found[1])) if found else None


def waiting(call: Call) -> int:
    """How many are late on the caller's desk: the number at the menu. One query."""
    if call.organisation is None:
        return 0
    mine = Referral.objects.unscoped(OTHERS).filter(desk=call.organisation, due_at__lt=call.at)
    return int(mine.exclude(status=Status.DRAFT).count())


def _desk(call: Call) -> UUID:
    if call.organisation is None:
        raise Refused(refuse("referral.no_desk"))
    return call.organisation


def _within(which: Box, at: datetime, within: terms.Terms) -> Q:
    live = ~Q(status=Status.DRAFT)
    if which is Box.DRAFTS:
        return Q(status=Status.DRAFT)
    if which is Box.NEW:
        return Q(status__in=FRESH)
    if which is Box.SOON:
        return live & Q(due_at__gte=at, due_at__lte=at + timedelta(minutes=within.soon_minutes))
    return live & Q(due_at__lt=at) if which is Box.OVERDUE else live


def _boxed(which: Box, desk: UUID, at: datetime, within: terms.Terms) -> QuerySet[Referral]:
    found: QuerySet[Referral] = Referral.objects.unscoped(OTHERS)
    if which is Box.WAITING:
        return found.filter(waiting=desk)
    return found.filter(_within(which, at, within), desk=desk)


def _pressing(found: QuerySet[Referral], page: Page) -> tuple[list[Referral], tuple[str, ...] | None]:
    """By deadline, those without one last."""
    if page.after:
        due, key = page.after
        last, moment = key_of(key), None if due == _FAR else moment_of(due)
        later = Q(due_at__isnull=True, pk__gt=last)
        if moment is not None:
            later = Q(due_at__gt=moment) | Q(due_at=moment, pk__gt=last) | Q(due_at__isnull=True)
        found = found.filter(later)
    got = list(found.order_by("due_at", "pk")[: page.limit + 1])
    last_row = got[page.limit - 1] if len(got) > page.limit else None
    if last_row is None:
        return got, None
    return got, (last_row.due_at.isoformat() if last_row.due_at else _FAR, str(last_row.pk))


def _newest(found: QuerySet[Referral], desk: UUID, page: Page) -> tuple[list[Referral], tuple[str, ...] | None]:
    """Sent and received, the last changed first: each side by its own index, then together."""
    before = _before(page)
    sides = (found.filter(origin=desk), found.filter(destination=desk, sent_at__isnull=False))
    got = [row for side in sides for row in side.filter(before).order_by("-changed_at", "-pk")[: page.limit + 1]]
    got.sort(key=lambda row: (row.changed_at, row.pk), reverse=True)
    return got[: page.limit + 1], _key(got, page)


def _escalated(call: Call, page: Page) -> tuple[list[Referral], tuple[str, ...] | None]:
    found = Referral.objects.within(call.scope).filter(_before(page), escalated_at__isnull=False)
    got = list(found.exclude(status__in=sorted(FLOW.ends)).order_by("-changed_at", "-pk")[: page.limit + 1])
    return got, _key(got, page)


def _before(page: Page) -> Q:
    if not page.after:
        return Q()
    moment, last = moment_of(page.after[0]), key_of(page.after[1])
    return Q(changed_at__lt=moment) | Q(changed_at=moment, pk__lt=last)


def _key(got: list[Referral], page: Page) -> tuple[str, ...] | None:
    if len(got) <= page.limit:
        return None
    last = got[page.limit - 1]
    return last.changed_at.isoformat(), str(last.pk)


def _named(query: str) -> Q:
    """The whole name, its pinyin or initials, or the number of the referral: each by its own index."""
    text = query.strip()[:100]
    fits = Q(name=text) | Q(number=text.upper())
    if letters := typed(text):
        fits |= Q(pinyin=letters) | Q(initials=letters)
    return fits
