"""The list of consortia, one consortium, its members and agreements."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from doorstep.kernel import clock
from doorstep.kernel.decision import demand
from doorstep.kernel.web.forms import given
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.organisations import rules
from doorstep.registers.organisations.access import Permission, may_arrange
from doorstep.registers.organisations.actions import consortia as actions
from doorstep.registers.organisations.forms import AgreementForm, ConsortiumForm, LastDay, MembershipForm
from doorstep.registers.organisations.pages.institutions import attempt, shown
from doorstep.registers.organisations.reads import bounds
from doorstep.registers.organisations.reads import consortia as reads
from doorstep.registers.organisations.shapes import ConsortiumDetail


def _day(request: CalledRequest) -> date:
    """The day that the address bar asks for, or today."""
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return clock.today()


@page(Permission.READ)
def listed(request: CalledRequest) -> HttpResponse:
    """All consortia."""
    may_found = request.call.scope.everywhere and request.call.may(Permission.CONSORTIA).allowed
    context = {"consortia": reads.consortia(request.call.scope, day=clock.today()), "may_found": may_found}
    return render(request, "organisations/consortia.html", context)


@page(Permission.READ)
def detail(request: CalledRequest, key: UUID) -> HttpResponse:
    """One consortium on a day: totals, members by tier, agreements."""
    call, day = request.call, _day(request)
    row = reads.detail(call.scope, key, day=day)
    may = call.may(Permission.CONSORTIA).allowed and reads.is_arranger(call, key, clock.today())
    context = {"row": row, "line": row.line, "day": day, "today": clock.today(), "may_arrange": may}
    return render(request, "organisations/consortium.html", context)


@page(Permission.CONSORTIA)
def found(request: CalledRequest) -> HttpResponse:
    """Found a consortium."""
    form = ConsortiumForm(given(request), initial={"since": clock.today()})
    made: list[UUID] = []

    def work() -> None:
        said = {name: form.cleaned_data[name] for name in ("key", "name", "area", "since")}
        made.append(actions.found(request.call, kind=rules.Kind(form.cleaned_data["kind"]), **said))

    if attempt(form, work):
        messages.success(request, _("已建立。"))
        return redirect("organisations:consortium", made[0])
    return shown(request, form, title=_("建立医共体"), label=_("建立"))


def _arranged(request: CalledRequest, key: UUID) -> ConsortiumDetail:
    """The consortium, for one who may change its members and agreements."""
    row = reads.detail(request.call.scope, key, day=clock.today())
    demand(may_arrange(request.call, bounds.lead_of(key, clock.today())))
    return row


@page(Permission.CONSORTIA)
def join(request: CalledRequest, key: UUID) -> HttpResponse:
    """Make an institution a member."""
    row = _arranged(request, key)
    form = MembershipForm(
        given(request), organisations=bounds.manageable(request.call, clock.today()), initial={"since": clock.today()}
    )  # fmt: skip

    def work() -> None:
        said = form.cleaned_data
        actions.join(
            request.call, consortium=key, organisation=UUID(said["organisation"]), role=rules.Role(said["role"]),
            tier=rules.Tier(said["tier"]), since=said["since"], until=said["until"],
        )  # fmt: skip

    if attempt(form, work):
        messages.success(request, _("已加入。"))
        return redirect("organisations:consortium", key)
    return shown(request, form, consortium=row.line, title=_("添加成员"), label=_("添加"))


@page(Permission.CONSORTIA)
def leave(request: CalledRequest, key: UUID, membership: UUID) -> HttpResponse:
    """Give a membership its last day."""
    row = reads.membership(request.call.scope, membership)
    form = LastDay(given(request), initial={"last_day": clock.today(), "expect": row.version})

    def work() -> None:
        said = form.cleaned_data
        actions.leave(request.call, membership=membership, expect=said["expect"] or 0, last_day=said["last_day"])

    if attempt(form, work):
        messages.success(request, _("成员已定最后一天。"))
        return redirect("organisations:consortium", row.consortium)
    about = f"{row.consortium_name} · {row.organisation_name}"
    return shown(request, form, about=about, title=_("结束成员关系"), label=_("结束成员关系"), danger=True)


@page(Permission.CONSORTIA)
def agree(request: CalledRequest, key: UUID) -> HttpResponse:
    """Write down an agreement of members of a consortium."""
    row = _arranged(request, key)
    members = [(m.organisation, m.organisation_name) for _total, inside in row.tiers for m in inside]
    form = AgreementForm(given(request), organisations=members, initial={"since": clock.today()})

    def work() -> None:
        said = form.cleaned_data
        actions.agree(
            request.call, consortium=key, parties={UUID(p) for p in said["parties"]},
            matter=rules.Matter(said["matter"]), title=said["title"], text=said["text"], since=said["since"],
            until=said["until"],
        )  # fmt: skip

    if attempt(form, work):
        messages.success(request, _("协议已登记。"))
        return redirect("organisations:consortium", key)
    return shown(request, form, consortium=row.line, title=_("登记协议"), label=_("登记"))


@page(Permission.READ)
def agreement(request: CalledRequest, agreement: UUID) -> HttpResponse:
    """One agreement, with its parties and its text."""
    row = reads.agreement(request.call.scope, agreement, day=clock.today())
    may = request.call.may(Permission.CONSORTIA).allowed and row.consortium is not None and not row.expired
    may = may and reads.is_arranger(request.call, row.consortium, clock.today()) if row.consortium else False
    return render(request, "organisations/agreement.html", {"row": row, "may_end": may})


@page(Permission.CONSORTIA)
def end_agreement(request: CalledRequest, agreement: UUID) -> HttpResponse:
    """Give an agreement its last day."""
    row = reads.agreement(request.call.scope, agreement, day=clock.today())
    form = LastDay(given(request), initial={"last_day": clock.today(), "expect": row.version})

    def work() -> None:
        said = form.cleaned_data
        actions.end_agreement(request.call, agreement=agreement, expect=said["expect"] or 0, last_day=said["last_day"])

    if attempt(form, work):
        messages.success(request, _("协议已定最后一天。"))
        return redirect("organisations:agreement", agreement)
    return shown(request, form, about=row.title, title=_("终止协议"), label=_("终止协议"), danger=True)
