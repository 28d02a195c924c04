"""A series of visits: the same clinic, every so many days, all of them or none."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from doorstep.kernel.act import action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.ids import new_id
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions.appointments import PLACES, take, whom
from doorstep.resources.booking.actions.claiming import Claim
from doorstep.resources.booking.models import Session, Slot
from doorstep.resources.booking.rules import Channel

MOST: Final = 12
LONGEST: Final = 31


@action(Permission.BOOK, audits="booking.series", beyond=PLACES)
def book_series(
    call: Call, *, slot: UUID, resident: UUID, channel: Channel, every: int, count: int
) -> tuple[UUID, ...]:
    """Book ``count`` visits, the first at a place, the others ``every`` so many days at the same hour or the next free
    one of that session. ``Refused``: ``series.span``, ``series.day`` where one day has none; then none is booked."""
    if not (2 <= count <= MOST and 1 <= every <= LONGEST):
        raise Refused(refuse("series.span", most=MOST, longest=LONGEST))
    person, series = whom(call, resident), new_id()
    first = Slot.objects.select_related("session").filter(pk=slot).first()
    if first is None:
        raise Refused(refuse("not_found", kind="Slot"))
    made = [take(call, Claim(person, channel, slot=slot, series=series))]
    for nth in range(1, count):
        later = timedelta(days=every * nth)
        rows = Session.objects.unscoped(PLACES).filter(clinic=first.session.clinic_id, day=first.session.day + later)
        session = rows.order_by("starts").first()
        after = first.starts + later - timedelta(seconds=1)
        try:
            if session is None:
                raise Refused(refuse("slot_taken"))
            made.append(take(call, Claim(person, channel, session=session.id, after=after, series=series)))
        except Refused as refused:
            if refused.decision.reason in ("one_a_day", "sanctioned"):
                raise
            raise Refused(refuse("series.day", day=(first.session.day + later).isoformat())) from refused
    return tuple(made)
