"""Publishing what is there: sessions from a month back with their clinics, places and appointments."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from doorstep.kernel import clock, publishing
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import allow, demand, refuse
from doorstep.resources.booking import flow
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions.telling import publish, publish_session
from doorstep.resources.booking.models import Appointment, Session

PAGE: Final = 20
NIL: Final = UUID(int=0)
ALL: Final = "what the room has is published, whoever it is of"


@action(Permission.ROSTER, audits="booking.publish")
def republish(call: Call, *, after: str = "") -> str:
    """Publish a page of sessions from a month back, in the order of ids, with their places and appointments; returns
    where the next begins, "" at the end. Only for the whole district."""
    demand(allow() if call.scope.everywhere else refuse("not_yours"))
    rows = Session.objects.unscoped(ALL).filter(pk__gt=after or NIL, day__gt=clock.today() - timedelta(days=31))
    found = list(rows.exclude(status=flow.Sitting.PLANNED).order_by("pk")[:PAGE])
    for row in found:
        publish_session(row, call.at)
    kept = Appointment.objects.unscoped(ALL).filter(session__in=found).values_list("id", flat=True)
    publish(list(kept), call.at)
    about("Sessions", "all", published=len(found), after=after)
    return str(found[-1].pk) if len(found) == PAGE else ""


def publish_all(call: Call) -> int:
    """Publish all; by the clock, so that what ended by itself is told."""
    return publishing.everything(call, republish)
