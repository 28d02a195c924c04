"""Keys of an institution's systems: list, issue, revoke."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from doorstep.kernel import clock
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.web.forms import given
from doorstep.kernel.web.pages import CalledRequest, expected, page
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff.access import Permission
from doorstep.registers.staff.actions import accounts
from doorstep.registers.staff.forms import KeyForm
from doorstep.registers.staff.pages.people import attempt
from doorstep.registers.staff.reads import people as reads


@page(Permission.EDIT)
@never_cache
def keys(request: CalledRequest, organisation: UUID) -> HttpResponse:
    """The keys of an institution; a new one's token is shown once, on the page that answers its making."""
    demand(organisations.may_manage_one(request.call, organisation))
    name = organisations.names([organisation]).get(organisation)
    if name is None:
        raise Refused(refuse("not_found", kind="Organisation"))
    form = KeyForm(given(request), initial={"since": clock.today()})
    issued: list[str] = []

    def work() -> None:
        said = {field: form.cleaned_data[field] for field in ("name", "since", "until")}
        issued.append(accounts.issue_key(request.call, organisation=organisation, **said)[1])

    if attempt(form, work):
        form = KeyForm(initial={"since": clock.today()})
    rows = reads.keys(request.call.scope, organisation, day=clock.today())
    context = {
        "keys": rows,
        "form": form,
        "token": issued[0] if issued else "",
        "name": name,
        "organisation": organisation,
    }
    return render(request, "staff/keys.html", context, status=422 if form.is_bound else 200)


@page(Permission.EDIT)
@require_POST
def revoke(request: CalledRequest, organisation: UUID, key: UUID) -> HttpResponse:
    """Take a key back."""
    accounts.revoke_key(request.call, key=key, expect=expected(request))
    messages.success(request, _("密钥已收回，立即失效。"))
    return redirect("staff:keys", organisation)
