"""The pages of those who answer objections: the worklist with its due days, and one of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from doorstep.insight.trail.access import Permission
from doorstep.insight.trail.actions import objections as acts
from doorstep.insight.trail.flow import OBJECTION, State
from doorstep.insight.trail.forms import AnswerForm
from doorstep.insight.trail.pages.words import STATES, steps
from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import STATUS, CalledRequest, expected, page
from doorstep.kernel.web.words import sentence


@page(Permission.ANSWER)
def waiting(request: CalledRequest) -> HttpResponse:
    """Objections by their state, the first due first."""
    text = request.GET.get("state", State.RAISED.value)
    state = State(text) if text in set(State) else State.RAISED
    found = acts.waiting(request.call, state=state, page=Page.read(request.GET.get("after")))
    tabs = [(f"?state={one.value}", STATES[one.value][0], one is state) for one in State]
    return render(request, "trail/objections.html", {"paged": found, "tabs": tabs, "state": state.value})


@page(Permission.ANSWER)
def objection(request: CalledRequest, objection: UUID) -> HttpResponse:
    """One objection: what it says, the lines it names, the steps so far, and the next."""
    form, status = AnswerForm(request.POST if "answer" in request.POST.getlist("move") else None), 200
    if request.method == "POST":
        try:
            if _moved(request, objection, form):
                return redirect("trail:objection", objection)
            status = 422
        except Refused as refused:
            if not refused.decision.reason.startswith("objection."):
                raise
            if not form.is_bound:
                messages.error(request, sentence(refused.decision))
                return redirect("trail:objection", objection)
            form.add_refusal(refused)
            status = STATUS.get(refused.decision.reason, 422)
    case, lines, concerned = acts.case(request.call, objection=objection)
    moves = {move.name for move in OBJECTION.open_moves(State(case.state)) if move.permission == Permission.ANSWER}
    context: dict[str, Any] = {
        "case": case, "lines": lines, "concerned": concerned, "moves": moves, "steps": steps(case.steps),
        "state": STATES[case.state], "form": form,
    }  # fmt: skip
    return render(request, "trail/objection.html", context, status=status)


def _moved(request: CalledRequest, objection: UUID, form: AnswerForm) -> bool:
    """Make the move that was pressed; False where its form says what is missing."""
    name = request.POST.get("move", "")
    word = None
    if form.is_bound:
        if not form.is_valid():
            return False
        said = form.cleaned_data
        word = acts.Word(said["words"], said["measures"], said["upheld"] == "yes")
    acts.move(request.call, objection=objection, expect=expected(request), move=name, word=word)
    messages.success(request, _("已受理。") if name == "take" else _("已答复，居民可以看到。"))
    return True
