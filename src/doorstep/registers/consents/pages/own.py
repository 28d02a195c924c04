"""A resident's own pages of consent: what stands, a new one with its effect before it is given, one press to end it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.consents.access import Permission
from doorstep.registers.consents.actions import consenting as acts
from doorstep.registers.consents.forms import OwnForm
from doorstep.registers.consents.pages.consenting import effect_words, mark_of, named
from doorstep.registers.consents.reads import consenting as reads


@page(Permission.OWN)
def consents(request: CalledRequest) -> HttpResponse:
    """What one has consented to and refused."""
    head, paged = reads.own_consents(request.call, page=Page.read(request.GET.get("after"), parts=1))
    return render(request, "consents/own.html", {"head": head, "paged": paged})


@page(Permission.OWN)
def new(request: CalledRequest) -> HttpResponseBase:
    """Which institution and what; then what follows from it; then it holds."""
    places = reads.own_places(request.call)
    form = OwnForm(request.POST if request.method == "POST" else None, places)
    context: dict[str, Any] = {"form": form}
    if not form.is_valid():
        return render(request, "consents/own_new.html", context, status=form.http_status)
    said = form.cleaned_data
    where, permit = UUID(said["organisation"]), said["decision"] == "permit"
    kinds = mark_of(said["kinds"]) if permit else 0
    try:
        if request.POST.get("confirm"):
            acts.give(request.call, organisation=where, permit=permit, until=said["until"], kinds=kinds)
            messages.success(request, _("已生效。您随时可以撤回。"))
            return redirect("consents:own")
        context |= effect_words(reads.own_effect(request.call, organisation=where))
        return render(
            request,
            "consents/own_effect.html",
            context | {"permit": permit, "until": said["until"], "named": named(kinds)},
        )
    except Refused as refused:
        if refused.decision.reason in ("not_found", "permission"):
            raise
        form.add_refusal(refused)
        return render(request, "consents/own_new.html", context, status=form.http_status)


@page(Permission.OWN)
@require_POST
def withdraw(request: CalledRequest, consent: UUID) -> HttpResponseBase:
    """One press ends it."""
    acts.take_back(request.call, consent=consent)
    messages.success(request, _("已撤回，立即生效。"))
    return redirect("consents:own")
