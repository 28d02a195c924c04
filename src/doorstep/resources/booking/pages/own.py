"""A resident's own appointments, wishes and sanctions."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.kernel.web.qr import qr
from doorstep.resources.booking import forms
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions import own as acts
from doorstep.resources.booking.flow import Penalty, Status
from doorstep.resources.booking.pages.calendars import calendar
from doorstep.resources.booking.pages.sanctions import EVENTS
from doorstep.resources.booking.reads import own as reads
from doorstep.resources.booking.reads import rulings
from doorstep.resources.booking.reads.releases import own_tickets
from doorstep.resources.booking.shapes import Booked

STATUSES: Final = {
    Status.HELD: (gettext_lazy("为您保留"), "warn"),
    Status.BOOKED: (gettext_lazy("已约好"), "good"),
    Status.CHECKED_IN: (gettext_lazy("已签到"), "good"),
    Status.CALLED: (gettext_lazy("请进诊室"), "info"),
    Status.FULFILLED: (gettext_lazy("看过了"), ""),
    Status.CANCELLED: (gettext_lazy("已取消"), ""),
    Status.NO_SHOW: (gettext_lazy("没有来"), "bad"),
    Status.EXPIRED: (gettext_lazy("没有确认"), ""),
}
STOPPED: Final = (gettext_lazy("停诊了"), "bad")
APPEALS: Final = {
    Penalty.STANDING: gettext_lazy("生效中"),
    Penalty.APPEALED: gettext_lazy("您的说明正在处理"),
    Penalty.UPHELD: gettext_lazy("看过您的说明，仍然有效"),
    Penalty.LIFTED: gettext_lazy("看过您的说明，已解除"),
}


@page(Permission.OWN)
def own(request: CalledRequest) -> HttpResponse:
    """What is to come first; then what one waits for, what bars one, what was."""
    found = reads.overview(request.call, page=Page.read(request.GET.get("after")))
    context = {
        "asked": found.asked, "coming": [(one, *_state(one)) for one in found.coming],
        "past": [(one, *_state(one)) for one in found.past.items], "paged": found.past,
        "wishes": [one for one in found.wishes if one.missed or not one.offer], "tickets": own_tickets(request.call),
        "sanctions": [(one, EVENTS[one.event], APPEALS[Penalty(one.status)]) for one in found.sanctions],
    }  # fmt: skip
    return render(request, "booking/own.html", context)


def _state(one: Booked) -> tuple[Any, str]:
    """What became of it, in words: what the clinic has ended nobody has cancelled."""
    return STOPPED if one.stopped else STATUSES[Status(one.status)]


@page(Permission.OWN)
def appointment(request: CalledRequest, appointment: UUID) -> HttpResponse:
    """When, where, the code for the desk, and how to give it back."""
    found = reads.one(request.call, appointment=appointment)
    one, (word, tone) = found.one, _state(found.one)
    booked = one.status == Status.BOOKED
    rules, channels = rulings.barring(one.day)
    context = {
        "one": one, "word": word, "tone": tone, "booked": booked, "offered": found.offered,
        "picture": qr(str(one.token), scale=6) if booked else "",
        "cancel_until": found.cancel_until, "cancels": booked and request.call.at < found.cancel_until,
        "late_minutes": rulings.terms(one.day).late_minutes, "ended": one.status in (Status.CANCELLED, Status.EXPIRED),
        "barring": [(rule, EVENTS[rule.event.value]) for rule in rules] if channels else [],
    }  # fmt: skip
    return render(request, "booking/own_appointment.html", context)


@page(Permission.OWN)
@require_POST
def cancel(request: CalledRequest, appointment: UUID) -> HttpResponseBase:
    """The place is given back."""
    acts.cancel(request.call, appointment=appointment, why=request.POST.get("why", "").replace("\0", ""))
    messages.success(request, _("已取消。"))
    return redirect("booking:own")


@page(Permission.OWN)
@require_POST
def answer(request: CalledRequest, appointment: UUID) -> HttpResponseBase:
    """An offered place is taken, or not."""
    accept = request.POST.get("answer") == "accept"
    acts.answer(request.call, appointment=appointment, accept=accept)
    messages.success(request, _("约好了。") if accept else _("好的，这个号给下一位。"))
    return redirect("booking:own_appointment", appointment) if accept else redirect("booking:own")


@page(Permission.OWN)
def ics(request: CalledRequest, appointment: UUID) -> HttpResponse:
    """The appointment for the calendar of one's telephone."""
    found = reads.one(request.call, appointment=appointment)
    headers = {"Content-Disposition": f'attachment; filename="appointment-{found.one.day}.ics"'}
    text = calendar(found.one, request.call.at)
    return HttpResponse(text, content_type="text/calendar; charset=utf-8", headers=headers)


@page(Permission.OWN)
@require_POST
def withdraw(request: CalledRequest, wish: UUID) -> HttpResponseBase:
    """Wait no more."""
    acts.withdraw(request.call, wish=wish)
    messages.success(request, _("已取消候补。"))
    return redirect("booking:own")


@page(Permission.OWN)
def sanction(request: CalledRequest, sanction: UUID) -> HttpResponseBase:
    """Why one may not book now, until when, and what one says against it."""
    found = reads.sanction(request.call, sanction=sanction)
    form = forms.OwnWordsForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            acts.appeal(request.call, sanction=sanction, words=form.cleaned_data["words"])
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("已收到。处理好了会在这里告诉您。"))
            return redirect("booking:own_sanction", sanction)
    context = {
        "found": found, "event": EVENTS[found.event], "word": APPEALS[Penalty(found.status)], "form": form,
        "appeals": found.status == Penalty.STANDING,
    }  # fmt: skip
    return render(request, "booking/own_sanction.html", context, status=form.http_status)
