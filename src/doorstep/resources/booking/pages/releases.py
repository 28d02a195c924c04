"""The waiting room of a release: one joins once, and the page tells where one stands."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from doorstep.kernel.decision import refuse
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions import releasing as acts
from doorstep.resources.booking.flow import Turn
from doorstep.resources.booking.reads import releases as reads
from doorstep.resources.booking.rules import releasing


@page(Permission.OWN)
@never_cache
def release(request: CalledRequest, session: UUID) -> HttpResponseBase:
    """What is given out when; a POST joins the queue, once."""
    if request.method == "POST":
        acts.join(request.call, session=session)
        return redirect("booking:own_release", session)
    return render(request, "booking/own_release.html", _context(request, session))


@page(Permission.OWN)
@never_cache
def stand(request: CalledRequest, session: UUID) -> HttpResponse:
    """Where one stands, as HTMX asks for it; whoever asks after the hour serves the next, if nobody else is at it."""
    return render(request, "booking/own_stand.html", _context(request, session))


def _context(request: CalledRequest, session: UUID) -> dict[str, Any]:
    found = reads.stand(request.call, session=session)
    waits = found.status == Turn.WAITING
    if waits and found.opens_at and found.opens_at <= request.call.at and acts.serve(request.call, session=session):
        found = reads.stand(request.call, session=session)
        waits = found.status == Turn.WAITING
    to_go = (found.opens_at - request.call.at).total_seconds() if found.opens_at else 0
    dice = random.random()  # noqa: S311  spreads questions over time, and decides nothing
    return {
        "found": found, "waits": waits, "joins": not found.status and found.gives and not found.closed,
        "again": round(releasing.ask_again(found.joined, to_go, dice), 1) if waits else 0, "hour": to_go <= 0,
        "minutes": -(-found.seconds // 60) if found.seconds is not None else None,
        "refused": refuse(found.reason) if found.reason else None,
    }  # fmt: skip
