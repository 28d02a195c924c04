"""The pages of this room: search, one resident, registration, contacts, guardians, household."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.paging import Page
from doorstep.kernel.web.forms import HouseForm
from doorstep.kernel.web.pages import CalledRequest, expected, is_part, page
from doorstep.linkage import numbers
from doorstep.registers.residents import forms
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import family, registration
from doorstep.registers.residents.reads import holders, identity
from doorstep.registers.residents.reads.search import Found
from doorstep.registers.residents.reads.search import search as find
from doorstep.registers.residents.rules import relations
from doorstep.registers.residents.rules.facts import Finding
from doorstep.registers.residents.shapes import Header

SHORTEST = 1


def _typed(request: CalledRequest) -> str:
    form = forms.Search(request.GET)
    return form.cleaned_data["q"].strip() if form.is_valid() else ""


def _found(request: CalledRequest, text: str) -> Found | None:
    if len(text) < SHORTEST:
        return None
    return find(request.call, text=text, page=Page.read(request.GET.get("after"), parts=3))


@page(Permission.READ)
def search(request: CalledRequest) -> HttpResponse:
    """The one box and what it finds; HTMX asks for the found part while a person types."""
    text = _typed(request)
    found = _found(request, text)
    trouble = ""
    if found and found.finding:
        trouble = forms.told(Finding(found.finding, params={"value": numbers.one_form(text)}))
    may_register = request.call.may(Permission.EDIT).allowed
    may_merge = request.call.may(Permission.MERGE).allowed
    context = {
        "q": text, "found": found, "trouble": trouble, "may_register": may_register, "may_merge": may_merge,
    }  # fmt: skip
    template = "residents/found.html" if is_part(request) else "residents/search.html"
    return render(request, template, context)


@page(Permission.READ)
def show(request: CalledRequest, resident: UUID) -> HttpResponseBase:
    """Who a resident is: numbers, names, contacts, family, and the records that are theirs."""
    found = identity.identity(request.call, resident=resident)
    if found.header.id != resident:
        messages.info(request, _("您打开的居民已合并到这一位。"))
        return redirect("residents:show", found.header.id)
    context = {
        "found": found,
        "head": found.header,
        "sex": dict(forms.SEXES).get(found.header.sex, ""),
        "ethnic": relations.ethnic_group(found.header.ethnic, english=get_language() == "en"),
        "numbers": [(n, forms.KINDS[n.kind]) for n in found.numbers],
        "phones": [(p, forms.USES.get(p.use, "")) for p in found.phones],
        "members": [(m, _(relations.relation(m.relation))) for m in found.home.members] if found.home else [],
        "guardians": [(g, _(relations.relation(g.relation)) if g.relation else "") for g in found.guardians],
        "may_edit": request.call.may(Permission.EDIT).allowed,
    }
    return render(request, "residents/show.html", context)


@page(Permission.EDIT)
def check_number(request: CalledRequest) -> HttpResponse:
    """Part of the registration: what an ID says, and whether somebody holds it."""
    text = numbers.to_18(numbers.one_form(request.GET.get("resident_id", "")[:40]))
    facts = numbers.read_id(text) if text else ""
    context: dict[str, object] = {"text": text}
    if isinstance(facts, str):
        context["trouble"] = forms.told(Finding(facts, params={"value": text})) if facts else ""
    else:
        context |= {"facts": facts, "holder": holders.check_number(request.call, number=facts.number)}
    return render(request, "residents/number.html", context)


@page(Permission.EDIT)
def register(request: CalledRequest) -> HttpResponseBase:
    """Register a person at the caller's institution; says first where the ID is already held."""
    form = forms.Register(request.POST or None, initial={"name": request.GET.get("name", "")})
    held = None
    if request.method == "POST" and form.is_valid() and request.call.organisation:
        said = form.said(request.call.organisation)
        form.contradictions(said)
        if not form.errors:
            try:
                done = registration.register(request.call, said=said, known=form.cleaned_data["known"])
            except Refused as refused:
                held = refused.decision.detail if refused.decision.reason == "already_known" else None
                if held is None:
                    form.add_refusal(refused)
            else:
                messages.success(request, _("已登记。") if done.created else _("已在本机构登记这位居民。"))
                return redirect("residents:show", done.resident)
    elif request.method == "POST" and not request.call.organisation:
        demand(refuse("no_institution"))
    status = 422 if request.method == "POST" else 200
    return render(request, "residents/register.html", {"form": form, "held": held}, status=status)


def _edit(
    request: CalledRequest, head: Header, form: HouseForm, save: Callable[[], object], title: str, told: str
) -> HttpResponseBase:
    """Show a form about a resident, or save it and go back to the resident."""
    if request.method == "POST" and form.is_valid():
        try:
            save()
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, told)
            return redirect("residents:show", head.id)
    status = 422 if request.method == "POST" else 200
    return render(request, "residents/edit.html", {"form": form, "head": head, "title": title}, status=status)


@page(Permission.EDIT)
def contacts(request: CalledRequest, resident: UUID) -> HttpResponseBase:
    """Telephones and address, as told at the desk."""
    found = identity.identity(request.call, resident=resident)
    phones = [*found.phones, *(None, None)]
    place = found.addresses[0] if found.addresses else None
    start = {
        "expect": found.header.version,
        "phone": phones[0].value if phones[0] else "",
        "second": phones[1].value if phones[1] else "",
        "address": place.text if place else "",
        "division": place.division if place else "",
    }
    form = forms.Contacts(request.POST or None, initial=start)
    return _edit(
        request,
        found.header,
        form,
        lambda: registration.change_contacts(
            request.call,
            resident=resident,
            expect=form.cleaned_data["expect"] or 0,
            phones=form.phones(),
            addresses=form.addresses(),
        ),
        _("修改联系方式"),
        _("联系方式已保存。"),
    )


@page(Permission.EDIT)
def guardian(request: CalledRequest, resident: UUID) -> HttpResponseBase:
    """Name a guardian."""
    head = identity.header(request.call.scope, resident)
    form = forms.GuardianForm(request.POST or None, initial={"expect": head.version})

    def save() -> None:
        number = form.cleaned_data["number"]
        other = holders.by_number(request.call, number) if number else None
        if number and other is None:
            raise Refused(refuse("guardian_unknown"))
        expect = form.cleaned_data["expect"] or 0
        family.add_guardian(request.call, resident=resident, expect=expect, said=form.said(), guardian=other)

    return _edit(request, head, form, save, _("添加监护人"), _("监护人已保存。"))


@page(Permission.EDIT)
@require_POST
def end_guardian(request: CalledRequest, resident: UUID, guardian: int) -> HttpResponseBase:
    """End a guardianship today."""
    family.end_guardian(request.call, resident=resident, expect=expected(request), guardian=guardian)
    messages.success(request, _("监护关系已结束。"))
    return redirect("residents:show", resident)


@page(Permission.EDIT)
def household(request: CalledRequest, resident: UUID) -> HttpResponseBase:
    """Found a household with the resident as its head."""
    head = identity.header(request.call.scope, resident)
    form = forms.Home(request.POST or None)
    return _edit(
        request,
        head,
        form,
        lambda: family.start_household(request.call, head=resident, address=form.cleaned_data["address"]),
        _("建立家庭"),
        _("家庭已建立，这位居民是户主。"),
    )


@page(Permission.EDIT)
def add_member(request: CalledRequest, resident: UUID) -> HttpResponseBase:
    """Look for a resident and let them join the household of this one."""
    head = identity.header(request.call.scope, resident)
    home = identity.home(request.call.scope, resident)
    if home is None:
        raise Refused(refuse("not_found", kind="Household"))
    form = forms.Member(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        expect, joins = data["expect"] or 0, data["resident"]
        try:
            family.add_member(request.call, household=home.id, expect=expect, resident=joins, relation=data["relation"])
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("已加入这一户。"))
            return redirect("residents:show", resident)
    text = _typed(request)
    context = {"head": head, "home": home, "form": form, "q": text, "relations": forms.related()}
    context["found"] = _found(request, text)
    return render(request, "residents/household.html", context, status=422 if request.method == "POST" else 200)


@page(Permission.EDIT)
@require_POST
def remove_member(request: CalledRequest, resident: UUID, member: int) -> HttpResponseBase:
    """End a membership of the resident's household today."""
    home = identity.home(request.call.scope, resident)
    if home is None:
        raise Refused(refuse("not_found", kind="Household"))
    family.remove_member(request.call, household=home.id, expect=expected(request), member=member)
    messages.success(request, _("已移出这一户。"))
    return redirect("residents:show", resident)
