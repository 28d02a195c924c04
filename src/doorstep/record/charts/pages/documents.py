"""The pages of shared documents: the list, one to be read and printed, its files."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from doorstep.adapters.cda.document import Document, Section, shown
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.record.charts import reads
from doorstep.record.charts.access import Permission
from doorstep.record.charts.pages import head_context, words
from doorstep.record.charts.pages.present import Presenter
from doorstep.record.charts.pages.reasons import reasoned
from doorstep.record.charts.shapes.documents import File, Opened

PARTS: Final = {
    "author": _("作者"), "legalAuthenticator": _("审核"), "authenticator": _("签名"), "custodian": _("保管机构"),
}  # fmt: skip
REASONS: Final = {
    "gone": _("文书的原文不在这里"),
    "other": _("这份文件不是 CDA 文书，请下载后查看"),
    "unreadable": _("文书无法解读，请下载原文查看"),
}
LEVELS: Final = {"N": "", "R": _("限制访问"), "V": _("严格限制访问")}
DEEPEST: Final = 4
"""Headings of sections begin at h2; what lies deeper keeps this one."""
LETTERS: Final = 200_000


@page(Permission.READ)
@reasoned
def listed(request: CalledRequest, resident: UUID) -> HttpResponse:
    """The documents of all institutions, newest first."""
    at = Page.read(request.GET.get("after"), parts=2)
    found = reads.documents(request.call, resident=resident, page=at)
    presenter = Presenter(found.head)
    rows = [(each, presenter.row(each.item)) for each in found.documents.items]
    context = {**head_context(found.head, "documents"), "paged": found.documents, "rows": rows}
    return render(request, "charts/documents.html", context)


@page(Permission.READ)
@reasoned
def document(request: CalledRequest, resident: UUID, key: str) -> HttpResponse:
    """One document: its header and its sections, in the house's own markup."""
    found = reads.document(request.call, resident=resident, key=key)
    context = {
        **head_context(found.head, "documents"),
        "found": found,
        "key": key,
        "row": Presenter(found.head).row(found.item),
        "entries": [(words.type_word(kind), kind, entry) for kind, entry in found.entries],
        "reason": REASONS.get(found.reason, ""),
        **(_shown(found, found.document) if found.document else {}),
    }
    return render(request, "charts/document.html", context)


@page(Permission.RAW)
@reasoned
def original(request: CalledRequest, resident: UUID, key: str) -> HttpResponseBase:
    """The document as it was sent, byte for byte."""
    return _download(reads.original(request.call, resident=resident, key=key))


@page(Permission.READ)
@reasoned
def embedded(request: CalledRequest, resident: UUID, key: str) -> HttpResponseBase:
    """The file that the document holds."""
    return _download(reads.embedded(request.call, resident=resident, key=key))


def _shown(found: Opened, read: Document) -> dict[str, object]:
    name, sex, birth = read.patient
    inner, sort = read.embedded, found.paper.sort or read.type
    plain = inner is not None and inner.media_type.lower() == "text/plain"
    return {
        "document": read,
        "sort": sort if sort != read.title else "",
        "time": shown(read.time),
        "who": (name, words.word(words.SEXES, {"M": "1", "F": "2"}.get(sex, sex)), shown(birth)),
        "people": [(PARTS[who.part], who, shown(who.time)) for who in read.people],
        "visit": [shown(each) for each in read.encounter],
        "level": LEVELS.get(read.confidentiality.upper(), ""),
        "sections": [_section(each, html) for each, html in zip(read.sections, found.html, strict=True)],
        "embedded": inner if inner is not None and inner.data and not plain else None,
        "plain": inner.data.decode("utf-8", "replace")[:LETTERS] if inner is not None and plain else "",
        "address": inner.address if inner is not None else "",
    }


def _section(each: Section, html: str) -> dict[str, object]:
    """A section; its HTML is written by ``adapters.cda.narrative`` from a list of elements, all text escaped."""
    return {"section": each, "level": min(each.level + 1, DEEPEST), "html": mark_safe(html)}  # noqa: S308  # as said above


def _download(file: File) -> HttpResponse:
    answer = HttpResponse(file.data, content_type=file.media_type)
    answer["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return answer
