"""Studies whose resident is not certain: the list, one with a search for whose it is, tied and untied."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import STATUS, CalledRequest, expected, page
from doorstep.kernel.web.words import sentence
from doorstep.record.imaging import reads
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.actions import tying
from doorstep.record.imaging.forms import RestingFilter
from doorstep.record.imaging.pages.saying import reason
from doorstep.record.imaging.pages.studies import name_of
from doorstep.record.imaging.shapes import StudyRow
from doorstep.registers.residents import api as residents

MOST = 100
"""Letters of a search."""


def _row(each: StudyRow) -> dict[str, Any]:
    return {"study": each, "name": name_of(each.found.name), "why": reason(each.reason, each.reason_params)}


@page(Permission.TIE)
def listing(request: CalledRequest) -> HttpResponse:
    """What rests, the newest first."""
    form = RestingFilter(request.GET, reads.choices(request.call))
    at = Page.read(request.GET.get("after"), 30, parts=1)
    paged = reads.resting(request.call, page=at, archive=form.chosen)
    context = {"form": form, "paged": paged, "rows": [_row(each) for each in paged.items], "chosen": form.chosen}
    return render(request, "imaging/resting.html", {**context, "has_archive": reads.has_archive(request.call)})


@page(Permission.TIE)
def one(request: CalledRequest, study: UUID) -> HttpResponse:
    """One, with what the archive says of its patient beside the residents that a search finds."""
    found = reads.resting_one(request.call, study=study)
    asked = request.GET.get("q", "").replace("\0", "").strip()[:MOST]
    rows = residents.search(request.call, text=asked, page=Page.read(request.GET.get("after"))) if asked else None
    whose = residents.residents_of([found.patient]).get(found.patient) if found.patient else None
    context = {**_row(found), "q": asked, "found": rows, "resident": whose}
    if whose is not None:
        context["called"] = residents.names(request.call.scope, [whose]).get(whose, "")
    return render(request, "imaging/resting_one.html", context)


@page(Permission.TIE)
@require_POST
def tie(request: CalledRequest, study: UUID) -> HttpResponseBase:
    """Say whose it is."""
    try:
        whose = UUID(request.POST.get("resident", ""))
    except ValueError:
        messages.error(request, _("请先选一位居民。"))
        return redirect("imaging:resting_one", study)
    try:
        tying.tie(request.call, study=study, expect=expected(request), resident=whose)
    except Refused as refused:
        if refused.decision.reason in STATUS:
            raise
        messages.error(request, sentence(refused.decision))
    else:
        messages.success(request, _("已确定归属，并已列入健康档案。"))
    return redirect("imaging:resting_one", study)


@page(Permission.TIE)
@require_POST
def untie(request: CalledRequest, study: UUID) -> HttpResponseBase:
    """Take it out of the chart where it is."""
    tying.untie(request.call, study=study, expect=expected(request))
    messages.success(request, _("已撤销归属，影像不再列入健康档案。"))
    return redirect("imaging:resting_one", study)
