"""Writing a referral: begun from the chart, kept while it is written, with support and the destinations beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.web.pages import STATUS, CalledRequest, page
from doorstep.record.charts import api as charts
from doorstep.registers.residents import api as residents
from doorstep.services.referrals import forms
from doorstep.services.referrals.access import Permission
from doorstep.services.referrals.actions import drafting, moving
from doorstep.services.referrals.actions.drafting import WRITABLE
from doorstep.services.referrals.flow import Status
from doorstep.services.referrals.pages import words
from doorstep.services.referrals.reads import destinations, lists, one
from doorstep.services.referrals.rules import kinds, letters, triggers
from doorstep.services.referrals.shapes import Detail, Picked, Wish

NOTHING: Final = charts.Extract((), (), (), (), ())
CLOSED: Final = frozenset({"chart.no_reason", "permission", "not_found"})


@page(Permission.SEND)
def new(request: CalledRequest, resident: UUID) -> HttpResponseBase:
    """What is under way already, so that nobody is referred twice; then one press begins a draft from the chart."""
    head = residents.header(request.call.scope, resident)
    if request.method == "POST":
        found = _extract(request, head.id)
        begun = letters.begun(found.problems, found.medicines, found.allergies) if found else {}
        referral = drafting.draft(request.call, resident=head.id, wish=Wish(letter=begun))
        return redirect("referrals:write", referral)
    rows = [(line, words.status(line.status)) for line in lists.open_for_resident(request.call, head.id)]
    return render(request, "referrals/new.html", {"head": head, "rows": rows})


@page(Permission.SEND)
def write(request: CalledRequest, referral: UUID) -> HttpResponseBase:
    """The form; a POST keeps it and, by the button, sends it."""
    found = _writable(request, referral)
    extract = _extract(request, found.resident)
    papers = [Picked(p.kind, p.key, p.title, p.on) for p in (extract or NOTHING).papers]
    form = forms.DraftForm(request.POST if request.method == "POST" else None, found.wish, papers)
    form.initial["expect"] = found.line.version
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            wish = _named(request, form.wish())
            try:
                version = drafting.save(
                    request.call, referral=referral, expect=form.cleaned_data["expect"] or 0, wish=wish
                )
                if request.POST.get("act") != "send":
                    return redirect("referrals:write", referral)
                moving.send(request.call, referral=referral, expect=version)
                messages.success(request, _("转诊已发出，对方会在时限内答复。"))
                return redirect("referrals:show", referral)
            except Refused as refused:
                found = _after(request, referral, refused)
                form.add_refusal(refused)
                status = STATUS.get(refused.decision.reason, 422)
                form.data = form.data.copy()  # type: ignore[attr-defined]  # a QueryDict of the request
                form.data["expect"] = str(found.line.version)  # type: ignore[index]  # a copy, made above
    context = _context(request, found, form, extract)
    return render(request, "referrals/write.html", context, status=status)


def _after(request: CalledRequest, referral: UUID, refused: Refused) -> Detail:
    """The draft as it was kept before the refusal; what is not the form's to mend is told by a page of its own."""
    if refused.decision.reason in ("stale", "wrong_state", "permission", "not_found"):
        raise refused
    return one.detail(request.call, referral=referral)


@page(Permission.SEND)
@require_POST
def save(request: CalledRequest, referral: UUID) -> HttpResponse:
    """Keep what was typed so far (HTMX, as one types); answers with when, the support, and the destinations."""
    found = _writable(request, referral)
    extract = _extract(request, found.resident)
    form = forms.DraftForm(
        request.POST, found.wish, [Picked(p.kind, p.key, p.title, p.on) for p in (extract or NOTHING).papers]
    )
    if not form.is_valid():
        return render(request, "referrals/parts/unsaved.html", {"form": form}, status=422)
    wish = _named(request, form.wish())
    version = drafting.save(request.call, referral=referral, expect=form.cleaned_data["expect"] or 0, wish=wish)
    context = _support(request, replace(found, wish=wish), extract)
    return render(request, "referrals/parts/saved.html", {**context, "version": version, "at": request.call.at})


def _writable(request: CalledRequest, referral: UUID) -> Detail:
    found = one.detail(request.call, referral=referral)
    if found.line.side != kinds.Side.ORIGIN:
        raise Refused(refuse("referral.other_side"))
    if Status(found.line.status) not in WRITABLE:
        raise Refused(refuse("referral.sent"))
    return found


def _extract(request: CalledRequest, resident: UUID) -> charts.Extract | None:
    """What the chart says; None where the writer has no reason to read it: the letter is then written by hand."""
    try:
        return charts.extract(request.call, resident=resident)
    except Refused as refused:
        if refused.decision.reason not in CLOSED:
            raise
        return None


def _named(request: CalledRequest, wish: Wish) -> Wish:
    """With the name of the department that was chosen from the list, and no slot of another institution."""
    found = destinations.choice(request.call, wish=wish)
    named = {each.id: each.name for each in found.departments}
    slots = {offer.slot for offer in found.offers}
    return replace(
        wish,
        department=wish.department if wish.department in named else None,
        department_name=named.get(wish.department, wish.department_name) if wish.department else wish.department_name,
        slot=wish.slot if wish.slot in slots else None,
    )


def _context(
    request: CalledRequest, found: Detail, form: forms.DraftForm, extract: charts.Extract | None
) -> dict[str, Any]:
    wanted = found.wish
    if form.is_bound and form.is_valid():
        wanted = form.wish()
    return {
        "form": form, "found": found, "line": found.line, "person": found.person, "extract": extract,
        "returned": next((c for c in found.changes if c.move == "give_back"), None)
        if found.line.status == Status.RETURNED else None,
        "letter_fields": [form[name] for name in letters.FIELDS[letters.Part.OUT]],
        **_support(request, replace(found, wish=wanted), extract),
    }  # fmt: skip


def _support(request: CalledRequest, found: Detail, extract: charts.Extract | None) -> dict[str, Any]:
    wish = found.wish
    values = [(v.code, v.number, v.unit) for v in (extract or NOTHING).values]
    advice = triggers.suggest(triggers.findings(values, wish.seen))
    allowed = kinds.criteria_of(kinds.Kind(wish.kind))
    choice = destinations.choice(request.call, wish=wish)
    return {
        "wish": wish, "choice": choice, "ranks": _ranks(choice),
        "advice": [(_(each.words), _(each.source), each.criterion) for each in advice.fired],
        "advised": [code for code in advice.criteria if code in allowed],
        "advised_urgency": _(kinds.URGENCIES[advice.urgency]) if advice.urgency else "",
        "owes": advice.follow_up,
        "destination_name": choice.names.get(wish.destination, "") if wish.destination else "",
    }  # fmt: skip


def _ranks(choice: destinations.Choice) -> Sequence[dict[str, Any]]:
    return [
        {
            "key": ranked.candidate.organisation,
            "name": ranked.candidate.name,
            "reasons": [words.why(why, detail) for why, detail in ranked.reasons],
            "effect": choice.effects.get(ranked.candidate.organisation),
        }
        for ranked in choice.ranked
    ]
