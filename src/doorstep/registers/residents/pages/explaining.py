"""The page that says why two records were or were not joined, and the sheet of who is who."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from doorstep.kernel import clock
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.watermark import watermark
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.pages import index_words as words
from doorstep.registers.residents.pages.review_words import SEXES, chance
from doorstep.registers.residents.pages.reviewing import drawn
from doorstep.registers.residents.reads import clusters, explaining
from doorstep.registers.residents.reads.explaining import Explained, Hop


@page(Permission.READ)
def explain(request: CalledRequest) -> HttpResponseBase:
    """Why two records (``left``, ``right``; or ``record`` twice) or residents (``one``, ``other``) are one or not."""
    asked = request.GET
    if asked.get("one") or asked.get("other"):
        one, other = _uuid(asked.get("one", "")), _uuid(asked.get("other", ""))
        left, right = explaining.best_pair(request.call, one=one, other=other)
        return redirect(f"{reverse('residents:explain')}?left={left}&right={right}")
    chosen = asked.getlist("record") or [asked.get("left", ""), asked.get("right", "")]
    if len(set(chosen)) != 2 and asked.get("resident"):
        messages.warning(request, _("请选出两条记录来比较。"))
        return redirect("residents:index", _uuid(asked["resident"]))
    if len(chosen) != 2:
        raise Refused(refuse("not_found", kind="ResidentRecord"))
    found = explaining.explain(request.call, left=_uuid(chosen[0]), right=_uuid(chosen[1]))
    context = {
        "found": found,
        "sides": [(each, SEXES.get(each.sex, "")) for each in (found.left, found.right)],
        "verdict": _verdict(found),
        "besides": _besides(found),
        "keys": [words.KEYS.get(key, key) for key in found.keys],
        "weight": drawn(found.weight) if found.weight else None,
        "path": [_hop(each) for each in found.path],
    }
    return render(request, "residents/explain.html", context)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused(refuse("not_found", kind="ResidentRecord")) from None


def _verdict(found: Explained) -> str:
    what = str(words.WHAT.get(found.detail, ""))
    return str(words.VERDICTS[found.verdict]).format(what=what)


def _besides(found: Explained) -> str:
    """What else is to be said where the two are not where their own pair alone would have them."""
    if found.joined == (found.verdict in words.TOGETHER):
        return ""
    if found.path:
        return str(words.OVER[found.joined])
    return str(words.OTHERWISE[found.joined])


def _hop(hop: Hop) -> dict[str, Any]:
    return {
        "sides": (hop.left, hop.right),
        "bits": chance(hop.bits) if hop.bits is not None else "",
        "refused": words.REFUSED.get(hop.refused, ""),
    }


@page(Permission.MERGE)
def sheet(request: CalledRequest) -> HttpResponseBase:
    """All records within the caller's scope with whose they are, as CSV; written while it is read."""
    clusters.begin(request.call)
    written = clusters.lines(request.call.scope, watermark(request.call))
    answer = StreamingHttpResponse(written, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="clusters-{clock.today():%Y%m%d}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer
