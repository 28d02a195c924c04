"""Archives: the list, one with how it does, a new one, its switch, and a try."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.adapters.dicomweb import client
from doorstep.adapters.dicomweb.client import ArchiveFault
from doorstep.kernel.paging import Page
from doorstep.kernel.web.forms import attempt
from doorstep.kernel.web.pages import CalledRequest, expected, page
from doorstep.record.imaging import reads
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.actions import archives, asking
from doorstep.record.imaging.forms import ArchiveForm, initial
from doorstep.record.imaging.pages.saying import fault
from doorstep.record.imaging.shapes import ArchiveRow
from doorstep.registers.organisations import api as organisations

FIELDS = {
    "archive.address": "address", "archive.not-secured": "address", "archive.taken": "address",
    "archive.moved": "organisation",
}  # fmt: skip


def _row(each: ArchiveRow) -> dict[str, Any]:
    return {"archive": each, "fault": fault(each.fault, each.fault_params) if each.fails else ""}


@page(Permission.READ)
def listing(request: CalledRequest) -> HttpResponse:
    """The archives within the caller's scope, and how each does."""
    paged = reads.archives(request.call, page=Page.read(request.GET.get("after"), 30, parts=1))
    may_edit = request.call.may(Permission.EDIT).allowed
    context = {"paged": paged, "rows": [_row(each) for each in paged.items], "may_edit": may_edit}
    return render(request, "imaging/archives.html", context)


@page(Permission.READ)
def one(request: CalledRequest, archive: UUID) -> HttpResponse:
    """One archive: what it is and how it does."""
    found = reads.archive(request.call, archive)
    may = {"may_edit": request.call.may(Permission.EDIT).allowed, "may_tie": request.call.may(Permission.TIE).allowed}
    context = {**_row(found), **may, "facts": found.facts, "unreadable": reads.unreadable(request.call, archive)}
    return render(request, "imaging/archive.html", context)


@page(Permission.EDIT)
def add(request: CalledRequest) -> HttpResponseBase:
    """Register an archive."""
    form, made = _form(request), list[UUID]()
    if attempt(form, lambda: made.append(archives.add(request.call, facts=form.facts())), FIELDS):
        messages.success(request, _("已登记，几秒钟后开始跟踪。"))
        return redirect("imaging:archive", made[0])
    return render(request, "imaging/archive_form.html", {"form": form}, status=form.http_status)


@page(Permission.EDIT)
def edit(request: CalledRequest, archive: UUID) -> HttpResponseBase:
    """Change an archive."""
    found = reads.archive(request.call, archive)
    form = _form(request, initial=initial(found.facts, found.version))

    def change() -> None:
        archives.edit(request.call, archive=archive, expect=form.cleaned_data["expect"] or 0, facts=form.facts())

    if attempt(form, change, FIELDS):
        messages.success(request, _("已保存，几秒钟后生效。"))
        return redirect("imaging:archive", archive)
    return render(request, "imaging/archive_form.html", {"form": form, "archive": found}, status=form.http_status)


@page(Permission.EDIT)
@require_POST
def switch(request: CalledRequest, archive: UUID) -> HttpResponseBase:
    """Off, or on again."""
    on = request.POST.get("on") == "1"
    archives.switch(request.call, archive=archive, expect=expected(request), on=on)
    messages.success(request, _("已启用。") if on else _("已停用，不再跟踪，也不再提供其中的影像。"))
    return redirect("imaging:archive", archive)


@page(Permission.EDIT)
@require_POST
def hurry(request: CalledRequest, archive: UUID) -> HttpResponseBase:
    """Ask it now, tell what it says, and have it followed at once."""
    archives.hurry(request.call, archive=archive)
    try:
        client.json(asking.archive(reads.place(archive)), "/studies?limit=1")
    except ArchiveFault as wrong:
        messages.error(request, fault(wrong.code, wrong.params))
    else:
        messages.success(request, _("归档答复正常，马上开始跟踪。"))
    return redirect("imaging:archive", archive)


def _form(request: CalledRequest, **kwargs: Any) -> ArchiveForm:
    data = request.POST if request.method == "POST" else None
    return ArchiveForm(data, organisations=organisations.manageable(request.call), **kwargs)
