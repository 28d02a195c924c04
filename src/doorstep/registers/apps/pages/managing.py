"""Pages of the administrator: apps, one app with whom it serves, a new one, its secret, its switch."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page
from doorstep.kernel.web.forms import given
from doorstep.kernel.web.pages import STATUS, CalledRequest, expected, page
from doorstep.registers.apps.access import Permission
from doorstep.registers.apps.actions import registering as acts
from doorstep.registers.apps.forms import KINDS, AppForm, initial
from doorstep.registers.apps.pages.words import ends
from doorstep.registers.apps.reads import clients, launches
from doorstep.registers.organisations import api as organisations

FIELDS = {
    "uri.wrong": "redirect_uris", "uri.none": "redirect_uris", "uri.system": "redirect_uris", "jwks.none": "jwks",
    "jwks.wrong": "jwks", "scope.none": "scopes", "scope.wrong": "scopes", "scope.search": "scopes", "app.kind": "kind",
}  # fmt: skip
PASSED_ON = frozenset({"not_found", "permission", "confirm.first", "stale"})
"""Refusals that have a page of their own."""


@page(Permission.MANAGE)
def listed(request: CalledRequest) -> HttpResponse:
    """The apps within one's bounds."""
    paged = clients.listed(request.call, Page.read(request.GET.get("after")))
    called = organisations.names({app.organisation for app in paged.items})
    rows = [(app, called.get(app.organisation, ""), dict(KINDS)[app.kind.value]) for app in paged.items]
    return render(request, "apps/list.html", {"rows": rows, "next": paged.next})


@page(Permission.MANAGE)
@never_cache
def add(request: CalledRequest) -> HttpResponseBase:
    """Register an app; its secret is shown once, on the page that answers."""
    form = AppForm(given(request), organisations=organisations.manageable(request.call))
    if form.is_valid():
        try:
            app, secret = acts.register(request.call, facts=form.facts())
            return _registered(request, app, secret)
        except Refused as refused:
            _tell(form, refused)
    return render(request, "apps/form.html", {"form": form}, status=422 if form.errors else 200)


@page(Permission.MANAGE)
def edit(request: CalledRequest, app: UUID) -> HttpResponseBase:
    """Change an app."""
    known = clients.one(request.call.scope, app)
    form = AppForm(given(request), organisations=organisations.manageable(request.call), initial=initial(known))
    if form.is_valid():
        try:
            expect = form.cleaned_data["expect"] or 0
            acts.edit(request.call, app=app, expect=expect, facts=form.facts())
            messages.success(request, _("已保存。"))
            return redirect("apps:one", app)
        except Refused as refused:
            _tell(form, refused)
    return render(request, "apps/form.html", {"form": form, "app": known}, status=422 if form.errors else 200)


@page(Permission.MANAGE)
def one(request: CalledRequest, app: UUID) -> HttpResponse:
    """An app, and who let it in."""
    known = clients.one(request.call.scope, app)
    paged = launches.of_app(request.call, app, Page.read(request.GET.get("after"), parts=1))
    context = {
        "app": known, "paged": paged, "ends": ends(), "kind": dict(KINDS)[known.kind.value],
        "place": organisations.names([known.organisation]).get(known.organisation, ""),
    }  # fmt: skip
    return render(request, "apps/one.html", context)


@page(Permission.MANAGE)
@never_cache
@require_POST
def rotate(request: CalledRequest, app: UUID) -> HttpResponse:
    """A new secret, shown once."""
    return _registered(request, app, acts.rotate(request.call, app=app, expect=expected(request)))


@page(Permission.MANAGE)
@require_POST
def switch(request: CalledRequest, app: UUID) -> HttpResponseBase:
    """Off, or on again."""
    on = request.POST.get("on") == "1"
    acts.switch(request.call, app=app, expect=expected(request), on=on)
    messages.success(request, _("已启用。") if on else _("已停用，它的授权全部结束。"))
    return redirect("apps:one", app)


@page(Permission.MANAGE)
@require_POST
def end(request: CalledRequest, app: UUID, authorization: UUID) -> HttpResponseBase:
    """End what an app was let in for."""
    acts.end(request.call, app=app, authorization=authorization)
    messages.success(request, _("授权已结束。"))
    return redirect("apps:one", app)


def _registered(request: CalledRequest, app: UUID, secret: str) -> HttpResponse:
    known = clients.one(request.call.scope, app)
    return render(request, "apps/registered.html", {"app": known, "secret": secret})


def _tell(form: AppForm, refused: Refused) -> None:
    if refused.decision.reason in PASSED_ON or STATUS.get(refused.decision.reason) == 409:
        raise refused
    form.add_refusal(refused, FIELDS.get(refused.decision.reason))
