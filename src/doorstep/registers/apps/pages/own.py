"""A person's own pages: apps that they let in, and opening one from a chart."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.apps.access import Permission
from doorstep.registers.apps.actions import letting
from doorstep.registers.apps.pages.places import Away, holder, leading_on, origin_of
from doorstep.registers.apps.pages.words import ends
from doorstep.registers.apps.reads import clients, launches
from doorstep.registers.apps.rules.discovery import fhir_of
from doorstep.registers.residents import api as residents


@page(Permission.USE)
def mine(request: CalledRequest) -> HttpResponse:
    """The apps that one let in, the newest first."""
    paged = launches.own(request.call, holder(request), Page.read(request.GET.get("after"), parts=1))
    template = "apps/mine.html" if request.call.resident is None else "apps/mine_own.html"
    return render(request, template, {"paged": paged, "ends": ends()})


@page(Permission.USE)
@require_POST
def withdraw(request: CalledRequest, authorization: UUID) -> HttpResponseBase:
    """Take it back."""
    letting.withdraw(request.call, authorization=authorization, by=holder(request))
    messages.success(request, _("已收回，应用马上就不能再看。"))
    return redirect("apps:mine")


@page(Permission.USE)
def offers(request: CalledRequest, resident: UUID) -> HttpResponse:
    """The apps that can be opened from this chart."""
    head = residents.header(request.call.scope, resident)
    apps = clients.launchable()
    response = render(request, "apps/offers.html", {"head": head, "apps": apps})
    response.headers["Content-Security-Policy"] = leading_on(request, (app.launch_uri for app in apps))
    return response


@page(Permission.USE)
@never_cache
@require_POST
def launch(request: CalledRequest, resident: UUID, app: UUID) -> HttpResponseBase:
    """Off to an app, which comes back with the value and is told of whom (SMART 2.2, EHR launch)."""
    encounter = request.POST.get("encounter", "").replace("\0", "")
    found, text = letting.launch(
        request.call, app=app, resident=resident, encounter=encounter, account=_account(request)
    )
    query = urlencode({"iss": fhir_of(origin_of(request)), "launch": text})
    return Away(f"{found.launch_uri}{'&' if '?' in found.launch_uri else '?'}{query}")


def _account(request: CalledRequest) -> UUID:
    account = holder(request).account
    if account is None:
        raise Refused(refuse("app.no_post"))
    return account
