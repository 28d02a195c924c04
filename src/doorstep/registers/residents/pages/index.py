"""The pages of the person index: how records came together, and merging and parting them by hand."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.ids import uuid_of
from doorstep.kernel.paging import Page
from doorstep.kernel.web.forms import HouseForm
from doorstep.kernel.web.notices import undoable
from doorstep.kernel.web.pages import STATUS, CalledRequest, page
from doorstep.registers.residents import forms
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import merging
from doorstep.registers.residents.pages import index_words as words
from doorstep.registers.residents.pages.review_words import chance
from doorstep.registers.residents.reads import history, identity
from doorstep.registers.residents.reads.history import Merger, Placed
from doorstep.registers.residents.reads.search import search
from doorstep.registers.residents.shapes import Identity

_GONE: Final = frozenset({"not_found", "permission"})


@page(Permission.READ)
def index(request: CalledRequest, resident: UUID) -> HttpResponseBase:
    """All records of a resident with how each came, the moves, and the merges with their undo."""
    found = history.history(request.call, resident=resident)
    if found.header.id != resident:
        messages.info(request, _("您打开的居民已合并到这一位。"))
        return redirect("residents:index", found.header.id)
    context = {
        "head": found.header,
        "found": found,
        "records": [_placed(each, found.records) for each in found.records],
        "moves": [(each, words.HOWS.get(each.how, "")) for each in found.moves],
        "merges": [(each, words.HOWS.get(each.how, "")) for each in found.merges],
        "may_merge": request.call.may(Permission.MERGE).allowed,
    }
    return render(request, "residents/index.html", context)


def _placed(record: Placed, shown: tuple[Placed, ...]) -> dict[str, Any]:
    """A record with the words of how it came, and the record that it agreed with, where that is still beside it."""
    beside = next((each for each in shown if each.record == record.against), None)
    return {
        "record": record,
        "how": words.HOWS.get(record.how, ""),
        "chance": chance(record.bits) if record.bits is not None and record.how == "weight" else "",
        "against": beside,
    }


@page(Permission.MERGE)
def merge(request: CalledRequest, resident: UUID) -> HttpResponseBase:
    """Look for another resident, see the two side by side, and merge them."""
    own = identity.identity(request.call, resident=resident)
    if own.header.id != resident:
        return redirect("residents:merge", own.header.id)
    other = uuid_of((request.POST if request.method == "POST" else request.GET).get("with", ""))
    if other is None:
        return _search(request, own)
    return _beside(request, own, identity.identity(request.call, resident=other))


def _search(request: CalledRequest, own: Identity) -> HttpResponse:
    asked = forms.Search(request.GET)
    text = asked.cleaned_data["q"].strip() if asked.is_valid() else ""
    found = search(request.call, text=text, page=Page.read(request.GET.get("after"), parts=3)) if text else None
    context = {"head": own.header, "q": text, "found": found}
    return render(request, "residents/merge.html", context)


def _beside(request: CalledRequest, own: Identity, other: Identity) -> HttpResponseBase:
    two = (own, other)
    choices = [(str(each.header.id), _called(each)) for each in two]
    form = forms.MergeTwo(request.POST if request.method == "POST" else None, residents=choices)
    if request.method == "POST" and form.is_valid():
        kept = UUID(form.cleaned_data["kept"])
        gone = next((each.header.id for each in two if each.header.id != kept), kept)
        try:
            done = merging.merge(request.call, kept=kept, gone=gone, note=form.cleaned_data["note"])
        except Refused as refused:
            if refused.decision.reason in _GONE:
                raise
            form.add_refusal(refused)
        else:
            undoable(request, _("两位居民已合并。"), reverse("residents:unmerge", args=[kept, done]))
            return redirect("residents:index", kept)
    context = {"head": own.header, "other": other.header, "two": two, "form": form, "sexes": dict(forms.SEXES)}
    status = 422 if request.method == "POST" else 200
    return render(request, "residents/merge_beside.html", context, status=status)


def _called(person: Identity) -> str:
    parts = (person.header.name or _("姓名不详"), person.header.birth, person.header.number)
    return " · ".join(part for part in parts if part)


@page(Permission.MERGE)
def unmerge(request: CalledRequest, resident: UUID, merge: UUID) -> HttpResponseBase:
    """Say what undoing a merge does; a POST does it."""
    found = history.merge(request.call, resident=resident, merge=merge)
    form = HouseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        try:
            restored = merging.unmerge(request.call, merge=merge)
        except Refused as refused:
            return _again(request, resident, found, form, refused)
        messages.success(request, _("合并已撤销，两位居民各自恢复。系统不会再把他们归到一起。"))
        return redirect("residents:index", restored)
    return _asked(request, resident, found, form)


def _again(
    request: CalledRequest, resident: UUID, found: Merger, form: HouseForm, refused: Refused
) -> HttpResponseBase:
    if refused.decision.reason in _GONE:
        raise refused
    form.add_refusal(refused)
    return _asked(request, resident, found, form, STATUS.get(refused.decision.reason, 422))


def _asked(request: CalledRequest, resident: UUID, found: Merger, form: HouseForm, status: int = 200) -> HttpResponse:
    head = identity.header(request.call.scope, resident)
    context = {"head": head, "merge": found, "form": form, "how": words.HOWS.get(found.how, "")}
    return render(request, "residents/unmerge.html", context, status=status)


@page(Permission.MERGE)
def separate(request: CalledRequest, resident: UUID) -> HttpResponseBase:
    """Show the records that were chosen; a POST takes them out as a resident of their own."""
    found = history.history(request.call, resident=resident)
    given = (request.POST if request.method == "POST" else request.GET).getlist("record")
    wanted = {each for text in given if (each := uuid_of(text))}
    chosen = [each for each in found.records if each.record in wanted]
    if not chosen:
        messages.warning(request, _("请先选出要分出的记录。"))
        return redirect("residents:index", resident)
    form = HouseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        try:
            other = merging.separate(request.call, resident=resident, records=[each.record for each in chosen])
        except Refused as refused:
            form.add_refusal(refused)
        else:
            told = ngettext(
                "已分出 {count} 条记录，成为另一位居民。", "已分出 {count} 条记录，成为另一位居民。", len(chosen)
            )
            messages.success(request, told.format(count=len(chosen)))
            return redirect("residents:index", other)
    elif len(chosen) == found.count:
        form = HouseForm({})
        form.add_refusal(Refused(refuse("separate.all")))
    context = {"head": found.header, "chosen": chosen, "form": form, "left": found.count - len(chosen)}
    return render(request, "residents/separate.html", context, status=422 if form.is_bound else 200)
