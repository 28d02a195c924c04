"""A resident's own pages: who looked, and their objections."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from doorstep.insight.trail.access import Permission
from doorstep.insight.trail.actions import objections as acts
from doorstep.insight.trail.forms import ObjectionForm, PeriodForm, WordsForm
from doorstep.insight.trail.pages.words import STATES, StepWords, steps
from doorstep.insight.trail.rules.objections import MOST_LINES
from doorstep.insight.trail.shapes import Said
from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page

TOLD: Final = {
    "withdraw": gettext_lazy("已撤回。"),
    "accept": gettext_lazy("谢谢，这件事到此结束。"),
    "reopen": gettext_lazy("已重新提出，会再处理一次。"),
}


@page(Permission.OWN)
def looks(request: CalledRequest) -> HttpResponse:
    """When, which institution, in which role, for what, on what ground."""
    form = PeriodForm(request.GET)
    said = form.cleaned_data if form.is_valid() else {}
    found = acts.looks(
        request.call, since=said.get("since"), until=said.get("until"), page=Page.read(request.GET.get("after"), 30)
    )
    return render(request, "trail/looks.html", {"form": form, "paged": found})


def _lines(request: CalledRequest) -> tuple[int, ...]:
    given = request.POST if request.method == "POST" else request.GET
    texts = given.getlist("line")[:MOST_LINES]
    return tuple(int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19)


@page(Permission.OWN)
def objections(request: CalledRequest) -> HttpResponse:
    """One's objections."""
    paged = acts.own(request.call, page=Page.read(request.GET.get("after"), parts=1))
    rows = [(case, STATES[case.state]) for case in paged.items]
    return render(request, "trail/own_objections.html", {"paged": paged, "rows": rows})


@page(Permission.OWN)
def object_(request: CalledRequest) -> HttpResponse:
    """Object to lines that were ticked, or to a period."""
    lines = _lines(request)
    form = ObjectionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        said = form.cleaned_data
        try:
            key = acts.raise_(request.call, said=Said(said["text"], lines, said["since"], said["until"]))
            messages.success(request, _("已提出。我们会在期限内答复，您可以在这里看到进展。"))
            return redirect("trail:own_objection", key)
        except Refused as refused:
            if not refused.decision.reason.startswith(("objection.", "period.")):
                raise
            form.add_refusal(refused)
    chosen = acts.chosen(request.call, lines=lines) if lines else []
    return render(
        request, "trail/object.html", {"form": form, "chosen": chosen, "lines": lines}, status=form.http_status
    )


@page(Permission.OWN)
def objection(request: CalledRequest, objection: UUID) -> HttpResponse:
    """One of them: what was said, which lines, what was answered, and what one may do now."""
    return _shown(request, objection, WordsForm(), 200)


def _shown(request: CalledRequest, objection: UUID, form: WordsForm, status: int) -> HttpResponse:
    case, lines = acts.own_case(request.call, objection=objection)
    told: list[StepWords] = steps(case.steps)
    context: dict[str, Any] = {"case": case, "lines": lines, "steps": told, "state": STATES[case.state], "form": form}
    return render(request, "trail/own_objection.html", context, status=status)


@page(Permission.OWN)
@require_POST
def move(request: CalledRequest, objection: UUID) -> HttpResponse:
    """Withdraw, accept the answer, or, once, open it again."""
    form, name = WordsForm(request.POST), request.POST.get("move", "")
    if not form.is_valid():
        return _shown(request, objection, form, 422)
    try:
        acts.move_own(
            request.call, objection=objection, expect=form.cleaned_data["expect"] or 0, move=name,
            words=form.cleaned_data["words"],
        )  # fmt: skip
    except Refused as refused:
        if not refused.decision.reason.startswith("objection."):
            raise
        form.add_refusal(refused)
        return _shown(request, objection, form, 422)
    messages.success(request, str(TOLD[name]))
    return redirect("trail:own_objection", objection)
