"""The pages of reviewers: the queue of doubtful pairs, and one pair side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.paging import Page
from doorstep.kernel.web.notices import undoable
from doorstep.kernel.web.pages import STATUS, CalledRequest, page
from doorstep.registers.residents import forms
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import reviewing as acts
from doorstep.registers.residents.pages import review_words as words
from doorstep.registers.residents.reads import reviewing as reads
from doorstep.registers.residents.rules import relations
from doorstep.registers.residents.rules.reviewing import ANSWERABLE, Marked, likelihood
from doorstep.registers.residents.shapes import Compared, Pair, Waiting, Weight

Text = str | Promise
_DONE: Final = {
    "same": gettext_lazy("已回答“同一人”，两条记录归到了一位居民。"),
    "different": gettext_lazy("已回答“不是同一人”，两位居民不会再被归到一起。"),
    "unsure": gettext_lazy("已回答“无法判断”，这一对转到“无法判断”，还可以再核对。"),
}


@page(Permission.REVIEW)
def queue(request: CalledRequest) -> HttpResponse:
    """The pairs that wait, those of one state at a time, with how far reviewers agree."""
    state = request.GET.get("state", "open")
    state = state if state in words.STATES else "open"
    form = forms.ReviewFilter(_asked(request.GET, state))
    picked: Mapping[str, str] = form.cleaned_data if form.is_valid() else {}
    found = reads.queue(
        request.call,
        page=Page.read(request.GET.get("after"), parts=1),
        state=state,
        reason=picked.get("reason", ""),
        mine=picked.get("mine", ""),
    )
    tabs = [
        (key, said, _count(found.counts[key]), key == state)
        for key, said in words.STATES.items()
        if found.counts[key] or key in (state, "open")
    ]
    context = {
        "form": form,
        "state": state,
        "tabs": tabs,
        "paged": found.paged,
        "lines": [_line(waiting) for waiting in found.paged.items],
        "agreement": reads.agreement(request.call) if not request.GET.get("after") else None,
        "narrowed": bool(picked.get("reason")),
    }
    return render(request, "residents/review.html", context)


def _asked(given: QueryDict, state: str) -> dict[str, str]:
    """What the filter says: without a word, of the pairs that wait those that the caller has still to answer."""
    return {"reason": given.get("reason", ""), "mine": given.get("mine", "todo" if state == "open" else "")}


def _count(number: int) -> str:
    return f"{reads.MOST}+" if number > reads.MOST else str(number)


def _line(waiting: Waiting) -> dict[str, Any]:
    return {
        "pair": waiting,
        "sides": (waiting.left, waiting.right),
        "likely": words.LIKELY[likelihood(waiting.bits)],
        "tone": words.TONES[likelihood(waiting.bits)],
        "chance": words.chance(waiting.bits),
        "reason": words.REASONS[waiting.reason],
        "detail": words.DETAILS.get(waiting.detail, ""),
        "sexes": [words.SEXES.get(side.sex, "") for side in (waiting.left, waiting.right)],
    }


@page(Permission.REVIEW)
def pair(request: CalledRequest, doubt: UUID) -> HttpResponseBase:
    """Two records side by side; a POST answers, and the next pair follows."""
    if request.method != "POST":
        return _shown(request, doubt, forms.ReviewAnswer())
    form = forms.ReviewAnswer(request.POST)
    if not form.is_valid():
        return _shown(request, doubt, form, 422)
    data = form.cleaned_data
    try:
        done = acts.judge(
            request.call, doubt=doubt, expect=data["expect"] or 0, answer=data["answer"], note=data["note"]
        )
    except Refused as refused:
        if refused.decision.reason in ("not_found", "permission"):
            raise
        if isinstance(refused, Stale):
            form.add_error(None, _("别人刚刚处理了这一对，请看最新状态。您的回答没有保存。"))
        else:
            form.add_refusal(refused)
        return _shown(request, doubt, form, STATUS.get(refused.decision.reason, 422))
    told = _DONE.get(done.state) or _("已记下您的回答，还要另一位核对。")
    undoable(request, str(told), reverse("residents:review_undo", args=[done.judgement]))
    after = reads.following(request.call, doubt=doubt)
    return redirect("residents:review_pair", after) if after else redirect("residents:review")


@page(Permission.REVIEW)
@require_POST
def undo(request: CalledRequest, judgement: int) -> HttpResponseBase:
    """Take one's own answer back, and see the pair again."""
    doubt = acts.withdraw(request.call, judgement=judgement)
    messages.success(request, _("已撤销您的回答，一切恢复到回答以前。"))
    return redirect("residents:review_pair", doubt)


def _shown(request: CalledRequest, doubt: UUID, form: forms.ReviewAnswer, status: int = 200) -> HttpResponse:
    found = reads.pair(request.call, doubt=doubt)
    waiting = found.waiting
    context = {
        "found": found,
        "form": form,
        "line": _line(waiting),
        "state": words.STATES[waiting.state],
        "state_tone": words.STATE_TONES[waiting.state],
        "answerable": waiting.state in ANSWERABLE and not waiting.mine,
        "answers": words.ANSWERS,
        "rows": [_row(line) for line in found.lines],
        "weight": drawn(found.weight) if found.weight else None,
        "history": _history(found),
        "one": waiting.left.resident == waiting.right.resident,
    }
    return render(request, "residents/review_pair.html", context, status=status)


def _row(line: Compared) -> dict[str, Any]:
    both_say = bool(line.left and line.right)
    level: Text = words.LEVELS.get(line.level, "")
    if line.verdict == "silent":
        level = words.COVERED if both_say else words.ONE_SIDE
    return {
        "title": words.FIELDS.get(line.key, line.key),
        "sides": (_spoken(line.key, line.left), _spoken(line.key, line.right)),
        "verdict": line.verdict,
        "word": words.VERDICTS.get(line.verdict, ""),
        "tone": words.VERDICT_TONES.get(line.verdict, ""),
        "level": level if line.verdict != "same" and line.level != "else" else "",
    }


def _spoken(key: str, values: tuple[Marked, ...]) -> list[Marked]:
    """Codes as words; a code that differs is marked whole."""
    if key not in words.CODED:
        return list(values)
    spoken: list[Marked] = []
    for pieces in values:
        code = "".join(text for text, _ in pieces)
        spoken.append(((_word(key, code), any(marked for _, marked in pieces)),))
    return spoken


def _word(key: str, code: str) -> str:
    if key == "sex":
        return str(words.SEXES.get(code, code))
    if key == "ethnic":
        return relations.ethnic_group(code, english=get_language() == "en") or code
    if key == "rank":
        return _("多胞胎之 {rank}").format(rank=code)
    return _("已故") if code == "yes" else code


def drawn(weight: Weight) -> dict[str, Any]:
    """The waterfall as geometry: every bar's place in percent of the width, and the lines of the two thresholds."""
    ends = [0.0, weight.review, weight.link, *(step.end for step in weight.steps)]
    low, high = min(ends) - 1, max(ends) + 1

    def at(bits: float) -> str:
        return f"{100 * (bits - low) / (high - low):.2f}%"

    def bar(start: float, end: float) -> dict[str, str]:
        left, right = sorted((start, end))
        return {"x": at(left), "width": f"{max(100 * (right - left) / (high - low), 0.4):.2f}%"}

    bars = [
        {
            "title": {**words.FIELDS, **words.WEIGHED}.get(step.key, step.key),
            "level": words.LEVELS.get(step.level, "") if step.key not in words.WEIGHED else "",
            "bits": words.signed(step.bits),
            "tone": "start" if step.key == "prior" else "up" if step.bits > 0 else "down",
            **bar(step.start, step.end),
        }
        for step in weight.steps
    ]
    return {
        "bars": bars,
        "sum": words.signed(weight.bits),
        "total": bar(0.0, weight.bits),
        "chance": words.chance(weight.bits),
        "review": at(weight.review),
        "link": at(weight.link),
        "zero": at(0.0),
        "bounds": (words.signed(weight.review), words.signed(weight.link)),
    }


def _history(found: Pair) -> list[dict[str, Any]]:
    """Answers and merges in one line of time."""
    told: list[dict[str, Any]] = []
    for answer in found.answers:
        title = words.ANSWERS[answer.answer]
        told.append({"at": answer.at, "title": title, "who": answer.name, "note": answer.note, "answer": answer})
    for merge in found.merges:
        how, note = words.HOWS.get(merge.how, ""), "" if merge.how == "review" else merge.note
        told.append({"at": merge.at, "title": _("两位居民合并"), "who": merge.name, "note": note, "how": how})
        if merge.undone_at:
            told.append({"at": merge.undone_at, "title": _("撤销合并"), "who": merge.undone_by, "note": ""})
    return sorted(told, key=lambda each: each["at"])
