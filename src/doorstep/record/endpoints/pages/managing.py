"""Endpoints: the list, one with how it does and what came last, a new one, its switch and its pause."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page, Paged
from doorstep.kernel.web.pages import STATUS, CalledRequest, expected, page
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import editing
from doorstep.record.endpoints.forms import (
    CARRIES,
    MAPPINGS,
    ORDERINGS,
    EndpointForm,
    TargetForm,
    initial,
    initial_target,
)
from doorstep.record.endpoints.forms.messages import DIALECTS
from doorstep.record.endpoints.pages import correspondents
from doorstep.record.endpoints.pages.rows import alert, lines, sent, titles
from doorstep.record.endpoints.rules.facts import MESSAGES
from doorstep.record.endpoints.rules.outward import Direction
from doorstep.record.endpoints.shapes import Endpoint, Standing
from doorstep.registers.organisations import api as organisations

FIELDS = {
    "endpoint.port": "port", "endpoint.address": "addresses", "endpoint.tls": "key", "endpoint.port_tls": "certificate",
    "endpoint.taken": "application", "endpoint.moved": "organisation", "endpoint.hours": "closes",
}  # fmt: skip
TOLD = 5
"""Alerts that stand above the list of endpoints."""
PASSED_ON = frozenset({"not_found", "permission", "stale"})
"""Refusals that have a page of their own."""


@page(Permission.READ)
def listing(request: CalledRequest) -> HttpResponse:
    """The endpoints within the caller's scope, and how each does."""
    paged = reads.listed(request.call, page=Page.read(request.GET.get("after"), 30))
    named = organisations.names({each.facts.organisation for each in paged.items})
    does = reads.standing(paged.items)
    rows = [_row(each, does[each.id], named.get(each.facts.organisation, "")) for each in paged.items]
    told = reads.alerts(request.call, page=Page(limit=TOLD))
    context = {
        "paged": paged, "rows": rows, "may_edit": request.call.may(Permission.EDIT).allowed,
        "alerts": [alert(each) for each in told.items], "more_alerts": bool(told.next),
    }  # fmt: skip
    return render(request, "endpoints/list.html", context)


def _row(each: Endpoint, does: Standing, place: str) -> dict[str, Any]:
    fault = reads.say_sent(does.fault, does.params, get_language() or "zh") if does.fault else ""
    return {
        "endpoint": each, "does": does, "place": place, "alarms": titles(does.alerts), "out": each.facts.out,
        "fault": fault,
    }  # fmt: skip


@page(Permission.READ)
def one(request: CalledRequest, endpoint: UUID) -> HttpResponse:
    """One endpoint: what it is, how it does, what came last."""
    known = reads.one(request.call, endpoint)
    does = reads.standing([known])[known.id]
    at, goes_out = Page.read(request.GET.get("after"), 20, parts=1), known.facts.direction is Direction.OUT
    paged: Paged[Any] = (reads.sent if goes_out else reads.messages)(request.call, endpoint, page=at)
    facts = known.facts
    called = organisations.names({facts.organisation, *facts.speaks_for, *filter(None, [facts.receiver])})
    context = _row(known, does, called.get(facts.organisation, "")) | {
        "receiver": called.get(facts.receiver, "") if facts.receiver else "",
        "dialect": DIALECTS.get(facts.mapping, ""), "speaks_for": [called.get(key, "") for key in facts.speaks_for],
        "facts": facts, "ordering": ORDERINGS[facts.ordering], "mapping": MAPPINGS.get(facts.mapping, facts.mapping),
        "paged": paged, "rows": (sent if goes_out else lines)(paged.items),
        "orders": reads.orders(request.call, endpoint),
        "alerts": [alert(each) for each in reads.alerts(request.call, page=Page(), endpoint=endpoint).items],
        "may_edit": request.call.may(Permission.EDIT).allowed, "may_mend": request.call.may(Permission.MEND).allowed,
        "carries": [CARRIES[each] for each in sorted(known.facts.out.carries)] if known.facts.out else (),
    }  # fmt: skip
    return render(request, "endpoints/target.html" if goes_out else "endpoints/one.html", context)


@page(Permission.EDIT)
def add(request: CalledRequest) -> HttpResponseBase:
    """Make an endpoint that others send to."""
    return _added(request, _form(request), _("已登记，几秒钟后开始接收。"))


@page(Permission.EDIT)
def add_target(request: CalledRequest) -> HttpResponseBase:
    """Make an endpoint that we send to."""
    return _added(request, _form(request, TargetForm), _("已登记，有内容时会自动发送。"))


def _added(request: CalledRequest, form: EndpointForm, told: str) -> HttpResponseBase:
    if form.is_valid():
        try:
            made = editing.make(request.call, facts=form.facts())
            messages.success(request, told)
            return redirect("endpoints:one", made)
        except Refused as refused:
            _tell(form, refused)
    context = {"form": form, "goes_out": isinstance(form, TargetForm)}
    return render(request, "endpoints/form.html", context, status=form.http_status)


@page(Permission.EDIT)
def edit(request: CalledRequest, endpoint: UUID) -> HttpResponseBase:
    """Change an endpoint."""
    known = reads.one(request.call, endpoint)
    if known.facts.protocol == MESSAGES:
        return correspondents.edit(request, known)
    if known.facts.direction is Direction.OUT:
        form = _form(request, TargetForm, initial=initial_target(known))
    else:
        form = _form(request, initial=initial(known))
    if form.is_valid():
        try:
            expect = form.cleaned_data["expect"] or 0
            editing.edit(request.call, endpoint=endpoint, expect=expect, facts=form.facts())
            messages.success(request, _("已保存，几秒钟后生效。"))
            return redirect("endpoints:one", endpoint)
        except Refused as refused:
            _tell(form, refused)
    return render(request, "endpoints/form.html", {"form": form, "endpoint": known}, status=form.http_status)


@page(Permission.EDIT)
@require_POST
def switch(request: CalledRequest, endpoint: UUID) -> HttpResponseBase:
    """Off, or on again."""
    on = request.POST.get("on") == "1"
    editing.switch(request.call, endpoint=endpoint, expect=expected(request), on=on)
    messages.success(request, _("已启用。") if on else _("已停用，不再接收或发送报文。"))
    return redirect("endpoints:one", endpoint)


@page(Permission.EDIT)
@require_POST
def pause(request: CalledRequest, endpoint: UUID) -> HttpResponseBase:
    """Let what comes wait, or work on it again."""
    paused = request.POST.get("paused") == "1"
    editing.pause(request.call, endpoint=endpoint, expect=expected(request), paused=paused)
    messages.success(request, _("已暂停，报文照常保存，等恢复后处理或发送。") if paused else _("已恢复。"))
    return redirect("endpoints:one", endpoint)


def _form(request: CalledRequest, kind: type[EndpointForm] = EndpointForm, **kwargs: Any) -> EndpointForm:
    choices = tuple((key, name) for key, name in organisations.manageable(request.call))
    data = request.POST if request.method == "POST" else None
    return kind(data, organisations=choices, **kwargs)


def _tell(form: EndpointForm, refused: Refused) -> None:
    if refused.decision.reason in PASSED_ON or STATUS.get(refused.decision.reason) == 409:
        raise refused
    form.add_refusal(refused, FIELDS.get(refused.decision.reason))
