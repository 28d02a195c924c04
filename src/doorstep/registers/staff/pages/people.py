"""The list of people, one person, and the forms about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from doorstep.kernel import clock
from doorstep.kernel.paging import Page
from doorstep.kernel.web import forms as web
from doorstep.kernel.web.forms import HouseForm, given
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import rules
from doorstep.registers.staff.access import Permission
from doorstep.registers.staff.actions import outside, people
from doorstep.registers.staff.forms import (
    LicenceForm,
    PersonForm,
    Place,
    PostForm,
    Search,
)
from doorstep.registers.staff.pages.words import grant_lines
from doorstep.registers.staff.reads import people as reads

FIELDS = {
    "number.taken": "number",
    "birth.future": "birth_date",
    "username.taken": "username",
    "username.shape": "username",
    **dict.fromkeys(
        (f"password.{why}" for why in ("short", "classes", "like", "common", "breached", "reused")), "password"
    ),
    "identity.taken": "subject",
    "licence.taken": "number",
    "period.reversed": "until",
    "role.district": "role",
    "role.two_persons": "role",
    "role.apart": "role",
    "why.empty": "why",
    "grant.over": "until",
    "grant.never": "permission",
}


def attempt(form: HouseForm, work: Callable[[], object]) -> bool:
    """``forms.attempt``, with the fields that this room's refusals are about."""
    return web.attempt(form, work, FIELDS)


def shown(request: CalledRequest, form: HouseForm, person: UUID, **context: object) -> HttpResponse:
    """The page of one form about a person; 422 where something is wrong with it."""
    row = reads.detail(request.call.scope, person)
    status = 422 if form.is_bound else 200
    return render(request, "staff/form.html", {"form": form, "person": row, **context}, status=status)


@page(Permission.READ)
def listed(request: CalledRequest) -> HttpResponse:
    """People by pinyin, narrowed by name, initials, role, profession and institution."""
    form, scope = Search(request.GET), request.call.scope
    filters = form.filters()
    found = reads.listed(scope, filters=filters, page=Page.read(request.GET.get("after"), 30), day=clock.today())
    place = organisations.names([filters.organisation]).get(filters.organisation) if filters.organisation else None
    context = {"form": form, "page": found, "place": place, "may_edit": request.call.may(Permission.EDIT).allowed}
    return render(request, "staff/list.html", context)


@page(Permission.READ)
def person(request: CalledRequest, key: UUID) -> HttpResponse:
    """One person with certificates, titles and posts."""
    row, call = reads.detail(request.call.scope, key), request.call
    may = call.may(Permission.EDIT).allowed
    managed = organisations.managed(call, {post.organisation for post in row.posts}) if may else frozenset()
    today = clock.today()
    posts = [
        (post, rules.holds(post.since, post.until, today), post.until is None or post.until >= today)
        for post in row.posts
    ]
    ends = [p.id for p, _now, going in posts if going and p.organisation in managed]
    context = {
        "person": row,
        "posts": posts,
        "ends": ends,
        "city": outside.provider() is not None,
        "may_edit": may and (bool(managed) or call.scope.everywhere),
        "grants": grant_lines(call, key, managed),
        "may_grant": bool(ends),
    }
    return render(request, "staff/person.html", context)


@page(Permission.EDIT)
def add(request: CalledRequest) -> HttpResponse:
    """Enter a person with their first post: the institution is chosen first, then the rest."""
    place = place_of(request)
    if place is None:
        return choose_place(request, _("添加人员"))
    key, name, departments = place
    first = {"since": clock.today()}
    form, post = (
        PersonForm(given(request)),
        PostForm(given(request), departments=departments, initial=first),
    )
    made: list[UUID] = []
    if request.method == "POST" and post.is_valid() and attempt(
        form, lambda: made.append(people.add(request.call, facts=form.facts(), post=post.facts(key)))
    ):  # fmt: skip
        messages.success(request, _("已添加。"))
        return redirect("staff:person", made[0])
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "post": post, "place": name, "organisation": key}
    return render(request, "staff/add.html", context, status=status)


def place_of(request: CalledRequest) -> tuple[UUID, str, list[tuple[str, str]]] | None:
    """The institution that was chosen, if the caller manages it, with its departments."""
    try:
        key = UUID(request.GET.get("organisation", ""))
    except ValueError:
        return None
    if not organisations.may_manage_one(request.call, key).allowed:
        return None
    name = organisations.names([key]).get(key)
    if name is None:
        return None
    return key, name, [(d.code, d.name) for d in organisations.departments(key, day=clock.today())]


def choose_place(request: CalledRequest, title: str) -> HttpResponse:
    """The page that asks at which institution."""
    form = Place(places=organisations.manageable(request.call), initial={"organisation": request.call.organisation})
    return render(request, "staff/place.html", {"form": form, "title": title})


@page(Permission.EDIT)
def edit(request: CalledRequest, key: UUID) -> HttpResponse:
    """Change what is written down about a person."""
    row = reads.detail(request.call.scope, key)
    form = PersonForm(given(request), initial=asdict(row) | {"expect": row.version})
    done = attempt(
        form,
        lambda: people.edit(request.call, person=key, expect=form.cleaned_data["expect"] or 0, facts=form.facts()),
    )
    if done:
        messages.success(request, _("已保存。"))
        return redirect("staff:person", key)
    return shown(request, form, key, title=_("修改资料"), label=_("保存"))


@page(Permission.EDIT)
def add_licence(request: CalledRequest, key: UUID) -> HttpResponse:
    """Write down a certificate."""
    form = LicenceForm(given(request))

    def work() -> None:
        said = {name: form.cleaned_data[name] for name in ("number", "since", "until")}
        people.add_licence(request.call, person=key, kind=rules.LicenceKind(form.cleaned_data["kind"]), **said)

    if attempt(form, work):
        messages.success(request, _("已登记。"))
        return redirect("staff:person", key)
    return shown(request, form, key, title=_("登记证书"), label=_("登记"))
