"""The pages of break-glass: the form at the bedside, and the worklist of those who review."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from doorstep.kernel import clock
from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.consents import forms
from doorstep.registers.consents.access import Permission
from doorstep.registers.consents.actions import glass as acts
from doorstep.registers.consents.reads import glass as reads
from doorstep.registers.consents.reads.basis import terms
from doorstep.registers.residents import api as residents

STATES: Final = {
    "waiting": gettext_lazy("待审核"),
    "justified": gettext_lazy("正当"),
    "unjustified": gettext_lazy("不正当"),
}


@page(Permission.BREAK_GLASS)
def break_glass(request: CalledRequest, resident: UUID) -> HttpResponseBase:
    """The reason is asked, and the record opens."""
    head = residents.header(request.call.scope, resident)
    held = terms(request.call)
    form = forms.BreakGlassForm(request.POST if request.method == "POST" else None, held.hours, held.most_hours)
    if form.is_valid():
        data = form.cleaned_data
        try:
            acts.break_glass(
                request.call, resident=head.id, reason=data["reason"], words=data["words"], hours=data["hours"]
            )
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.warning(request, _("健康档案已限时打开。这次查阅已告知隐私负责人。"))
            return redirect(f"/charts/{head.id}/")
    status = 422 if form.errors else 200
    return render(request, "consents/break_glass.html", {"form": form, "head": head}, status=status)


@page(Permission.REVIEW)
def glasses(request: CalledRequest) -> HttpResponse:
    """Break-glass that waits for review, the oldest first; those that were reviewed on their own tabs."""
    state = request.GET.get("state", "waiting")
    state = state if state in STATES else "waiting"
    paged = reads.glasses(request.call, page=Page.read(request.GET.get("after"), parts=1), verdict=state)
    context = {"paged": paged, "state": state, "tabs": [(key, said, key == state) for key, said in STATES.items()]}
    return render(request, "consents/glasses.html", context | {"today": clock.today()})


@page(Permission.REVIEW)
def glass(request: CalledRequest, glass: UUID) -> HttpResponseBase:
    """One break-glass; a POST says whether it was right."""
    found = reads.glass(request.call, glass=glass)
    form = forms.ReviewForm(request.POST if request.method == "POST" else None, initial={"expect": found.version})
    if form.is_valid():
        data = form.cleaned_data
        try:
            acts.review(
                request.call, glass=glass, expect=data["expect"] or 0, verdict=data["verdict"], words=data["words"]
            )
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("审核已保存。"))
            return redirect("consents:glasses")
    context = {"found": found, "form": form, "said": STATES[found.verdict], "today": clock.today()}
    return render(request, "consents/glass.html", context, status=form.http_status)
