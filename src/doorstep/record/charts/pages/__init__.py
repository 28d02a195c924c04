"""The pages of a chart."""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, is_part, page
from doorstep.record.charts import reads
from doorstep.record.charts.access import Permission
from doorstep.record.charts.forms import TimelineFilter, narrowing
from doorstep.record.charts.pages import words
from doorstep.record.charts.pages.facts import Teller
from doorstep.record.charts.pages.present import Presenter
from doorstep.record.charts.pages.reasons import reasoned
from doorstep.record.charts.rules import Validity
from doorstep.record.charts.shapes import Entry, Head, Summary

# How much of a raw resource a page holds; the download has all.
SHOWN: Final = 200_000
_NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)


@page(Permission.READ)
@reasoned
def summary(request: CalledRequest, resident: UUID) -> HttpResponse:
    """What holds now: problems, medicines, immunisations, latest results, encounters."""
    found = reads.summary(request.call, resident=resident)
    presenter = Presenter(found.head)
    return render(request, "charts/summary.html", {**head_context(found.head, "summary"), **_summary(found, presenter)})


@page(Permission.OWN)
def own(request: CalledRequest) -> HttpResponse:
    """One's own record, in large type and without what only staff need."""
    found = reads.own_summary(request.call)
    presenter = Presenter(found.head)
    context = {**head_context(found.head, ""), **_summary(found, presenter)}
    return render(request, "charts/own.html", context | {"result_rows": [one.row for one in context["results"]]})


def _summary(found: Summary, presenter: Presenter) -> dict[str, Any]:
    return {
        "problems": [presenter.line(line) for line in found.problems if line.current],
        "past_problems": [presenter.line(line) for line in found.problems if not line.current],
        "medicines": [presenter.line(line) for line in found.medicines if line.current],
        "past_medicines": [presenter.line(line) for line in found.medicines if not line.current],
        "allergy_lines": [presenter.line(line) for line in found.head.allergies],
        "immunisations": [presenter.line(line) for line in found.immunisations],
        "results": [presenter.result(result) for result in found.results],
        "encounters": [presenter.row(item) for item in found.encounters],
    }


@page(Permission.READ)
@reasoned
def timeline(request: CalledRequest, resident: UUID) -> HttpResponse:
    """All entries, newest first, narrowed by kind, institution and period; HTMX swaps the list alone."""
    asked = narrowing(request.GET)
    at = Page.read(request.GET.get("after"), parts=3)
    found = reads.timeline(request.call, resident=resident, narrowing=asked, page=at)
    presenter = Presenter(found.head)
    context = {
        **head_context(found.head, "timeline"),
        "form": TimelineFilter(request.GET or None, words.KINDS, found.head.institutions),
        "paged": found.days,
        "days": [(day.on, [presenter.entry(entry) for entry in day.entries]) for day in found.days.items],
    }
    template = "charts/parts/timeline.html" if is_part(request) else "charts/timeline.html"
    return render(request, template, context)


@page(Permission.READ)
@reasoned
def results(request: CalledRequest, resident: UUID) -> HttpResponse:
    """The newest value of every code."""
    found = reads.latest(request.call, resident=resident)
    presenter = Presenter(found.head)
    listed = [presenter.result(result) for result in found.results]
    return render(
        request, "charts/results.html", {**head_context(found.head, "results"), "results": listed, "more": found.more}
    )


@page(Permission.READ)
@reasoned
def series(request: CalledRequest, resident: UUID) -> HttpResponse:
    """All values of one code, as a chart and a table."""
    key = request.GET.get("code", "").replace("\x00", "")[:1000]
    found = reads.series(request.call, resident=resident, key=key, page=Page.read(request.GET.get("after"), 50))
    presenter = Presenter(found.head)
    context = {
        **head_context(found.head, "results"),
        "title": found.title,
        "curves": found.curves,
        "paged": found.values,
        "rows": [presenter.row(item) for item in found.values.items],
    }
    return render(request, "charts/series.html", context)


@page(Permission.READ)
@reasoned
def entry(request: CalledRequest, resident: UUID, kind: str, key: str) -> HttpResponse:
    """One resource: read, its source, its versions, its raw form."""
    version = _version(request.GET.get("version"))
    found = reads.entry(request.call, resident=resident, kind=kind, key=key, version=version)
    presenter = Presenter(found.head)
    teller = Teller(found, presenter)
    context = {
        **head_context(found.head, ""),
        "found": found,
        "row": presenter.row(found.item),
        "kind": words.type_word(kind),
        "main": teller.facts(found.main),
        "rest": teller.facts(found.rest),
        "is_deleted": found.item.reading.validity is Validity.DELETED,
        "is_unreadable": found.item.reading.validity is Validity.UNREADABLE,
        "versions": [(v, found.head.institutions.get(v.source, "")) for v in found.versions],
        "message": _message(request, found),
        "is_document": kind == "DocumentReference",
        "raw": _pretty(found.body) if found.body is not None else None,
    }
    return render(request, "charts/entry.html", context)


@page(Permission.READ)
@reasoned
def changes(request: CalledRequest, resident: UUID, kind: str, key: str) -> HttpResponse:
    """What differs between two versions of a resource."""
    before, after = (_version(request.GET.get(name)) or 0 for name in ("from", "to"))
    found = reads.changes(request.call, resident=resident, kind=kind, key=key, before=before, after=after)
    context = {**head_context(found.head, ""), "found": found, "row": Presenter(found.head).row(found.item)}
    return render(request, "charts/changes.html", {**context, "kind": words.type_word(kind)})


@page(Permission.RAW)
@reasoned
def raw(request: CalledRequest, resident: UUID, kind: str, key: str) -> HttpResponseBase:
    """The stored bytes of a resource, as a download."""
    version = _version(request.GET.get("version"))
    body = reads.raw(request.call, resident=resident, kind=kind, key=key, version=version)
    answer = HttpResponse(body, content_type="application/fhir+json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{kind}-{key}.json"'
    return answer


def head_context(head: Head, current: str) -> dict[str, Any]:
    """The context of every page: who it is, and the allergies that hold."""
    presenter = Presenter(head)
    held = [line for line in head.allergies if line.current]
    return {
        "head": head,
        "resident": head.resident,
        "current": current,
        "sex": words.word(words.SEXES, head.person.sex),
        "allergies": [presenter.line(line) for line in held if not line.item.reading.negative],
        "no_allergy": [presenter.line(line) for line in held if line.item.reading.negative],
    }


def _version(text: str | None) -> int | None:
    """The number of a version in the address bar; 0, which no version has, for what is none."""
    if not text:
        return None
    return int(text) if _NUMBER.fullmatch(text) else 0


def _message(request: CalledRequest, found: Entry) -> int | None:
    """The message that brought the version, for those who may read messages."""
    return found.version.message if request.call.may("exchange.read").allowed else None


def _pretty(body: str) -> tuple[str, bool]:
    """The JSON indented, every number as it was written; and whether it was cut."""
    try:
        text = msgspec.json.format(body, indent=2)
    except (ValueError, RecursionError):
        text = body
    return text[:SHOWN], len(text) > SHOWN
