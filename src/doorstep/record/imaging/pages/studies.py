"""The studies of a chart: the list with thumbnails, and one with its pictures. For looking at, not for diagnosis."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, cast
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from doorstep.adapters.dicomweb.client import ArchiveFault
from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.record.imaging import reads
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.actions import asking
from doorstep.record.imaging.pages.saying import fault
from doorstep.record.imaging.reads import opening, parts
from doorstep.record.imaging.rules.reading import Series
from doorstep.record.imaging.shapes import Opened
from doorstep.registers.consents import api as consents

P = ParamSpec("P")
View = Callable[Concatenate[CalledRequest, P], HttpResponseBase]
WINDOWS: Final = (
    ("", _("默认")), ("40,400,linear", _("软组织")), ("-600,1500,linear", _("肺")), ("400,1800,linear", _("骨")),
    ("40,80,linear", _("脑")),
)  # fmt: skip
"""Windows of a CT (centre, width in Hounsfield units), as they are usual."""
MOST: Final = 1_000
"""Pictures of a series that the page steps through."""


def name_of(name: str) -> str:
    """A patient's name as a person reads it: ideographs, else Latin letters."""
    groups = [" ".join(group.replace("^", " ").split()) for group in name.split("=")]
    return next((group for group in (*groups[1:2], *groups[:1]) if group), "")


def reasoned(view: View[P]) -> View[P]:
    """Show those who have no reason to open the chart the page that says so and offers what there is."""

    @wraps(view)
    def run(request: CalledRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            if refused.decision.reason != consents.NO_REASON:
                raise
            context = {"decision": refused.decision, **refused.decision.detail}
            return render(request, "charts/no_reason.html", context, status=403)

    return cast("View[P]", run)


@page(Permission.VIEW)
@reasoned
def of_resident(request: CalledRequest, resident: UUID) -> HttpResponse:
    """The studies of a resident's chart, the newest first."""
    at = Page.read(request.GET.get("after"), 20)
    chart, paged = reads.of_resident(request.call, resident=resident, page=at)
    context = {"resident": chart.resident, "person": chart.person, "paged": paged, "withheld": chart.withheld}
    return render(request, "imaging/of_resident.html", context)


@page(Permission.VIEW)
@reasoned
def one(request: CalledRequest, resident: UUID, study: UUID) -> HttpResponse:
    """One study: its series, and the pictures of one of them."""
    opened = opening.view(request.call, resident=resident, study=study)
    found = opened.study.found
    chosen = next((each for each in found.series if each.uid == request.GET.get("series")), None)
    series = chosen or next(iter(found.series), None)
    context: dict[str, Any] = {
        "resident": opened.resident, "study": opened.study, "series": series, "name": name_of(found.name),
        "may_untie": request.call.may(Permission.TIE).allowed and request.call.scope.holds(opened.study.organisation),
        "windows": WINDOWS if series is not None and series.modality == "CT" else (),
        "window": next((key for key, _said in WINDOWS if key == request.GET.get("window")), ""),
    }  # fmt: skip
    try:
        context |= _pictures(request, opened, series)
    except ArchiveFault as wrong:
        context["fault"] = fault(wrong.code, wrong.params)
    return render(request, "imaging/study.html", context)


def _pictures(request: CalledRequest, opened: Opened, series: Series | None) -> dict[str, Any]:
    """The addresses of a series' pictures, and which of them is shown."""
    if series is None:
        return {"pictures": []}
    place, uid = opened.place, opened.study.uid
    listed = parts.pictures(asking.archive(place), place.archive, uid, series.uid)
    root = f"/dicomweb/studies/{uid}/series/{series.uid}/instances"
    found = [
        f"{root}/{instance}/rendered" if frames < 2 else f"{root}/{instance}/frames/{frame}/rendered"
        for instance, frames in listed
        for frame in range(1, max(frames, 1) + 1)
    ]
    said = request.GET.get("at", "")
    at = int(said) if said.isascii() and said.isdigit() and len(said) < 6 else 1
    at = max(1, min(at, len(found[:MOST])))
    return {
        "pictures": found[:MOST], "count": len(found[:MOST]), "more": len(found) > MOST, "at": at,
        "picture": found[at - 1] if found else "", "before": at - 1, "after": at + 1 if at < len(found[:MOST]) else 0,
    }  # fmt: skip
