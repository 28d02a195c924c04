"""What goes out: the list of rests, one message from its cause to its acknowledgement, what a person does with it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel.ids import uuid_of
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import mending
from doorstep.record.endpoints.flow import Sending
from doorstep.record.endpoints.forms import CAUSES, DismissSent, RestsFilter
from doorstep.record.endpoints.pages.inbound import CHOICES
from doorstep.record.endpoints.pages.rows import of_sent, segments, sent
from doorstep.record.endpoints.rules.outward import Direction
from doorstep.record.endpoints.rules.words import named


@page(Permission.READ)
def rests(request: CalledRequest) -> HttpResponse:
    """What was not taken within the caller's scope, newest first, by endpoint and reason."""
    language = get_language() or "zh"
    places = reads.listed(request.call, page=Page(limit=CHOICES)).items
    form = RestsFilter(
        request.GET,
        endpoints=[(str(each.id), each.facts.name) for each in places if each.facts.direction is Direction.OUT],
        reasons=[(code, named(reads.say_sent(code, {}, language))) for code in reads.unsent_reasons(request.call)],
    )
    chosen = form.cleaned_data if form.is_valid() else {"endpoint": "", "reason": ""}
    endpoint, reason = uuid_of(chosen["endpoint"] or ""), chosen["reason"] or ""
    at = Page.read(request.GET.get("after"), 30, parts=1)
    paged = reads.unsent(request.call, page=at, endpoint=endpoint, reason=reason)
    context = {
        "form": form, "paged": paged, "rows": sent(paged.items), "endpoint": endpoint, "reason": reason,
        "may_mend": request.call.may(Permission.MEND).allowed, "chosen": bool(endpoint or reason),
    }  # fmt: skip
    return render(request, "endpoints/unsent.html", context)


@page(Permission.MEND)
def message(request: CalledRequest, outbound: int) -> HttpResponse:
    """One message: why it goes out, how often it was tried, what the other side said."""
    found = reads.passage(request.call, outbound=outbound)
    state = Sending(found.line.state)
    word = CAUSES.get(found.cause.partition(":")[0])
    context = of_sent(found.line) | {
        "found": found, "cause": word or found.cause, "may_replay": state is Sending.RESTING,
        "may_dismiss": state in (Sending.RESTING, Sending.WAITING), "segments": segments(found.text),
        "answered": segments(found.answer),
    }  # fmt: skip
    return render(request, "endpoints/sent.html", context)


@page(Permission.MEND)
@require_POST
def replay(request: CalledRequest, outbound: int) -> HttpResponseBase:
    """Send the message once more."""
    mending.replay_sent(request.call, outbound=outbound)
    messages.success(request, _("已安排重新发送。"))
    return redirect("endpoints:sent", outbound)


@page(Permission.MEND)
def dismiss(request: CalledRequest, outbound: int) -> HttpResponseBase:
    """Ask for the reason, then lay the message aside: it is not sent."""
    form = DismissSent(request.POST or None)
    if request.method == "POST" and form.is_valid():
        mending.dismiss_sent(request.call, outbound=outbound, reason=form.cleaned_data["reason"])
        messages.success(request, _("已放弃，报文仍可查看。"))
        return redirect("endpoints:sent", outbound)
    context = {
        "question": _("放弃发送报文 %(number)s？") % {"number": outbound},
        "consequences": [_("对方系统不会收到其中的内容。"), _("报文会保留，可以随时查看。")],
        "form": form,
        "label": _("放弃"),
        "cancel": reverse("endpoints:sent", args=[outbound]),
        "danger": True,
    }
    return render(request, "kernel/confirm.html", context, status=422 if form.is_bound else 200)
