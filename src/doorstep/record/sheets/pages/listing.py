"""The list of imports, templates to fill in, and the way in of a file."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.kernel.web.uploads import takes_file
from doorstep.record.sheets import access, reads
from doorstep.record.sheets.access import Permission
from doorstep.record.sheets.actions import uploading
from doorstep.record.sheets.forms import STATES, ListFilter, UploadForm
from doorstep.record.sheets.reads import files
from doorstep.record.sheets.reads.forms import FORMS


def choices(request: CalledRequest) -> list[tuple[str, str]]:
    """The kinds that the caller may send, with their titles."""
    return [(kind, files.title(FORMS[kind])) for kind in access.kinds(request.call)]


@page(Permission.USE)
def imports(request: CalledRequest) -> HttpResponse:
    """The imports of the caller's institution, newest first, and the templates."""
    kinds = choices(request)
    form = ListFilter(request.GET, kinds=kinds)
    chosen: dict[str, Any] = form.cleaned_data if form.is_valid() else {"kind": "", "state": ""}
    kind, state = chosen["kind"] or "", chosen["state"] or ""
    at = Page.read(request.GET.get("after"), 30, parts=1)
    paged = reads.imports(request.call, page=at, kind=kind, state=state)
    titles = dict(kinds)
    rows = [{"found": row, "kind": titles.get(row.kind, row.kind), "state": STATES[row.state]} for row in paged.items]
    context = {"form": form, "paged": paged, "rows": rows, "kinds": kinds, "chosen": bool(kind or state)}
    return render(request, "sheets/list.html", context)


@takes_file(uploading.LIMITS.size)
@page(Permission.USE)
def upload(request: CalledRequest) -> HttpResponseBase:
    """Take a file; it is checked, and nothing is changed."""
    kinds = choices(request)
    if request.method != "POST":
        form = UploadForm(kinds=kinds, initial={"kind": request.GET.get("kind", "")})
        return render(request, "sheets/upload.html", {"form": form, "kinds": kinds})
    form = UploadForm(request.POST, request.FILES, kinds=kinds)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > uploading.LIMITS.size:
                raise Refused(refuse("sheet.size", megabytes=uploading.LIMITS.size >> 20))
            name = str(file.name or "").replace("\0", "")
            made = uploading.upload(request.call, kind=form.cleaned_data["kind"], file=name, raw=file.read())
        except Refused as refused:
            if not refused.decision.reason.startswith("sheet."):
                raise
            form.add_refusal(refused, "file")
        else:
            if made.known:
                messages.info(request, _("这个文件以前上传过，没有重复处理。这是那一次的结果。"))
            return redirect("sheets:one", made.id)
    return render(request, "sheets/upload.html", {"form": form, "kinds": kinds}, status=form.http_status)


def _named(content: bytes, kind: str, name: str, ending: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return answer


@page(Permission.USE)
def template(request: CalledRequest, kind: str) -> HttpResponse:
    """The template of a kind as .xlsx."""
    demand(access.may_send(request.call, kind))
    return _named(files.template(kind), files.XLSX, kind, "xlsx")


@page(Permission.USE)
def plain_template(request: CalledRequest, kind: str) -> HttpResponse:
    """The template of a kind as .csv."""
    demand(access.may_send(request.call, kind))
    return _named(files.plain_template(kind), "text/csv; charset=utf-8", kind, "csv")
