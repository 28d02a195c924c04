"""The trail, searched and verified."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from doorstep.insight.trail import actions
from doorstep.insight.trail.access import Permission
from doorstep.insight.trail.forms import SearchForm
from doorstep.kernel.paging import Page
from doorstep.kernel.web.moments import written
from doorstep.kernel.web.pages import CalledRequest, page

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
