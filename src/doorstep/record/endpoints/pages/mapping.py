"""The mapper's pages: the standard tables to be read; an institution's versions, changed, proved, compared, used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.adapters.hl7v2.mapping import standard_files
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.ids import uuid_of
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import STATUS, CalledRequest, expected, page
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import mapping as actions
from doorstep.record.endpoints.forms.mapping import BeginMapping, NewTable, TableText
from doorstep.record.endpoints.rules import readable, tables
from doorstep.record.endpoints.shapes import MappingDetail
from doorstep.registers.organisations import api as organisations


@page(Permission.READ)
def listing(request: CalledRequest) -> HttpResponseBase:
    """The versions within the caller's scope, and (POST) a new one."""
    may_edit = request.call.may(Permission.EDIT).allowed
    choices = [(key, name) for key, name in organisations.manageable(request.call)] if may_edit else []
    form = BeginMapping(request.POST if request.method == "POST" else None, organisations=choices)
    if request.method == "POST" and form.is_valid():
        where, after = UUID(form.cleaned_data["organisation"]), uuid_of(request.POST.get("after", ""))
        made = actions.begin(request.call, organisation=where, note=form.cleaned_data["note"], after=after)
        messages.success(request, _("已新建版本，改好并通过用例后再启用。"))
        return redirect("endpoints:mapping", made)
    paged = reads.mappings(request.call, page=Page.read(request.GET.get("after"), 30, parts=1))
    context = {"paged": paged, "form": form, "may_edit": may_edit}
    return render(request, "endpoints/mappings.html", context, status=form.http_status)


@page(Permission.READ)
def standard(request: CalledRequest) -> HttpResponse:
    """The tables that come with Doorstep."""
    files = standard_files()
    context = {
        "folders": _folders(files, reverse("endpoints:standard_table")),
        "kinds": _table("kinds.csv", files["kinds.csv"]),
    }
    return render(request, "endpoints/standard_mapping.html", context)


@page(Permission.READ)
def standard_table(request: CalledRequest) -> HttpResponse:
    """One of the standard tables."""
    files, name = standard_files(), request.GET.get("name", "")
    if name not in files or not tables.NAME.fullmatch(name):
        raise Refused(refuse("not_found", kind="Table"))
    context = {"name": name, "table": _table(name, files[name]), "text": files[name]}
    return render(request, "endpoints/mapping_table.html", context)


@page(Permission.READ)
def one(request: CalledRequest, mapping: UUID) -> HttpResponse:
    """One version: what it changes, what came of its cases, when it was in use; and (POST) a file that is added."""
    found = reads.mapping_of(request.call, mapping)
    others = [each for each in reads.versions_of(request.call, found.line.organisation) if each.id != mapping]
    against = uuid_of(request.GET.get("against", ""))
    before = reads.mapping_of(request.call, against).files if against else _known()
    form = NewTable(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return redirect(f"{reverse('endpoints:mapping_table', args=[mapping])}?name={form.cleaned_data['name']}")
    context = {
        "found": found, "line": found.line, "others": others, "against": against, "form": form,
        "changes": tables.differences(before, found.files),
        "folders": _folders(found.files, reverse("endpoints:mapping_table", args=[mapping])),
        "failed": [(name, said) for name, said in found.cases.items() if said],
        "may_edit": request.call.may(Permission.EDIT).allowed,
    }  # fmt: skip
    return render(request, "endpoints/mapping.html", context, status=form.http_status)


@page(Permission.READ)
def table(request: CalledRequest, mapping: UUID) -> HttpResponseBase:
    """One file of a version: to be read, and while the version was never in use to be changed (POST)."""
    found, name = reads.mapping_of(request.call, mapping), request.GET.get("name", "")
    if not tables.NAME.fullmatch(name):
        raise Refused(refuse("not_found", kind="Table"))
    text = found.files.get(name, "")
    data = request.POST if request.method == "POST" else None
    form = TableText(data, initial={"expect": found.line.version, "text": text})
    if form.is_valid():
        said = form.cleaned_data
        try:
            actions.change(request.call, mapping=mapping, expect=said["expect"] or 0, name=name, text=said["text"])
            messages.success(request, _("已保存。请重新运行用例。"))
            return redirect("endpoints:mapping", mapping)
        except Refused as refused:
            if not refused.decision.reason.startswith("mapping."):
                raise
            form.add_refusal(refused, "text")
    may_edit = request.call.may(Permission.EDIT).allowed and not found.line.was_used
    context = {"name": name, "table": _table(name, text), "text": text, "found": found, "may_edit": may_edit,
               "form": form}  # fmt: skip
    return render(request, "endpoints/mapping_table.html", context, status=form.http_status)


@page(Permission.EDIT)
@require_POST
def prove(request: CalledRequest, mapping: UUID) -> HttpResponseBase:
    """Run the cases of a version."""
    if actions.prove(request.call, mapping=mapping, expect=expected(request)):
        messages.success(request, _("用例全部通过，可以启用。"))
    else:
        messages.error(request, _("有问题，见下。"))
    return redirect("endpoints:mapping", mapping)


@page(Permission.EDIT)
def use(request: CalledRequest, mapping: UUID) -> HttpResponseBase:
    """Put a version in use, once asked."""
    found = reads.mapping_of(request.call, mapping)
    if request.method == "POST":
        try:
            actions.use(request.call, mapping=mapping, expect=expected(request))
        except Refused as refused:
            if STATUS.get(refused.decision.reason) or refused.decision.reason != "mapping.not_proved":
                raise
            actions.prove(request.call, mapping=mapping, expect=expected(request))
            messages.error(request, _("用例没有全部通过，不能启用。"))
        else:
            messages.success(request, _("已启用，之后处理的报文按这个版本转换。"))
        return redirect("endpoints:mapping", mapping)
    return render(request, "endpoints/use_mapping.html", {"found": found, "line": found.line, "going": _going(found)})


def _going(found: MappingDetail) -> list[str]:
    """What changes against the standard tables, by file."""
    return [name for name, _lines in tables.differences(_known(), found.files)]


@page(Permission.EDIT)
@require_POST
def use_standard(request: CalledRequest) -> HttpResponseBase:
    """Go back to the standard tables at an institution."""
    organisation = uuid_of(request.POST.get("organisation", ""))
    if organisation is None:
        raise Refused(refuse("not_found", kind="Organisation"))
    actions.use_standard(request.call, organisation=organisation)
    messages.success(request, _("已改回随系统提供的规则。"))
    return redirect("endpoints:mappings")


def _known() -> dict[str, str]:
    return {name: text for name, text in standard_files().items() if tables.NAME.fullmatch(name)}


def _folders(files: Mapping[str, str], there: str) -> list[dict[str, Any]]:
    return [
        {"name": folder, "files": [(name.rpartition("/")[2], f"{there}?name={name}") for name in names]}
        for folder, names in tables.folders(files)
    ]


def _table(name: str, text: str) -> dict[str, Any] | None:
    """A table in words; None for what is none."""
    columns, rows = tables.rows(text) if name.endswith(".csv") else ([], [])
    if not columns:
        return None
    language = get_language() or "zh"
    there = [(at, column) for at, column in enumerate(columns) if any(row[at : at + 1] != [""] for _line, row in rows)]

    def words(row: list[str]) -> list[tuple[str, str, str]]:
        """Of each column that says anything: its name, the cell, and the cell in words."""
        cells = [(column, row[at]) for at, column in there if at < len(row)]
        return [(readable.column(c, language), cell, readable.cell(name, c, cell, language)) for c, cell in cells]

    return {
        "columns": [readable.column(column, language) for _at, column in there],
        "rows": [(line, words(row)) for line, row in rows],
    }
