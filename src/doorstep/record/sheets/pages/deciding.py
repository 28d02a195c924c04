"""What people decide about an import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.web.forms import HouseForm
from doorstep.kernel.web.pages import CalledRequest, expected, page
from doorstep.record.sheets import reads
from doorstep.record.sheets.access import Permission
from doorstep.record.sheets.actions import deciding
from doorstep.record.sheets.flow import FLOW, State


def _decided(request: CalledRequest, batch: UUID, act: Callable[..., None], said: str) -> HttpResponseBase:
    act(request.call, batch=batch, expect=expected(request))
    messages.success(request, said)
    return redirect("sheets:one", batch)


@page(Permission.USE)
@require_POST
def apply(request: CalledRequest, batch: UUID) -> HttpResponseBase:
    """Write the rows that have no errors."""
    return _decided(request, batch, deciding.apply, _("已开始写入。可以离开这一页，写完为止不会中断。"))


@page(Permission.USE)
@require_POST
def again(request: CalledRequest, batch: UUID) -> HttpResponseBase:
    """Check once more."""
    return _decided(request, batch, deciding.again, _("正在重新检查。"))


@page(Permission.USE)
@require_POST
def drop(request: CalledRequest, batch: UUID) -> HttpResponseBase:
    """Let go of what was only checked."""
    return _decided(request, batch, deciding.drop, _("已放弃，没有改动任何数据。"))


@page(Permission.USE)
def undo(request: CalledRequest, batch: UUID) -> HttpResponse | HttpResponseBase:
    """Say what undoing will do, then do it."""
    if request.method == "POST":
        return _decided(request, batch, deciding.undo, _("已开始撤销。"))
    line = reads.one(request.call, batch)
    verdict, _state = FLOW.step("undo", State(line.state), None)
    if not verdict.allowed:
        raise Refused(refuse("wrong_state"))
    context: dict[str, Any] = {
        "question": _("撤销“%(file)s”的导入？") % {"file": line.file},
        "consequences": _consequences(reads.forecast(request.call, batch)),
        "form": HouseForm(initial={"expect": line.version}),
        "label": _("撤销导入"),
        "cancel": reverse("sheets:one", args=[batch]),
        "danger": True,
    }
    return render(request, "kernel/confirm.html", context)


def _consequences(found: Any) -> list[str]:
    told = (
        (found.gone, ngettext("%(n)s 行新增的内容会去掉。", "%(n)s 行新增的内容会去掉。", found.gone)),
        (found.restored, ngettext("%(n)s 行恢复为导入以前的内容。", "%(n)s 行恢复为导入以前的内容。", found.restored)),
        (
            found.stays,
            ngettext("%(n)s 行导入以后有人改过，会保留。", "%(n)s 行导入以后有人改过，会保留。", found.stays),
        ),
    )
    lines = [words % {"n": count} for count, words in told if count]
    lines.append(_("已有别的记录与它有关的，也会保留；撤销完成后会逐行列出。"))
    lines.append(_("一次导入只能撤销一次。撤销以后可以把文件改好再上传。"))
    return lines
