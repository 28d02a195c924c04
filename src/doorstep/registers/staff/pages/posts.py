"""Posts of one person: give one, or propose it, and end one."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from doorstep.kernel import clock
from doorstep.kernel.web.forms import given
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.staff import rules
from doorstep.registers.staff.access import Permission, at_once
from doorstep.registers.staff.actions import people, rights
from doorstep.registers.staff.forms import LastDay, PostForm
from doorstep.registers.staff.pages.people import attempt, choose_place, place_of, shown
from doorstep.registers.staff.reads import people as reads
from doorstep.registers.staff.shapes import PostFacts


@page(Permission.EDIT)
def begin_post(request: CalledRequest, key: UUID) -> HttpResponse:
    """Give a person a post."""
    reads.detail(request.call.scope, key)
    place = place_of(request)
    if place is None:
        return choose_place(request, _("新任岗位"))
    organisation, name, departments = place
    form = PostForm(given(request), departments=departments, initial={"since": clock.today()})
    if attempt(form, lambda: _begin(request, key, form.facts(organisation), form.cleaned_data["why"])):
        return redirect("staff:person", key)
    return shown(request, form, key, title=_("新任岗位"), label=_("任岗"), place=name)


def _begin(request: CalledRequest, person: UUID, post: PostFacts, why: str) -> None:
    """Give the post at once, or propose it where it needs a second person and the caller may propose."""
    call = request.call
    if post.role in rules.ROLES and call.may(Permission.ROLES).allowed and not at_once(call, post.role).allowed:
        rights.propose_post(call, person=person, post=post, why=why)
        messages.success(request, _("已提出，由另一个有权的人确认后任命。"))
        return
    people.begin_post(call, person=person, post=post)
    messages.success(request, _("已任岗。"))


@page(Permission.EDIT)
def end_post(request: CalledRequest, key: UUID, post: UUID) -> HttpResponse:
    """Give a post its last day."""
    row = reads.detail(request.call.scope, key)
    found = next((p for p in row.posts if p.id == post), None)
    initial = {"last_day": clock.today(), "expect": found.version if found else None}
    form = LastDay(given(request), initial=initial)
    done = attempt(
        form,
        lambda: people.end_post(
            request.call, post=post, expect=form.cleaned_data["expect"] or 0, last_day=form.cleaned_data["last_day"]
        ),
    )
    if done:
        messages.success(request, _("岗位已定最后一天。"))
        return redirect("staff:person", key)
    place = f"{found.organisation_name} {found.department_name}" if found else ""
    return shown(request, form, key, title=_("结束岗位"), label=_("结束岗位"), place=place, danger=True)
