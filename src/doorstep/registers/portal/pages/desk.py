"""What a desk does for residents: find them by a scanned card, bind a telephone, make a paper card."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from doorstep.kernel.decision import Refused
from doorstep.kernel.web.forms import HouseForm
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.kernel.web.qr import qr
from doorstep.registers.portal.access import Permission
from doorstep.registers.portal.actions import desk as acts
from doorstep.registers.portal.actions import scanning
from doorstep.registers.portal.forms import BindForm, IssueForm, ScanForm
from doorstep.registers.portal.reads import standing as reads
from doorstep.registers.residents import api as residents

OURS = frozenset({"portal.phone", "portal.own_phone", "portal.pin", "portal.scan", "portal.deceased"})


def _context(request: CalledRequest, resident: UUID) -> dict[str, Any]:
    head = residents.header(request.call.scope, resident)
    return {"head": head, "phones": reads.bound(head.id), "cards": reads.cards(head.id)}


@page(Permission.BIND)
def desk(request: CalledRequest, resident: UUID) -> HttpResponse:
    """Which telephones and cards open a resident's record."""
    return render(request, "portal/desk.html", _context(request, resident))


@page(Permission.BIND)
def bind(request: CalledRequest, resident: UUID) -> HttpResponse:
    """Bind a telephone."""
    context = _context(request, resident)
    form = BindForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            acts.bind_phone(request.call, resident=resident, phone=form.cleaned_data["phone"])
            messages.success(request, _("已绑定。居民现在可以用这个手机号登录。"))
            return redirect("portal:desk", context["head"].id)
        except Refused as refused:
            _told(form, refused)
    return render(request, "portal/bind.html", context | {"form": form}, status=form.http_status)


def _told(form: HouseForm, refused: Refused) -> None:
    if refused.decision.reason not in OURS:
        raise refused
    form.add_refusal(refused)


@page(Permission.BIND)
@require_POST
def unbind(request: CalledRequest, resident: UUID, binding: UUID) -> HttpResponse:
    """Have a telephone open the record no more."""
    acts.unbind(request.call, resident=resident, binding=binding)
    messages.success(request, _("已停用。"))
    return redirect("portal:desk", resident)


@page(Permission.BIND)
@never_cache
@sensitive_post_parameters("pin")
def issue(request: CalledRequest, resident: UUID) -> HttpResponse:
    """Make a paper card; it is shown, to be printed, this once."""
    context = _context(request, resident)
    form = IssueForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            _key, text = acts.issue_card(request.call, resident=resident, pin=form.cleaned_data["pin"])
            return render(request, "portal/paper.html", context | _paper(request, text))
        except Refused as refused:
            _told(form, refused)
    return render(request, "portal/issue.html", context | {"form": form}, status=form.http_status)


def _paper(request: CalledRequest, text: str) -> dict[str, Any]:
    address = request.build_absolute_uri(reverse("portal:by_card"))
    groups = " ".join(text[n : n + 4] for n in range(0, len(text), 4))
    return {"picture": qr(f"{address}#{text}", scale=4), "groups": groups}


@page(Permission.BIND)
@require_POST
def end_card(request: CalledRequest, resident: UUID, card: UUID) -> HttpResponse:
    """Have a paper card sign in nobody any more."""
    acts.end_card(request.call, resident=resident, card=card)
    messages.success(request, _("已停用。"))
    return redirect("portal:desk", resident)


@page(Permission.BIND)
def scan(request: CalledRequest) -> HttpResponse:
    """Scan a card and come to its resident."""
    form = ScanForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            return redirect("residents:show", scanning.scan(request.call, text=form.cleaned_data["text"]))
        except Refused as refused:
            _told(form, refused)
    return render(request, "portal/scan.html", {"form": form}, status=form.http_status)
