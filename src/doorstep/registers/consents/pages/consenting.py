"""The pages of consent: what stands, a new one with its effect before it is given, and one press to withdraw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
from doorstep.kernel.sensitive import Kind
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.consents import forms
from doorstep.registers.consents.access import Permission
from doorstep.registers.consents.actions import consenting as acts
from doorstep.registers.consents.reads import consenting as reads
from doorstep.registers.consents.shapes import Effect, Signed
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents

KINDS: Final = {
    "AllergyIntolerance": gettext_lazy("过敏"),
    "Condition": gettext_lazy("诊断"),
    "DiagnosticReport": gettext_lazy("检查检验报告"),
    "Encounter": gettext_lazy("就诊"),
    "Immunization": gettext_lazy("接种"),
    "MedicationRequest": gettext_lazy("处方"),
    "Observation": gettext_lazy("检验或测量"),
    "Procedure": gettext_lazy("手术或操作"),
}


@page(Permission.READ)
def consents(request: CalledRequest, resident: UUID) -> HttpResponse:
    """What the resident has consented to and refused."""
    head, paged = reads.consents(request.call, resident=resident, page=Page.read(request.GET.get("after"), parts=1))
    may_record = request.call.may(Permission.RECORD).allowed
    # which kinds somebody named tells of them: it is shown where they named them
    lines = [(line, named(line.kinds) if line.desk == request.call.organisation else []) for line in paged.items]
    context = {"head": head, "paged": paged, "lines": lines, "may_record": may_record}
    return render(request, "consents/list.html", context)


@page(Permission.RECORD)
def new(request: CalledRequest, resident: UUID) -> HttpResponseBase:
    """What is on the paper, then what follows from it, then it holds."""
    head = residents.header(request.call.scope, resident)
    places = organisations.names(request.call.scope.organisations)
    form = forms.ConsentForm(request.POST if request.method == "POST" else None, places)
    context: dict[str, Any] = {"form": form, "head": head}
    if form.is_valid():
        try:
            signed = _signed(form.cleaned_data)
            if request.POST.get("confirm"):
                acts.record(request.call, resident=head.id, signed=signed)
                messages.success(request, _("已登记，立即生效。"))
                return redirect("consents:list", head.id)
            context |= effect_words(reads.effect(request.call, resident=head.id, organisation=signed.organisation))
            context |= {"signed": signed, "named": named(signed.kinds)}
            return render(request, "consents/effect.html", context)
        except Refused as refused:
            if refused.decision.reason in ("not_found", "permission"):
                raise
            form.add_refusal(refused)
    return render(request, "consents/new.html", context, status=form.http_status)


def _signed(data: Mapping[str, Any]) -> Signed:
    other = str(data["other"] or "").strip()
    found = organisations.source(other) if other else UUID(data["organisation"]) if data["organisation"] else None
    permit = data["decision"] == "permit"
    kinds = mark_of(data["kinds"]) if permit else 0
    return Signed(found or UUID(int=0), permit, data["signer"], data["signer_name"].strip(), data["until"], kinds)


def mark_of(names: Iterable[str]) -> int:
    """The mark of the sensitive kinds that were ticked."""
    return sum(Kind[name] for name in names)


def named(kinds: int) -> list[str]:
    """The sensitive kinds of a mark, as a resident reads them."""
    return [str(said) for kind, said in forms.NAMED.items() if kinds & kind]


def effect_words(effect: Effect) -> dict[str, Any]:
    """What would follow, as a page says it."""

    def told(counts: Mapping[str, int]) -> list[tuple[str, int]]:
        return [(str(KINDS[kind]), count) for kind, count in counts.items()]

    return {"effect": effect, "more": told(effect.more), "own": told(effect.own)}


@page(Permission.RECORD)
@require_POST
def withdraw(request: CalledRequest, resident: UUID, consent: UUID) -> HttpResponseBase:
    """One press ends it."""
    acts.withdraw(request.call, resident=resident, consent=consent)
    messages.success(request, _("已撤回，立即生效。"))
    return redirect("consents:list", resident)
