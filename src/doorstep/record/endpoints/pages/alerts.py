"""Alerts: what must be looked at, who sees to it, and the rules by which they open."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import watching
from doorstep.record.endpoints.forms.alerts import AlertFilter, NoteForm, WatchForm
from doorstep.record.endpoints.pages.rows import alert as told
from doorstep.record.endpoints.shapes import Endpoint


@page(Permission.READ)
def listing(request: CalledRequest) -> HttpResponse:
    """Alerts within the caller's scope: those that are open, or all."""
    form = AlertFilter(request.GET)
    past = form.is_valid() and form.cleaned_data["state"] == "all"
    paged = reads.alerts(request.call, page=Page.read(request.GET.get("after"), 30, parts=1), past=past)
    may_edit = request.call.may(Permission.EDIT).allowed
    context = {
        "form": form, "paged": paged, "rows": [told(each) for each in paged.items], "past": past,
        "may_edit": may_edit, "may_house": may_edit and request.call.scope.everywhere,
    }  # fmt: skip
    return render(request, "endpoints/alerts.html", context)


@page(Permission.EDIT)
def note(request: CalledRequest, alert: UUID) -> HttpResponseBase:
    """Say that one sees to an alert."""
    found = reads.alert(request.call, alert)
    form = NoteForm(request.POST or None, initial={"expect": found.version})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        watching.note(request.call, alert=alert, expect=said["expect"] or 0, text=said["text"])
        messages.success(request, _("已记下。情况好转后告警会自己结束。"))
        return redirect("endpoints:alerts")
    row = told(found)
    context = {
        "question": row["title"], "consequences": [row["what"], row["advice"]], "form": form, "label": _("我来处理"),
        "cancel": reverse("endpoints:alerts"),
    }  # fmt: skip
    return render(request, "kernel/confirm.html", context, status=422 if form.is_bound else 200)


@page(Permission.EDIT)
def rules(request: CalledRequest, endpoint: UUID) -> HttpResponseBase:
    """When an alert of an endpoint opens."""
    known = reads.one(request.call, endpoint)
    return _rules(request, known, reverse("endpoints:one", args=[endpoint]))


@page(Permission.EDIT)
def house_rules(request: CalledRequest) -> HttpResponseBase:
    """When an alert of the house opens: for the district alone."""
    if not request.call.scope.everywhere:
        raise Refused(refuse("elsewhere"))
    return _rules(request, None, reverse("endpoints:alerts"))


def _rules(request: CalledRequest, known: Endpoint | None, back: str) -> HttpResponseBase:
    endpoint = known.id if known else None
    held, version = reads.rules(request.call, endpoint)
    data = request.POST if request.method == "POST" else None
    form = WatchForm(data, watches=held, version=version, language=get_language() or "zh")
    if form.is_valid():
        expect = form.cleaned_data["expect"] or 0
        watching.set_watches(request.call, endpoint=endpoint, expect=expect, rules=form.watches())
        messages.success(request, _("已保存，一分钟内生效。"))
        return redirect(back)
    context = {"form": form, "endpoint": known, "back": back}
    return render(request, "endpoints/watch.html", context, status=form.http_status)
