"""What came in: the list of rests, one message with its journey, and what a person does with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel.decision import Refused
from doorstep.kernel.ids import uuid_of
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import mending
from doorstep.record.endpoints.flow import State
from doorstep.record.endpoints.forms import Dismiss, Mend, RestsFilter
from doorstep.record.endpoints.pages.rows import lines, segments, sent, told
from doorstep.record.endpoints.rules.facts import MESSAGE_CODES
from doorstep.record.endpoints.shapes import Journey

CHOICES = 200
CODES = dict(zip(MESSAGE_CODES, ("ok", "fatal-error"), strict=True))
"""What senders of FHIR messages were told, as their answers say it."""


@page(Permission.READ)
def rests(request: CalledRequest) -> HttpResponse:
    """What rests within the caller's scope, newest first, by endpoint and reason."""
    language = get_language() or "zh"
    places = reads.listed(request.call, page=Page(limit=CHOICES)).items
    form = RestsFilter(
        request.GET, endpoints=[(str(each.id), each.facts.name) for each in places if each.facts.out is None],
        reasons=[(code, reads.named(code, language)) for code in reads.reasons(request.call)],
    )  # fmt: skip
    chosen = form.cleaned_data if form.is_valid() else {"endpoint": "", "reason": ""}
    endpoint, reason = uuid_of(chosen["endpoint"] or ""), chosen["reason"] or ""
    at = Page.read(request.GET.get("after"), 30, parts=1)
    paged = reads.rests(request.call, page=at, endpoint=endpoint, reason=reason)
    may_mend = request.call.may(Permission.MEND).allowed
    context = {
        "form": form, "paged": paged, "rows": lines(paged.items), "endpoint": endpoint, "reason": reason,
        "may_mend": may_mend, "chosen": bool(endpoint or reason),
    }  # fmt: skip
    return render(request, "endpoints/rests.html", context)


@page(Permission.MEND)
@require_POST
def replay_all(request: CalledRequest, endpoint: UUID) -> HttpResponseBase:
    """Have all that rests at an endpoint worked on once more."""
    mending.replay_all(request.call, endpoint=endpoint, reason=request.POST.get("reason", "")[:60].replace("\0", ""))
    messages.success(request, _("已安排重放，会分批进行，可在这里看到进度。"))
    return redirect("endpoints:one", endpoint)


@page(Permission.MEND)
def message(request: CalledRequest, inbound: int) -> HttpResponse:
    """One message: from the socket to the chart, with its segments to be read."""
    found = reads.journey(request.call, inbound=inbound)
    return _show(request, found, Mend(initial={"text": found.text.replace("\r\n", "\n").replace("\r", "\n")}))


def _show(request: CalledRequest, found: Journey, form: Mend, status: int = 200) -> HttpResponse:
    rests, code = found.line.state == State.RESTING, CODES.get(found.code, "")
    context: dict[str, Any] = told(found.line) | {
        "found": found, "form": form, "may_mend": rests and not found.cut, "may_act": rests,
        "left": reads.left(found.line.params, get_language() or "zh"),
        "segments": segments(found.text), "told_code": code,
        "copies": sent(found.copies),
    }  # fmt: skip
    return render(request, "endpoints/message.html", context, status=status)


@page(Permission.MEND)
@require_POST
def mend(request: CalledRequest, inbound: int) -> HttpResponseBase:
    """Put the mended text in its place; where it came before, say so and keep what was typed."""
    form = Mend(request.POST)
    if form.is_valid():
        try:
            made = mending.mend(request.call, inbound=inbound, text=form.cleaned_data["text"])
            messages.success(request, _("已保存改后的报文，正在处理。"))
            return redirect("endpoints:message", made)
        except Refused as refused:
            if refused.decision.reason != "inbound.same":
                raise
            form.add_refusal(refused, "text")
    return _show(request, reads.journey(request.call, inbound=inbound), form, status=422)


@page(Permission.MEND)
@require_POST
def replay(request: CalledRequest, inbound: int) -> HttpResponseBase:
    """Work on the message once more, as it came."""
    mending.replay(request.call, inbound=inbound)
    messages.success(request, _("已重放，正在处理。"))
    return redirect("endpoints:message", inbound)


@page(Permission.MEND)
def dismiss(request: CalledRequest, inbound: int) -> HttpResponseBase:
    """Ask for the reason, then lay the message aside for good."""
    form = Dismiss(request.POST or None)
    if request.method == "POST" and form.is_valid():
        mending.dismiss(request.call, inbound=inbound, reason=form.cleaned_data["reason"])
        messages.success(request, _("已放弃，报文仍可查看。"))
        return redirect("endpoints:message", inbound)
    context = {
        "question": _("放弃报文 %(number)s？") % {"number": inbound},
        "consequences": [_("其中的数据不会进入居民的健康档案。"), _("原报文会保留，可以随时查看。")],
        "form": form,
        "label": _("放弃"),
        "cancel": reverse("endpoints:message", args=[inbound]),
        "danger": True,
    }
    return render(request, "kernel/confirm.html", context, status=422 if form.is_bound else 200)
