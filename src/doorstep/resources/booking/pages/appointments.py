"""Booking for a resident at the window, and one appointment."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel import clock
from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.kernel.web.qr import qr
from doorstep.registers.residents import api as residents
from doorstep.resources.booking import forms
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions import appointments as acts
from doorstep.resources.booking.actions import desk, series
from doorstep.resources.booking.flow import Status
from doorstep.resources.booking.pages.sessions import STATUSES, rights
from doorstep.resources.booking.reads import appointments as reads
from doorstep.resources.booking.reads import offers, sessions
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.shapes import Booked


@page(Permission.BOOK)
def book(request: CalledRequest, session: UUID) -> HttpResponseBase:
    """Find a person, take a time, done: one page, from the keyboard."""
    found = sessions.sitting(request.call, session=session)
    text = (request.POST.get("q") or request.GET.get("q") or "").strip()[:100]
    form = forms.BookForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = _made(request, session, form.cleaned_data)
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("已预约。"))
            return redirect("booking:appointment", made)
    people = residents.search(request.call, text=text, page=Page((), 8)).paged.items if text else ()
    times = offers.free_in(request.call, session, Channel.WINDOW)
    context = {
        "found": found, "form": form, "q": text, "people": people, "times": times,
        "is_today": found.cell.day == clock.today() and rights(request, found.organisation)["desk"],
        "chosen": form.data.get("resident", "") or (str(people[0].id) if len(people) == 1 else ""),
        "slot": form.data.get("slot", "") or (str(times[0].slot) if times else ""),
    }  # fmt: skip
    return render(request, "booking/book.html", context, status=form.http_status)


def _made(request: CalledRequest, session: UUID, said: dict[str, Any]) -> UUID:
    call, whom = request.call, said["resident"]
    if said["how"] == "walk_in":
        return desk.walk_in(call, session=session, resident=whom)
    if said["how"] == "add_on":
        return desk.add_on(call, session=session, resident=whom, why="")
    slot, channel = said["slot"] or UUID(int=0), Channel(said["channel"])
    if said["count"] and said["every"]:
        return series.book_series(
            call, slot=slot, resident=whom, channel=channel, every=said["every"], count=said["count"]
        )[0]
    return acts.book(call, slot=slot, resident=whom, channel=channel)


@page(Permission.READ)
def appointment(request: CalledRequest, appointment: UUID) -> HttpResponseBase:
    """One appointment: when, where, its code for the check-in, and what can be done with it."""
    one = _one(request, appointment)
    word, tone = STATUSES[Status(one.status)]
    standing = one.status in (Status.HELD, Status.BOOKED)
    here = request.call.scope.holds(one.organisation)
    context = {
        "one": one, "name": sessions.people({one.resident}).get(one.resident, ""), "word": word, "tone": tone,
        "picture": qr(str(one.token)),
        "standing": standing, "held": one.status == Status.HELD, "channel": forms.CHANNELS[one.channel],
        "confirms": one.status == Status.HELD and request.call.may(Permission.BOOK).allowed, "here": here,
        "releases": standing and request.call.may(Permission.BOOK).allowed,
        "checks_in": one.status == Status.BOOKED and one.day == clock.today()
        and rights(request, one.organisation)["desk"],
    }  # fmt: skip
    return render(request, "booking/appointment.html", context)


def _one(request: CalledRequest, appointment: UUID) -> Booked:
    return reads.one(request.call, appointment=appointment)


@page(Permission.BOOK)
@require_POST
def confirm(request: CalledRequest, appointment: UUID) -> HttpResponseBase:
    """What was held stands."""
    acts.confirm(request.call, appointment=appointment)
    messages.success(request, _("已预约。"))
    return redirect("booking:appointment", appointment)


@page(Permission.BOOK)
@require_POST
def release(request: CalledRequest, appointment: UUID) -> HttpResponseBase:
    """The place is given back."""
    acts.release(request.call, appointment=appointment, why=request.POST.get("why", "").replace("\0", ""))
    messages.success(request, _("已取消，号已放回。"))
    return redirect("booking:appointment", appointment)
