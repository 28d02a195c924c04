"""Grants of one person: give one, take one back. They are listed on the person's page."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.web.forms import given
from doorstep.kernel.web.pages import CalledRequest, expected, page
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import rules
from doorstep.registers.staff.access import Permission
from doorstep.registers.staff.actions import grants
from doorstep.registers.staff.forms import GrantForm
from doorstep.registers.staff.pages.people import attempt, shown
from doorstep.registers.staff.pages.words import choices
from doorstep.registers.staff.reads import people as reads
from doorstep.registers.staff.shapes import PersonDetail


@page(Permission.EDIT)
def grant(request: CalledRequest, key: UUID) -> HttpResponse:
    """Grant a permission to a person's post, or to all their posts at an institution."""
    row = reads.detail(request.call.scope, key)
    form = GrantForm(
        given(request), where=_where(request.call, row), permissions=choices(rules.GRANTABLE),
        initial={"since": clock.today()},
    )  # fmt: skip
    if attempt(form, lambda: grants.grant(request.call, person=key, facts=form.facts())):
        messages.success(request, _("已授权，从下一次操作起有效。"))
        return redirect("staff:person", key)
    return shown(request, form, key, title=_("另加授权"), label=_("授权"))


def _where(call: Call, row: PersonDetail) -> list[tuple[str, str]]:
    """The institutions of a person's posts that the caller manages, and the posts there."""
    going = [p for p in row.posts if p.until is None or p.until >= clock.today()]
    managed = organisations.managed(call, {p.organisation for p in going})
    mine = [p for p in going if p.organisation in managed]
    places = {p.organisation: p.organisation_name for p in mine}
    whole = [(str(o), _("%(place)s的全部岗位") % {"place": name}) for o, name in places.items()]
    return whole + [(f"{p.organisation}:{p.id}", f"{p.organisation_name} · {_(p.role_title)}") for p in mine]


@page(Permission.EDIT)
@require_POST
def revoke(request: CalledRequest, key: UUID, grant: UUID) -> HttpResponse:
    """Take a grant back."""
    grants.revoke(request.call, person=key, grant=grant, expect=expected(request))
    messages.success(request, _("授权已收回，立即失效。"))
    return redirect("staff:person", key)
