"""Waiting lists and sanctions."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import BadCursor, Page, Paged, cut, key_of
from doorstep.registers.organisations import api as organisations
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.flow import Penalty, Wish
from doorstep.resources.booking.models import Clinic, Sanction, Waiting
from doorstep.resources.booking.reads.sessions import people
from doorstep.resources.booking.shapes import SanctionLine, WishLine

ROW: Final = "of a clinic that is within the scope"


@ask(Permission.READ, audits="booking.waiting")
def waiting(call: Call, *, clinic: UUID, page: Page) -> Paged[WishLine]:
    """Who waits for a clinic of the scope, and who was offered a place, in the order of the list. Three queries."""
    if not Clinic.objects.within(call.scope).filter(pk=clinic).exists():
        raise Refused(refuse("not_found", kind="Clinic"))
    about("Clinic", clinic)
    rows = Waiting.objects.unscoped(ROW).filter(clinic=clinic, status__in=(Wish.WAITING, Wish.OFFERED))
    if page.after:
        rows = rows.filter(pk__gt=key_of(page.after[0]))
    found = list(rows.select_related("offer").order_by("pk")[: page.limit + 1])
    names = people({row.resident_id for row in found})
    lines = [
        WishLine(
            row.id, row.resident_id, names.get(row.resident_id, ""), row.since, row.until, row.status, row.created_at,
            row.offer_id, row.offer.starts if row.offer else None, row.answer_by,
        )
        for row in found
    ]  # fmt: skip
    return cut(lines, page, (str(found[page.limit - 1].pk),) if len(found) > page.limit else None)


@ask(Permission.READ, audits="booking.sanctions")
def sanctions(call: Call, *, page: Page, status: str) -> Paged[SanctionLine]:
    """Sanctions of the scope's institutions in a state, the newest first. Three queries."""
    about("Sanctions", status)
    rows = Sanction.objects.within(call.scope).filter(status=Penalty(status))
    if page.after:
        since, key = page.after[0], key_of(page.after[1])
        if len(since) != 10 or not since.replace("-", "").isdigit():
            raise BadCursor(since)
        rows = rows.filter(Q(since__lt=since) | Q(since=since, pk__gt=key))
    found = list(rows.order_by("-since", "pk")[: page.limit + 1])
    last = found[page.limit - 1] if len(found) > page.limit else None
    return cut(_sanctions(found), page, (last.since.isoformat(), str(last.pk)) if last else None)


@ask(Permission.READ, audits="booking.sanction")
def sanction(call: Call, *, sanction: UUID) -> SanctionLine:
    """One sanction of the scope's institutions. ``Refused``: ``not_found``."""
    found = list(Sanction.objects.within(call.scope).filter(pk=sanction))
    if not found:
        raise Refused(refuse("not_found", kind="Sanction"))
    about("Sanction", sanction, resident=found[0].resident_id)
    return _sanctions(found)[0]


def _sanctions(found: list[Any]) -> list[SanctionLine]:
    names = people({row.resident_id for row in found})
    places = organisations.names({row.organisation_id for row in found})
    return [
        SanctionLine(
            row.id, row.version, row.resident_id, names.get(row.resident_id, ""), places.get(row.organisation_id, ""),
            row.event, row.count, row.window_days, row.since, row.until, row.status, row.everywhere, row.appeal,
            row.answer, row.decided_name, row.organisation_id,
        )
        for row in found
    ]  # fmt: skip


def appealed(call: Call) -> int:
    """How many appeals wait for the caller."""
    return int(Sanction.objects.within(call.scope).filter(status=Penalty.APPEALED)[:100].count())
