"""The trail, searched and verified."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from doorstep.insight.trail import actions, rules
from doorstep.insight.trail.access import Permission
from doorstep.insight.trail.forms import PeriodForm, SearchForm, WatchForm
from doorstep.kernel import clock
from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import BadCursor, Page
from doorstep.kernel.web.moments import written
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.kernel.web.words import sentence

KINDS = {
    "changed": gettext_lazy("内容被改过"),
    "removed": gettext_lazy("缺了一条"),
    "inserted": gettext_lazy("被插进一条"),
    "reordered": gettext_lazy("次序被调换"),
    "truncated": gettext_lazy("从这里起被截去"),
    "rewritten": gettext_lazy("与签名时不同，此前有改动"),
    "backdated": gettext_lazy("时间被写早"),
    "unsealed": gettext_lazy("早该封存却没有封存"),
    "forged": gettext_lazy("签名不是本系统的"),
    "head_removed": gettext_lazy("签名记录被拿走"),
}

UNUSUAL = {
    rules.Kind.BULK: (
        gettext_lazy("大量查阅"),
        gettext_lazy("一天之内查阅 50 位以上居民的人。"),
    ),
    rules.Kind.NEIGHBOURS: (
        gettext_lazy("查阅邻里"),
        gettext_lazy(
            "查阅了自己、同住的人或同一住址的人；住址不详时，看同一乡镇的同姓居民。只包括名册里找得到的工作人员。"
        ),
    ),
    rules.Kind.WATCHED: (
        gettext_lazy("重点核查"),
        gettext_lazy("查阅了重点核查名单上的居民。"),
    ),
    rules.Kind.OFF_HOURS: (
        gettext_lazy("下班时间"),
        gettext_lazy("在休息日，或在早上七点前、晚上八点后查阅。值班人员属于正常情况。"),
    ),
    rules.Kind.NAMESAKES: (
        gettext_lazy("同姓居民"),
        gettext_lazy("查阅了与自己同姓的居民。大姓多属巧合，请看是不是集中在少数几位。"),
    ),
    rules.Kind.REFUSED: (
        gettext_lazy("屡次被拒"),
        gettext_lazy("一天之内三次以上被拒绝。"),
    ),
}


@page(Permission.READ)
def search(request: CalledRequest) -> HttpResponse:
    """The trail, searched."""
    form = SearchForm(request.GET)
    wanted = form.wanted()
    found = actions.search(request.call, wanted=wanted, page=Page.read(request.GET.get("after"), 50, parts=2))
    return render(request, "trail/search.html", {"form": form, "paged": found, "wanted": wanted})


@page(Permission.READ)
def verify(request: CalledRequest) -> HttpResponse:
    """Walk the chain of hashes (POST) and tell whether it holds, and where not."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    report, since = actions.verify(request.call)
    if not report.breaches:
        told = _("留痕完整：每一条都与封存时一致，没有缺失。")
        if since:
            told += _("（从第 %(at)d 处的签名起核对；更早的由命令核对。）") % {"at": since.position}
        messages.success(request, told)
    for breach in report.breaches[:5]:
        place = {"at": breach.position, "line": breach.line, "when": written(breach.at, "moment") if breach.at else "—"}
        messages.error(
            request,
            _("留痕不完整！第 %(at)d 处（记录 %(line)d，%(when)s）：") % place + str(KINDS[breach.kind]),
        )
    return redirect("trail:search")


@page(Permission.READ)
def unusual(request: CalledRequest) -> HttpResponse:
    """Who did what is unusual, one kind at a time, by person and day."""
    form = PeriodForm(request.GET)
    said = form.cleaned_data if form.is_valid() else {}
    kind = rules.Kind(said.get("kind") or rules.Kind.BULK)
    since, until = rules.period(said.get("since"), said.get("until"), clock.today())
    asked, found = actions.unusual(
        request.call, kind=kind, since=since, until=until, page=Page.read(request.GET.get("after"), 50, parts=3)
    )
    title, words = UNUSUAL[kind]
    tabs = [(f"?kind={k.value}&since={since}&until={until}", told, k is kind) for k, (told, _words) in UNUSUAL.items()]
    context = {"form": form, "kind": kind.value, "title": title, "words": words, "tabs": tabs}
    return render(request, "trail/unusual.html", context | {"paged": found, "asked": asked})


@page(Permission.READ)
def unusual_lines(request: CalledRequest) -> HttpResponse:
    """The lines behind a finding."""
    try:
        kind = rules.Kind(request.GET.get("kind", ""))
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        raise BadCursor("day") from None
    who = request.GET.get("who", "").replace("\0", "")[:100]
    found = actions.unusual_lines(
        request.call, kind=kind, who=who, day=day, page=Page.read(request.GET.get("after"), 50, parts=2)
    )
    context = {"title": UNUSUAL[kind][0], "kind": kind.value, "who": who, "day": day, "paged": found}
    return render(request, "trail/unusual_lines.html", context)


@page(Permission.WATCH)
def watched(request: CalledRequest) -> HttpResponse:
    """The residents who are watched; add one."""
    form = WatchForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.watch(request.call, number=form.cleaned_data["number"].upper(), reason=form.cleaned_data["reason"])
        except Refused as refused:
            form.add_error("number", sentence(refused.decision))
        else:
            messages.success(request, _("已加入名单。今后和过去对这位居民的查阅都会列在“异常查阅”里。"))
            return redirect("trail:watched")
    found = actions.watched(request.call, page=Page.read(request.GET.get("after"), 50, parts=1))
    return render(request, "trail/watched.html", {"form": form, "paged": found}, status=422 if form.is_bound else 200)


@page(Permission.WATCH)
def end_watch(request: CalledRequest, watched: int) -> HttpResponse:
    """Take a resident off the list (POST)."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    actions.end_watch(request.call, watched=watched)
    messages.success(request, _("已移出名单。"))
    return redirect("trail:watched")
