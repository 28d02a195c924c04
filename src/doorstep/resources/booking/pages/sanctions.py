"""Sanctions: the list, one with its appeal, and the decision."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.resources.booking import forms
from doorstep.resources.booking.access import Permission, may_keep
from doorstep.resources.booking.actions import barring as acts
from doorstep.resources.booking.flow import Penalty
from doorstep.resources.booking.reads import lists as reads

STATES: Final = {
    Penalty.APPEALED: gettext_lazy("申诉待处理"),
    Penalty.STANDING: gettext_lazy("生效中"),
    Penalty.UPHELD: gettext_lazy("维持"),
    Penalty.LIFTED: gettext_lazy("已解除"),
}
EVENTS: Final = {
    "no_show": gettext_lazy("爽约"), "cancelled": gettext_lazy("取消"), "same_day": gettext_lazy("当天取消"),
}  # fmt: skip


@page(Permission.READ)
def listed(request: CalledRequest) -> HttpResponseBase:
    """Those that somebody has appealed against first; the others on their own tabs."""
    state = request.GET.get("state", "")
    state = state if state in STATES else Penalty.APPEALED.value
    paged = reads.sanctions(request.call, page=Page.read(request.GET.get("after")), status=state)
    context = {
        "paged": paged, "state": state, "lines": [(one, EVENTS[one.event]) for one in paged.items],
        "tabs": [(key.value, said, key.value == state) for key, said in STATES.items()],
    }  # fmt: skip
    return render(request, "booking/sanctions.html", context)


@page(Permission.READ)
def sanction(request: CalledRequest, sanction: UUID) -> HttpResponseBase:
    """One sanction; a POST decides it."""
    found = reads.sanction(request.call, sanction=sanction)
    form = forms.WordsForm(request.POST if request.method == "POST" else None, initial={"expect": found.version})
    if form.is_valid():
        said = form.cleaned_data
        try:
            acts.decide(
                request.call, sanction=sanction, expect=said["expect"] or 0, lift=request.POST.get("how") == "lift",
                words=said["words"],
            )  # fmt: skip
        except Refused as refused:
            if refused.decision.reason in {"permission", "elsewhere"}:
                raise
            form.add_refusal(refused)
        else:
            messages.success(request, _("决定已保存。"))
            return redirect("booking:sanctions")
    keeps = request.call.may(Permission.RULE).allowed and may_keep(request.call, found.organisation).allowed
    rules = keeps and found.status in (Penalty.STANDING, Penalty.APPEALED)
    context = {
        "found": found, "form": form, "event": EVENTS[found.event], "word": STATES[Penalty(found.status)],
        "rules": rules, "appeals": found.status == Penalty.STANDING and request.call.may(Permission.BOOK).allowed,
        "appealed": found.status == Penalty.APPEALED,
    }  # fmt: skip
    return render(request, "booking/sanction.html", context, status=form.http_status)


@page(Permission.BOOK)
@require_POST
def appeal(request: CalledRequest, sanction: UUID) -> HttpResponseBase:
    """What the person says, written down at the desk."""
    acts.appeal(request.call, sanction=sanction, words=request.POST.get("words", "").replace("\0", ""))
    messages.success(request, _("申诉已登记，等待处理。"))
    return redirect("booking:sanction", sanction)
