"""The desk at the door, and the wall that everybody sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel import clock
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.resources.booking import forms
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions import desk as acts
from doorstep.resources.booking.reads import appointments as reads
from doorstep.resources.booking.reads import sessions

MOVES: Final[Mapping[str, Callable[..., Any]]] = {
    "check_in": acts.check_in, "pass_over": acts.pass_over, "leave": acts.leave,
}  # fmt: skip


@page(Permission.DESK)
def check_in(request: CalledRequest) -> HttpResponseBase:
    """A code is read, and whoever it is of is checked in: the field is ready for the next at once."""
    form = forms.CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        key = sessions.with_code(request.call, form.cleaned_data["code"])
        try:
            if key is None:
                raise Refused(refuse("code.unknown"))
            acts.check_in(request.call, appointment=key)
        except Refused as refused:
            form.add_refusal(refused, "code")
        else:
            one = reads.get(request.call.scope, [key])[key]
            name = sessions.people({one.resident})[one.resident]
            said = _("{name} 已签到：{number} 号，{clinic}，{place}。")
            place = one.place or one.department_name
            messages.success(request, said.format(name=name, number=one.number, clinic=one.clinic_name, place=place))
            return redirect("booking:check_in")
    return render(request, "booking/check_in.html", {"form": form}, status=form.http_status)


@page(Permission.DESK)
@require_POST
def move(request: CalledRequest, appointment: UUID) -> HttpResponseBase:
    """Check in, pass over, or mark as gone; back to the session."""
    name = request.POST.get("move", "")
    if name not in MOVES:
        raise Refused(refuse("not_found", kind="Move"))
    MOVES[name](request.call, appointment=appointment)
    session = reads.get(request.call.scope, [appointment])[appointment].session
    messages.success(request, _("已办好。"))
    return redirect("booking:session", session)


@page(Permission.DESK)
@require_POST
def call_next(request: CalledRequest, session: UUID) -> HttpResponseBase:
    """The next, please."""
    if acts.call_next(request.call, session=session) is None:
        messages.info(request, _("现在没有人候诊。"))
    return redirect("booking:session", session)


@page(Permission.READ)
def wall(request: CalledRequest, session: UUID) -> HttpResponseBase:
    """Large numbers for a screen on the wall; it asks again by itself."""
    clinic, place, called, waits = sessions.wall(request.call, session=session)
    context = {"clinic": clinic, "place": place, "called": called, "waits": waits[:12], "more": max(0, len(waits) - 12)}
    return render(request, "booking/wall.html", context | {"now": clock.now()})
