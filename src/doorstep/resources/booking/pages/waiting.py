"""A clinic's waiting list."""

from __future__ import annotations

from datetime import timedelta
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
from doorstep.registers.residents import api as residents
from doorstep.resources.booking import forms
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions import waiting as acts
from doorstep.resources.booking.reads import lists, sessions


@page(Permission.BOOK)
def listed(request: CalledRequest, clinic: UUID) -> HttpResponseBase:
    """Who waits, in order; a POST puts one more at the end."""
    found = sessions.clinic(request.call, clinic=clinic)
    text = (request.POST.get("q") or request.GET.get("q") or "").strip()[:100]
    today = clock.today()
    initial = {"since": today, "until": today + timedelta(days=14)}
    form = forms.WishForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        said = form.cleaned_data
        try:
            acts.join(request.call, clinic=clinic, resident=said["resident"], since=said["since"], until=said["until"])
            acts.offer(request.call, clinic=clinic)
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("已登记候补。有空号时按登记先后通知。"))
            return redirect("booking:waiting", clinic)
    paged = lists.waiting(request.call, clinic=clinic, page=Page.read(request.GET.get("after"), parts=1))
    people = residents.search(request.call, text=text, page=Page((), 8)).paged.items if text else ()
    context = {"found": found, "form": form, "paged": paged, "q": text, "people": people}
    return render(request, "booking/waiting.html", context, status=form.http_status)


@page(Permission.BOOK)
@require_POST
def withdraw(request: CalledRequest, clinic: UUID, wish: UUID) -> HttpResponseBase:
    """Take somebody off the list."""
    acts.withdraw(request.call, wish=wish)
    messages.success(request, _("已从候补名单上移除。"))
    return redirect("booking:waiting", clinic)
