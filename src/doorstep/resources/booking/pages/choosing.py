"""A resident books in four taps: department or expert, day, time, yes."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from doorstep.kernel import clock
from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.organisations import api as organisations
from doorstep.resources.booking import forms
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions import own as acts
from doorstep.resources.booking.reads import choosing as reads
from doorstep.resources.booking.reads import rulings
from doorstep.resources.booking.rules import own as rules

WAIT_DAYS = 14


@page(Permission.OWN)
def new(request: CalledRequest) -> HttpResponse:
    """The first tap: a department, or an expert."""
    experts = request.GET.get("by") == "expert"
    text = request.GET.get("q", "").strip()[:60]
    after = Page.read(request.GET.get("after"), limit=30, parts=4)
    paged = reads.choices(request.call, experts=experts, text=text, page=after)
    context = {"paged": paged, "experts": experts, "departments": not experts, "q": text}
    return render(request, "booking/own_new.html", context)


@page(Permission.OWN)
def department(request: CalledRequest, department: UUID) -> HttpResponse:
    """The second and third tap, of a department."""
    return _when(request, reads.department(department))


@page(Permission.OWN)
def clinic(request: CalledRequest, clinic: UUID) -> HttpResponse:
    """The second and third tap, of an expert's clinic."""
    return _when(request, reads.clinic(clinic))


def _when(request: CalledRequest, chosen: reads.Chosen) -> HttpResponse:
    day = _day(request.GET.get("day", ""))
    context = {"chosen": chosen.what, "by_clinic": chosen.by_clinic, "day": day}
    if day is None:
        found = reads.days(request.call, chosen)
        return render(request, "booking/own_days.html", context | {"days": found})
    context |= {"times": reads.times(request.call, chosen, day), "full": reads.full(request.call, chosen, day)}
    return render(request, "booking/own_times.html", context)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if abs(found - clock.today()) < timedelta(days=366) else None


@page(Permission.OWN)
def book(request: CalledRequest, slot: UUID) -> HttpResponseBase:
    """The fourth tap: what was chosen is shown whole, and one presses yes."""
    form = forms.ConfirmForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = acts.book(request.call, slot=slot)
        except Refused as refused:
            if refused.decision.reason == "not_found":
                raise
            form.add_refusal(refused)
        else:
            messages.success(request, _("约好了。请按时来。"))
            return redirect("booking:own_appointment", made)
    found, clinic_, day = reads.offer(request.call, slot)
    until = rules.cancel_until(day, found.starts, rulings.terms(day)) if found else None
    where = organisations.names({found.organisation})[found.organisation] if found else ""
    context = {"offer": found, "where": where, "clinic": clinic_, "day": day, "form": form, "cancel_until": until,
               "cancels": until is not None and until > request.call.at}  # fmt: skip
    return render(request, "booking/own_book.html", context, status=form.http_status)


@page(Permission.OWN)
def wait(request: CalledRequest, clinic: UUID) -> HttpResponseBase:
    """Nothing is free: wait for a place of this clinic until a day."""
    chosen = reads.clinic(clinic)
    initial = {"until": clock.today() + timedelta(days=WAIT_DAYS)}
    form = forms.OwnWishForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            acts.wait(request.call, clinic=clinic, until=form.cleaned_data["until"])
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("已登记。有空号时，按登记先后通知您。"))
            return redirect("booking:own")
    minutes = rulings.terms(clock.today()).answer_minutes
    context = {"chosen": chosen.what, "form": form, "minutes": minutes}
    return render(request, "booking/own_wait.html", context, status=form.http_status)
