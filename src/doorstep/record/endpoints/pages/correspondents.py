"""Endpoints for FHIR messages: whose come in, and where ours go to."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from doorstep.kernel.decision import Refused
from doorstep.kernel.web.pages import STATUS, CalledRequest, page
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import editing
from doorstep.record.endpoints.forms.messages import MessagesInForm, MessagesOutForm, messages_initial
from doorstep.record.endpoints.shapes import Endpoint
from doorstep.registers.organisations import api as organisations

FIELDS: Final = {
    "endpoint.address": "addresses", "endpoint.tls": "key", "endpoint.port": "port", "endpoint.moved": "organisation",
    "endpoint.parties": "speaks_for", "endpoint.taken_message": "application",
}  # fmt: skip


@page(Permission.EDIT)
def add_in(request: CalledRequest) -> HttpResponseBase:
    """Take messages of an institution."""
    return _add(request, MessagesInForm)


@page(Permission.EDIT)
def add_out(request: CalledRequest) -> HttpResponseBase:
    """Send messages to an institution."""
    return _add(request, MessagesOutForm)


def _add(request: CalledRequest, kind: type[MessagesInForm] | type[MessagesOutForm]) -> HttpResponseBase:
    form = _form(request, kind)
    if form.is_valid():
        try:
            made = editing.make(request.call, facts=form.facts())
            messages.success(request, _("已登记。"))
            return redirect("endpoints:one", made)
        except Refused as refused:
            _tell(form, refused)
    return render(request, "endpoints/form.html", {"form": form}, status=form.http_status)


def edit(request: CalledRequest, known: Endpoint) -> HttpResponseBase:
    """Change one: what the page of every endpoint shows for one of FHIR messages."""
    kind = MessagesInForm if known.facts.out is None else MessagesOutForm
    codes = organisations.usccs(known.facts.speaks_for)
    form = _form(request, kind, initial=messages_initial(known, codes))
    if form.is_valid():
        try:
            expect = form.cleaned_data["expect"] or 0
            editing.edit(request.call, endpoint=known.id, expect=expect, facts=form.facts())
            messages.success(request, _("已保存，几秒钟后生效。"))
            return redirect("endpoints:one", known.id)
        except Refused as refused:
            _tell(form, refused)
    return render(request, "endpoints/form.html", {"form": form, "endpoint": known}, status=form.http_status)


def _form(request: CalledRequest, kind: Any, **kwargs: Any) -> Any:
    data = request.POST if request.method == "POST" else None
    return kind(data, organisations=organisations.manageable(request.call), **kwargs)


def _tell(form: Any, refused: Refused) -> None:
    reason = refused.decision.reason
    if reason in ("not_found", "permission", "stale") or STATUS.get(reason) == 409:
        raise refused
    field = FIELDS.get(reason)
    form.add_refusal(refused, field if field in form.fields else None)
