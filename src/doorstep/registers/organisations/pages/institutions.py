"""The list of institutions, the district's tree, one institution, and the forms about it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from doorstep.kernel import clock
from doorstep.kernel.decision import demand
from doorstep.kernel.paging import Page
from doorstep.kernel.web import forms as web
from doorstep.kernel.web.forms import HouseForm, given
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.organisations import rules
from doorstep.registers.organisations.access import Permission
from doorstep.registers.organisations.actions import institutions as actions
from doorstep.registers.organisations.forms import CountForm, DepartmentForm, FactsForm, LastDay, Search
from doorstep.registers.organisations.reads import bounds, consortia, directory, trees
from doorstep.registers.organisations.shapes import Detail

FIELDS = {
    **dict.fromkeys(("uscc.length", "uscc.shape", "uscc.check", "uscc.inner_check", "uscc.taken"), "uscc"),
    "short_code.taken": "short_code",
    "area.shape": "area",
    "position.half": "longitude",
    "position.range": "longitude",
    "parent.circle": "parent",
    "count.future": "counted_on",
    "period.reversed": "until",
    "membership.overlap": "organisation",
    "membership.second_lead": "role",
    "membership.outside": "since",
    "organisation.closed": "organisation",
    "agreement.parties": "parties",
    "agreement.taken": "title",
    "consortium.taken": "key",
    "department.overlap": "code",
}


def attempt(form: HouseForm, work: Callable[[], object]) -> bool:
    """``forms.attempt``, with the fields that this room's refusals are about."""
    return web.attempt(form, work, FIELDS)


def shown(request: CalledRequest, form: HouseForm, **context: object) -> HttpResponse:
    """The page of one form; 422 where something is wrong with it."""
    return render(request, "organisations/form.html", {"form": form, **context}, status=422 if form.is_bound else 200)


@page(Permission.READ)
def listed(request: CalledRequest) -> HttpResponse:
    """Institutions by pinyin, narrowed by name, type, level, tier, area and consortium."""
    scope, today = request.call.scope, clock.today()
    form = Search(request.GET, consortia=consortia.choices(scope), areas=directory.area_choices(today))
    after = Page.read(request.GET.get("after"), 30)
    found = directory.listed(scope, filters=form.filters(), page=after, day=today)
    context = {"form": form, "page": found, "may_add": _may_add(request)}
    return render(request, "organisations/list.html", context)


def _may_add(request: CalledRequest) -> bool:
    return request.call.scope.everywhere and request.call.may(Permission.EDIT).allowed


@page(Permission.READ)
def tree(request: CalledRequest) -> HttpResponse:
    """The district by divisions and parents."""
    branches = trees.tree(request.call.scope, day=clock.today())
    return render(request, "organisations/tree.html", {"branches": branches, "may_add": _may_add(request)})


@page(Permission.READ)
def detail(request: CalledRequest, key: UUID) -> HttpResponse:
    """One institution."""
    call, today = request.call, clock.today()
    row = directory.detail(call.scope, key, day=today)
    may_edit = call.may(Permission.EDIT).allowed and bounds.may_manage_one(call, key, today).allowed
    current = [(m, rules.holds(m.since, m.until, today)) for m in row.memberships]
    context = {
        "row": row,
        "memberships": current,
        "agreements": consortia.agreements(call.scope, organisation=key, day=today),
        "may_edit": may_edit,
        "may_keys": "staff.edit" in call.permissions and bounds.may_manage_one(call, key, today).allowed,
        "may_staff": "staff.read" in call.permissions and call.scope.holds(key),
        "warning": rules.licence_warning(row.registration),
    }
    return render(request, "organisations/detail.html", context)


@page(Permission.EDIT)
def add(request: CalledRequest) -> HttpResponse:
    """Enter an institution."""
    initial = {"status": rules.Status.OPEN.value, "tier": rules.Tier.BASE.value}
    form = FactsForm(given(request), parents=bounds.manageable(request.call, clock.today()), initial=initial)
    made: list[UUID] = []
    if attempt(form, lambda: made.append(actions.add(request.call, facts=form.facts()))):
        messages.success(request, _("已添加机构。"))
        return redirect("organisations:detail", made[0])
    return shown(request, form, title=_("添加机构"), label=_("添加"))


def _managed(request: CalledRequest, key: UUID) -> Detail:
    """The institution, for one who may change it: no form is shown that would be refused."""
    row = directory.detail(request.call.scope, key, day=clock.today())
    demand(bounds.may_manage_one(request.call, key, clock.today()))
    return row


def _initial(row: Detail) -> dict[str, object]:
    same = ("uscc", "short_code", "registration", "licence", "economic_type", "management_class", "address", "phone",
            "longitude", "latitude", "opened_on", "closed_on")  # fmt: skip
    line = {name: getattr(row.line, name) for name in ("name", "short_name", "type_code", "tier", "status", "area")}
    own = {name: getattr(row, name) for name in same}
    return line | own | {"grade": row.grade_code, "parent": str(row.line.parent or ""), "expect": row.version}


@page(Permission.EDIT)
def edit(request: CalledRequest, key: UUID) -> HttpResponse:
    """Change an institution's facts."""
    row, today = _managed(request, key), clock.today()
    parents = [(k, n) for k, n in bounds.manageable(request.call, today) if k != key]
    if row.line.parent and row.line.parent not in dict(parents):
        parents.append((row.line.parent, row.parent_name))
    form = FactsForm(given(request), parents=parents, initial=_initial(row))
    done = attempt(
        form,
        lambda: actions.edit(
            request.call, organisation=key, expect=form.cleaned_data["expect"] or 0, facts=form.facts()
        ),
    )
    if done:
        messages.success(request, _("已保存。"))
        return redirect("organisations:detail", key)
    return shown(request, form, row=row, title=_("修改机构资料"), label=_("保存"))


@page(Permission.EDIT)
def count(request: CalledRequest, key: UUID) -> HttpResponse:
    """Write down how many beds or people were counted."""
    row = _managed(request, key)
    form = CountForm(given(request), initial={"counted_on": clock.today()})

    def work() -> None:
        said = form.cleaned_data
        kind = rules.Count(said["kind"])
        actions.count(request.call, organisation=key, kind=kind, number=said["number"], counted_on=said["counted_on"])

    if attempt(form, work):
        messages.success(request, _("已登记。"))
        return redirect("organisations:detail", key)
    return shown(request, form, row=row, title=_("登记床位和职工数"), label=_("登记"))


@page(Permission.EDIT)
def open_department(request: CalledRequest, key: UUID) -> HttpResponse:
    """Open a department."""
    row = _managed(request, key)
    form = DepartmentForm(given(request), initial={"since": clock.today()})

    def work() -> None:
        said = {name: form.cleaned_data[name] for name in ("code", "name", "since")}
        actions.open_department(request.call, organisation=key, **said)

    if attempt(form, work):
        messages.success(request, _("科室已开设。"))
        return redirect("organisations:detail", key)
    return shown(request, form, row=row, title=_("开设科室"), label=_("开设"))


@page(Permission.EDIT)
def close_department(request: CalledRequest, key: UUID, department: UUID) -> HttpResponse:
    """Give a department its last day."""
    row = _managed(request, key)
    form = LastDay(given(request), initial={"last_day": clock.today()})

    def work() -> None:
        actions.close_department(request.call, department=department, last_day=form.cleaned_data["last_day"])

    if attempt(form, work):
        messages.success(request, _("科室已定最后一天。"))
        return redirect("organisations:detail", key)
    return shown(request, form, row=row, title=_("关闭科室"), label=_("关闭"), danger=True)
