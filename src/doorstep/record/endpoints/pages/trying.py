"""A sample message tried with a set of tables."""

from __future__ import annotations

from uuid import UUID

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language

from doorstep.adapters.hl7v2 import mapping
from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.ids import uuid_of
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.forms.mapping import TryForm
from doorstep.record.endpoints.rules import tables
from doorstep.record.endpoints.rules.previewing import Tried, Words, tried
from doorstep.record.endpoints.shapes import MappingDetail

UTF8 = "UNICODE UTF-8"


@page(Permission.EDIT)
def attempt(request: CalledRequest) -> HttpResponseBase:
    """Try a message that is pasted, or (whoever may open it) one that came in; nothing of it is kept."""
    key = uuid_of(request.GET.get("mapping", ""))
    found = reads.mapping_of(request.call, key) if key else None
    form = TryForm(request.POST if request.method == "POST" else None, initial={"inbound": request.GET.get("inbound")})
    result: Tried | None = None
    faults: tuple[str, ...] = ()
    if form.is_valid():
        try:
            sample = _sample(request.call, form, found)
            faults = tables.faults_of(tables.titled(found.files, found.line.number)) if found else ()
            result = None if faults else _tried(*sample, found)
        except Refused as refused:
            if refused.decision.reason not in ("not_found", "permission"):
                raise
            form.add_refusal(refused, "inbound")
    there = reverse("endpoints:mapping_table", args=[key]) if key else reverse("endpoints:standard_table")
    context = {"form": form, "found": found, "result": result, "faults": faults, "there": there}
    return render(request, "endpoints/try_mapping.html", context, status=form.http_status)


def _sample(call: Call, form: TryForm, found: MappingDetail | None) -> tuple[str, mapping.Context]:
    """The text of the sample, and what its endpoint knows besides."""
    inbound = form.cleaned_data["inbound"]
    if inbound is None:
        whose: UUID | str = found.line.organisation if found else "-"
        return form.cleaned_data["text"], mapping.Context(str(whose), "urn:doorstep:preview")
    journey = reads.journey(call, inbound=inbound)
    facts = reads.one(call, journey.line.endpoint).facts
    context = mapping.Context(
        str(facts.organisation), "urn:doorstep:preview", organisation_name=journey.line.source_name,
        systems=facts.authorities,
    )  # fmt: skip
    return journey.text, context


def _tried(text: str, context: mapping.Context, found: MappingDetail | None) -> Tried:
    raw = text.replace("\r\n", "\r").replace("\n", "\r").strip().encode("utf-8", "replace")
    made = mapping.tables_of(tables.titled(found.files, found.line.number)) if found else mapping.standard()
    words = Words(reads.say, reads.advice, get_language() or "zh")
    return tried(raw, made, context, charset=UTF8, at=clock.now().astimezone(clock.CHINA), words=words)
