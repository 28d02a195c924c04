"""The pages of exchange: messages and what can be done with them; how sources are checked; the list of exports."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.record.exchange import actions, reads
from doorstep.record.exchange.access import Permission
from doorstep.record.exchange.flow import AT_WORK, ExportState, State
from doorstep.record.exchange.forms import (
    EXPORT_LEVELS,
    EXPORT_STATES,
    LEVELS,
    STATES,
    ChecksForm,
    Dismiss,
    Filter,
    Mend,
)
from doorstep.record.exchange.rules import advice
from doorstep.record.exchange.shapes import Detail, Export, Level, Line, Problem

EDITABLE = 1 << 20


@page(Permission.READ)
def listing(request: CalledRequest) -> HttpResponse:
    """The messages within the caller's scope; at first those that wait for a person."""
    data = request.GET or {"state": State.SET_ASIDE}
    form = Filter(data)
    chosen = form.cleaned_data if form.is_valid() else {"state": "", "q": ""}
    state = State(chosen["state"]) if chosen["state"] else None
    at = Page.read(request.GET.get("after"), 30, parts=1)
    found = reads.messages(request.call.scope, page=at, state=state, text=chosen["q"])
    lines = [_row(line) for line in found.items]
    tally = reads.counts(request.call.scope)
    context = {"form": form, "paged": found, "lines": lines, "tally": tally, "state": chosen["state"]}
    return render(request, "exchange/list.html", context)


def _row(line: Line) -> dict[str, object]:
    return {"line": line, "state": STATES.get(State(line.state), ""), "trouble": _told(line.problem)}


def _told(problem: Problem | None) -> dict[str, object] | None:
    if problem is None:
        return None
    language = get_language() or "zh"
    return {
        "words": reads.say(problem, language),
        "advice": advice(problem.code, language),
        "path": problem.path,
        "code": problem.code,
    }


@page(Permission.READ)
def one(request: CalledRequest, message: int) -> HttpResponse:
    """One message: where it came from, what became of it, why it was set aside, its text, and what can be done."""
    found = reads.detail(request.call, message=message)
    form = Mend(initial={"text": found.text})
    return _show(request, found, form, [_told(p) for p in found.problems])


def _show(
    request: CalledRequest, found: Detail, form: Mend, troubles: list[dict[str, object] | None], status: int = 200
) -> HttpResponse:
    waiting = found.line.state == State.SET_ASIDE
    may = request.call.may(Permission.MEND).allowed and waiting
    done = found.line.kind == "cda" and found.line.state == State.APPLIED
    context = {
        "found": found,
        "line": found.line,
        "state": STATES.get(State(found.line.state), ""),
        "troubles": [] if done else troubles,
        "left": troubles if done else [],
        "form": form,
        "may_mend": may and found.line.size and not found.cut and found.line.size <= EDITABLE,
        "may_retry": may and found.line.size,
        "may_dismiss": may,
    }
    return render(request, "exchange/one.html", context, status=status)


@page(Permission.MEND)
@require_POST
def mend(request: CalledRequest, message: int) -> HttpResponseBase:
    """Use the mended text; where it is still wrong, show why and keep what was typed."""
    form = Mend(request.POST)
    if form.is_valid():
        try:
            receipt = actions.mend(request.call, message=message, text=form.cleaned_data["text"])
        except actions.StillWrong as wrong:
            found = reads.detail(request.call, message=message)
            return _show(request, found, form, [_told(p) for p in wrong.receipt.problems], status=422)
        messages.success(request, _("已修正并采用，新报文编号 %(number)s") % {"number": receipt.message})
        return redirect("exchange:one", message=receipt.message)
    return _show(request, reads.detail(request.call, message=message), form, [], status=422)


@page(Permission.MEND)
@require_POST
def retry(request: CalledRequest, message: int) -> HttpResponseBase:
    """Try the message again as it was received."""
    receipt = actions.retry(request.call, message=message)
    if receipt.state == State.APPLIED:
        messages.success(request, _("已重放并采用"))
    else:
        messages.warning(request, _("重放后仍有问题，请看下面的说明"))
    return redirect("exchange:one", message=message)


@page(Permission.MEND)
def dismiss(request: CalledRequest, message: int) -> HttpResponseBase:
    """Ask for the reason, then lay the message aside for good."""
    form = Dismiss(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.dismiss(request.call, message=message, reason=form.cleaned_data["reason"])
        messages.success(request, _("已放弃，报文仍可查看"))
        return redirect("exchange:one", message=message)
    context = {
        "question": _("放弃报文 %(number)s？") % {"number": message},
        "consequences": [_("其中的数据不会进入居民的健康档案。"), _("原报文会保留，可以随时查看。")],
        "form": form,
        "label": _("放弃"),
        "cancel": f"/exchange/{message}/",
        "danger": True,
    }
    return render(request, "kernel/confirm.html", context, status=422 if form.is_bound else 200)


@page(Permission.READ)
def sources(request: CalledRequest) -> HttpResponse:
    """The institutions within the caller's scope that send, and how what they send is checked."""
    found = reads.sources(request.call, page=Page.read(request.GET.get("after"), 30))
    rows = [{"source": each, "level": LEVELS[each.checks.level]} for each in found.items]
    context = {"paged": found, "rows": rows, "may_set": request.call.may(Permission.MEND).allowed}
    return render(request, "exchange/sources.html", context)


@page(Permission.MEND)
def checks(request: CalledRequest, source: UUID) -> HttpResponseBase:
    """Set how what one institution sends is checked."""
    found = reads.checked_source(request.call, source)
    seen = found.checks
    initial = {"level": seen.level, "strict_bundles": seen.strict_bundles, "expect": seen.version}
    form = ChecksForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        chosen = form.cleaned_data
        actions.set_checks(
            request.call, source=source, expect=chosen["expect"] or 0, level=Level(chosen["level"]),
            strict_bundles=chosen["strict_bundles"],
        )  # fmt: skip
        messages.success(request, _("已设置，从下一件报文起生效"))
        return redirect("exchange:sources")
    context = {"found": found, "form": form}
    return render(request, "exchange/checks.html", context, status=422 if form.is_bound else 200)


@page(Permission.EXPORT)
def exports(request: CalledRequest) -> HttpResponse:
    """The bulk exports within the caller's scope, newest first; the part that moves asks again while one is at work."""
    found = reads.exports(request.call, page=Page.read(request.GET.get("after"), 20, parts=1))
    rows = [_export_row(each) for each in found.items]
    context = {"paged": found, "rows": rows, "busy": any(row["at_work"] for row in rows)}
    return render(request, "exchange/exports.html", context)


def _export_row(found: Export) -> dict[str, object]:
    language = get_language() or "zh"
    state = ExportState(found.state)
    return {
        "found": found,
        "state": EXPORT_STATES[state],
        "level": EXPORT_LEVELS[found.level],
        "at_work": state in AT_WORK,
        "progress": found.progress(language),
        "trouble": reads.say(Problem(found.error), language) if found.error else "",
        "cancels": state in {*AT_WORK, ExportState.DONE},
    }


@page(Permission.EXPORT)
def cancel_export(request: CalledRequest, export: UUID) -> HttpResponseBase:
    """Ask, then end an export and delete its files."""
    if request.method == "POST":
        actions.cancel_export(request.call, export=export)
        messages.success(request, _("已取消导出，文件已删除"))
        return redirect("exchange:exports")
    found = reads.export_status(request.call, export)
    context = {
        "question": _("取消 %(name)s 的导出？") % {"name": found.name},
        "consequences": [_("已导出的文件会被删除，不能再下载。"), _("健康档案中的数据不受影响。")],
        "label": _("取消导出"),
        "cancel": reverse("exchange:exports"),
        "danger": True,
    }
    return render(request, "kernel/confirm.html", context)
