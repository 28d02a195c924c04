"""A file of messages, handed in for an endpoint."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from doorstep.adapters.hl7v2 import words
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.kernel.web.uploads import takes_file
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import uploading
from doorstep.record.endpoints.forms.uploading import UploadForm


@takes_file(uploading.MOST_BYTES)
@page(Permission.MEND)
def upload(request: CalledRequest, endpoint: UUID) -> HttpResponseBase:
    """Take a file; each of its messages is kept, and those that came before are not taken twice."""
    known = reads.one(request.call, endpoint)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > uploading.MOST_BYTES:
                raise Refused(refuse("upload.size", megabytes=uploading.MOST_BYTES >> 20))
            _tell(request, uploading.upload(request.call, endpoint=endpoint, raw=file.read()))
            return redirect("endpoints:one", endpoint)
        except Refused as refused:
            if not refused.decision.reason.startswith("upload."):
                raise
            form.add_refusal(refused, "file")
    return render(request, "endpoints/upload.html", {"form": form, "endpoint": known}, status=form.http_status)


def _tell(request: CalledRequest, made: uploading.Uploaded) -> None:
    messages.success(request, ngettext("已收下 %(n)d 件报文。", "已收下 %(n)d 件报文。", made.new) % {"n": made.new})
    if made.known:
        told = ngettext("%(n)d 件以前收到过，没有重复收下。", "%(n)d 件以前收到过，没有重复收下。", made.known)
        messages.info(request, told % {"n": made.known})
    if made.rests:
        told = ngettext("%(n)d 件不能识别，已转入待处理。", "%(n)d 件不能识别，已转入待处理。", made.rests)
        messages.warning(request, told % {"n": made.rests})
    for each in made.problems:
        said = {"why": words.say(each.reason, get_language() or "zh"), "place": each.place, "counts": each.text or "—"}
        messages.warning(request, _("文件：%(why)s（%(place)s，%(counts)s）。") % said)
