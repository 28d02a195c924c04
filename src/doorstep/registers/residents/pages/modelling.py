"""Matching models: train one, compare it in the shadow of the rule that holds, put it to use; and link all anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import modelling, running
from doorstep.registers.residents.pages import review_words as words
from doorstep.registers.residents.reads import modelling as reads
from doorstep.registers.residents.rules.modelling import Weight, share
from doorstep.registers.residents.rules.runs import MatchModelPage, Run

WIDEST: Final = 24.0
"""Bits that fill half of a bar."""
KINDS: Final = {
    "train": gettext_lazy("训练"),
    "shadow": gettext_lazy("试用比较"),
    "link": gettext_lazy("批量归并"),
}
STAGES: Final = {
    "": gettext_lazy("等待后台进程"),
    "read": gettext_lazy("读取记录"),
    "learn": gettext_lazy("学习权重"),
    "try": gettext_lazy("检验效果"),
    "compare": gettext_lazy("比较记录"),
    "group": gettext_lazy("归并"),
    "move": gettext_lazy("写入结果"),
    "done": gettext_lazy("完成"),
}
SIDES: Final = {
    "link": gettext_lazy("自动归并"),
    "review": gettext_lazy("人工核对"),
    "apart": gettext_lazy("分开"),
}
COUNTS: Final = {
    "merged": gettext_lazy("合并居民"),
    "moved": gettext_lazy("移动记录"),
    "doubts": gettext_lazy("新的待核对"),
    "left": gettext_lazy("下次再核对"),
    "skipped": gettext_lazy("期间有变化，未处理"),
    "refused": gettext_lazy("两个身份证号，未合并"),
}


@page(Permission.MODELS)
def models(request: CalledRequest) -> HttpResponse:
    """All models, what is under way, and the last runs."""
    under_way = reads.under_way()
    context = {
        "models": [_line(each) for each in reads.models()],
        "runs": [_run(each) for each in reads.runs()],
        "under_way": _run(under_way) if under_way else None,
    }
    return render(request, "residents/models.html", context)


@page(Permission.MODELS)
def model(request: CalledRequest, model: int) -> HttpResponse:
    """One model: what it was tried on, how it differs from the rule that holds, and all its weights."""
    found, under_way = reads.model(model), reads.under_way()
    shadow = dict(found.shadow)
    context = {
        "line": _line(found),
        "found": found,
        "answers": _answers(found.figures.get("answers", {})),
        "changed": [_changed(each) for each in found.figures.get("changed", [])],
        "shadow": shadow,
        "moves": [_sided(each) for each in shadow.get("changed", [])],
        "examples": [_sided(each) for each in shadow.get("examples", [])],
        "groups": _groups(found.weights),
        "under_way": _run(under_way) if under_way else None,
    }
    return render(request, "residents/model.html", context)


@page(Permission.MODELS)
@require_POST
def train(request: CalledRequest) -> HttpResponseBase:
    """Have the worker train a model."""
    running.ask(request.call, kind="train")
    messages.success(request, _("已交给后台训练，完成后出现在下面。"))
    return redirect("residents:models")


@page(Permission.MODELS)
@require_POST
def shadow(request: CalledRequest, model: int) -> HttpResponseBase:
    """Have the worker compare a model with the rule that holds."""
    running.ask(request.call, kind="shadow", model=model)
    messages.success(request, _("已交给后台比较，不影响现在的匹配。"))
    return redirect("residents:model", model)


@page(Permission.MODELS)
def link(request: CalledRequest) -> HttpResponseBase:
    """Have the worker link all records anew, after a question."""
    if request.method == "POST":
        running.ask(request.call, kind="link")
        messages.success(request, _("已交给后台归并，完成后下面列出结果。"))
        return redirect("residents:models")
    context = {
        "question": _("对全部记录重新归并？"),
        "consequences": [
            _("所有机构的记录按现在的规则重新比较。"),
            _("确定是同一人的居民会合并，归错的记录会移走；每一次合并都可以撤销。"),
            _("人工核对和人工合并的结果不会改变。"),
        ],
        "label": _("开始归并"),
        "cancel": reverse("residents:models"),
    }
    return render(request, "kernel/confirm.html", context)


@page(Permission.MODELS)
def use(request: CalledRequest, model: int) -> HttpResponseBase:
    """Match by a model from today on, after a question."""
    if request.method == "POST":
        modelling.use(request.call, model=model)
        messages.success(request, _("从今天起按这个规则匹配。"))
        return redirect("residents:model", model)
    found = reads.model(model)
    changed = sum(each["pairs"] for each in found.shadow.get("changed", []))
    consequences = [
        _("从现在起，新到的记录按规则 %(number)s 匹配。") % {"number": model},
        _("已有的归并不会马上改变；下一次批量归并时按新规则重新比较。"),
        _("以前的规则都保留，随时可以换回。"),
    ]
    if found.shadow:
        told = _("试用时比较了 %(pairs)s 对记录，其中 %(changed)s 对的结果会不同。")
        consequences.insert(1, told % {"pairs": found.shadow.get("pairs", 0), "changed": changed})
    context = {
        "question": _("启用匹配规则 %(number)s？") % {"number": model},
        "consequences": consequences,
        "label": _("启用"),
        "cancel": reverse("residents:model", args=[model]),
    }
    return render(request, "kernel/confirm.html", context)


def _line(found: MatchModelPage) -> dict[str, Any]:
    answers = found.figures.get("answers", {})
    return {
        "found": found,
        "agreed": share(answers.get("agreed"), answers.get("decided")),
        "answers": sum(sum(answers.get(each, {}).values()) for each in ("same", "different")),
        "records": found.figures.get("records", 0),
        "silver": found.figures.get("silver", {}),
    }


def _answers(answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    titles = {"same": _("核对为同一人"), "different": _("核对为不是同一人")}
    return [
        {"title": title, "counts": [(SIDES[side], answers[name].get(side, 0)) for side in SIDES]}
        for name, title in titles.items()
        if sum(answers.get(name, {}).values())
    ]


def _changed(each: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "comparison": words.FIELDS.get(each["comparison"], each["comparison"]),
        "level": words.LEVELS.get(each["level"], each["level"]),
        "before": words.signed(each["before"]),
        "after": words.signed(each["after"]),
    }


def _sided(each: Mapping[str, Any]) -> dict[str, Any]:
    return {**each, "before": SIDES[each["before"]], "after": SIDES[each["after"]]}


def _groups(weights: Sequence[Weight]) -> list[dict[str, Any]]:
    """The weights by what is compared, each with the bar that shows it."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for each in weights:
        width = round(min(abs(each.bits), WIDEST) / WIDEST * 100, 1)
        groups.setdefault(each.comparison, []).append(
            {
                "level": words.LEVELS.get(each.level, each.level),
                "m": each.m,
                "u": each.u,
                "bits": words.signed(each.bits),
                "tone": "up" if each.bits >= 0 else "down",
                "from": 100 if each.bits >= 0 else round(100 - width, 1),
                "width": width,
            }
        )
    return [{"title": words.FIELDS.get(name, name), "levels": levels} for name, levels in groups.items()]


def _run(run: Run) -> dict[str, Any]:
    counts = [(title, run.outcome[name]) for name, title in COUNTS.items() if run.outcome.get(name)]
    return {
        "run": run,
        "kind": KINDS.get(run.kind, run.kind),
        "stage": STAGES.get(run.stage, run.stage),
        "counts": counts,
        "nothing": run.kind == "link" and run.ended_at and not run.error and not counts,
    }
