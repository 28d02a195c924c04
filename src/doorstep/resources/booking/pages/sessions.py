"""The week of an institution, and one session with its people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from doorstep.kernel import clock
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.ids import uuid_of
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, expected, page
from doorstep.registers.organisations import api as organisations
from doorstep.resources.booking import flow, forms
from doorstep.resources.booking.access import Permission, may_keep, may_serve
from doorstep.resources.booking.actions import sessions as acts
from doorstep.resources.booking.actions import stopping
from doorstep.resources.booking.flow import Sitting, Status
from doorstep.resources.booking.reads import sessions as reads
from doorstep.resources.booking.shapes import Cell, ClinicLine

STATES: Final = {
    Sitting.PLANNED: (gettext_lazy("未发布"), "warn"),
    Sitting.PUBLISHED: (gettext_lazy("放号中"), "good"),
    Sitting.SUSPENDED: (gettext_lazy("暂停放号"), "warn"),
    Sitting.OPEN: (gettext_lazy("出诊中"), "info"),
    Sitting.CLOSED: (gettext_lazy("已结束"), ""),
    Sitting.SUMMARISED: (gettext_lazy("已汇总"), ""),
    Sitting.STOPPED: (gettext_lazy("已停诊"), "bad"),
}
STATUSES: Final = {
    Status.HELD: (gettext_lazy("保留中"), "warn"),
    Status.BOOKED: (gettext_lazy("已预约"), ""),
    Status.CHECKED_IN: (gettext_lazy("已签到"), "good"),
    Status.CALLED: (gettext_lazy("就诊中"), "info"),
    Status.FULFILLED: (gettext_lazy("已就诊"), ""),
    Status.CANCELLED: (gettext_lazy("已取消"), ""),
    Status.NO_SHOW: (gettext_lazy("未到"), "bad"),
    Status.EXPIRED: (gettext_lazy("已过期"), ""),
}
MOVES: Final[Mapping[str, Callable[..., Any]]] = {
    "publish": acts.give_out, "resume": acts.resume, "open": acts.open_doors, "close": acts.close,
    "summarise": acts.summarise,
}  # fmt: skip
WORDS: Final = {
    "publish": gettext_lazy("发布放号"), "resume": gettext_lazy("恢复放号"), "open": gettext_lazy("开诊"),
    "close": gettext_lazy("结束门诊"), "summarise": gettext_lazy("汇总"),
}  # fmt: skip


@page(Permission.READ)
def week(request: CalledRequest) -> HttpResponseBase:
    """Seven days of an institution's clinics, its sessions as links with what is free."""
    places = sorted(organisations.names(request.call.scope.organisations).items(), key=lambda one: one[1])
    asked = uuid_of(request.GET.get("at", ""))
    organisation = asked or request.call.organisation
    if organisation is None or not request.call.scope.holds(organisation):
        organisation = places[0][0] if places else UUID(int=0)
    monday = _monday(request.GET.get("day", ""))
    found = reads.week(
        request.call, organisation=organisation, monday=monday, page=Page.read(request.GET.get("after"), limit=40)
    )
    days = [(monday + timedelta(days=n), said) for n, (_number, said) in enumerate(forms.WEEKDAYS)]
    context = {
        "rows": [(line, [(day, said, _shown(line, day)) for day, said in days]) for line in found.items],
        "days": days, "paged": found, "before": monday - timedelta(days=7), "later": monday + timedelta(days=7),
        "today": clock.today(), "places": places, "organisation": organisation, "may": rights(request, organisation),
        "monday": monday, "sunday": monday + timedelta(days=6),
    }  # fmt: skip
    return render(request, "booking/week.html", context)


def _shown(line: ClinicLine, day: date) -> list[tuple[Cell, Any, str]]:
    return [(cell, *state_of(cell)) for cell in line.cells if cell.day == day]


def state_of(cell: Cell) -> tuple[Any, str]:
    """A session's state in words; one that nobody opened and whose time is over says so."""
    if cell.status in (Sitting.PLANNED, Sitting.PUBLISHED, Sitting.SUSPENDED) and cell.ends <= clock.now():
        return _("时间已过"), ""
    return STATES[Sitting(cell.status)]


def _monday(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = clock.today()
    day = day if 2000 <= day.year <= 2200 else clock.today()
    return day - timedelta(days=day.isoweekday() - 1)


def rights(request: CalledRequest, organisation: UUID) -> dict[str, bool]:
    """What the caller may do with the clinics of an institution, by the names of permissions."""
    may = {one.name.lower(): request.call.may(one).allowed for one in Permission}
    may["roster"] &= may_keep(request.call, organisation).allowed
    may["desk"] &= may_serve(request.call, organisation).allowed
    return may


@page(Permission.READ)
def session(request: CalledRequest, session: UUID) -> HttpResponseBase:
    """One session: what can be done with it next, who waits, who has a place."""
    found = reads.sitting(request.call, session=session)
    state = Sitting(found.cell.status)
    may = rights(request, found.organisation)
    moves = [
        (move.name, WORDS[move.name]) for move in flow.SESSION.open_moves(state)
        if move.name in MOVES and may[Permission(move.permission).name.lower()] and _timely(move.name, found.cell.day)
    ]  # fmt: skip
    word, tone = state_of(found.cell)
    waits = {one.id for one in found.queue}
    context = {
        "found": found, "word": word, "tone": tone, "moves": moves, "may": may, "today": clock.today(),
        "is_today": found.cell.day == clock.today(), "stops": may["roster"] and _stops(state),
        "suspends": may["roster"] and state == Sitting.PUBLISHED, "gives": state in flow.GIVES,
        "called": [one for one in found.lines if one.status == Status.CALLED], "open": state == Sitting.OPEN,
        "lines": [(one, *STATUSES[Status(one.status)], forms.CHANNELS[one.channel],
                   STATUSES[Status(one.instead_status)][0] if one.instead else "") for one in found.lines
                  if one.id not in waits and one.status != Status.CALLED],
        "basis": forms.BASES[found.basis], "stopped": state == Sitting.STOPPED,
    }  # fmt: skip
    return render(request, "booking/session.html", context)


def _timely(move: str, day: date) -> bool:
    return move != "open" or day <= clock.today()


def _stops(state: Sitting) -> bool:
    return any(move.name == "stop" for move in flow.SESSION.open_moves(state))


@page(Permission.READ)
@require_POST
def move(request: CalledRequest, session: UUID) -> HttpResponseBase:
    """The next step of a session; its action asks who may."""
    name = request.POST.get("move", "")
    if name not in MOVES:
        raise Refused(refuse("not_found", kind="Move"))
    MOVES[name](request.call, session=session, expect=expected(request))
    messages.success(request, _("已办好。"))
    if request.POST.get("back") == "clinic":  # where one session after the other is given out
        return redirect("booking:clinic", reads.clinic_of(session))
    return redirect("booking:session", session)


@page(Permission.ROSTER)
def stop(request: CalledRequest, session: UUID) -> HttpResponseBase:
    """Stop or suspend, with a reason; before that, whom it affects."""
    found = reads.sitting(request.call, session=session)
    demand(may_keep(request.call, found.organisation))
    form = forms.StopForm(request.POST if request.method == "POST" else None, initial={"expect": found.cell.version})
    standing = (Status.BOOKED, Status.CHECKED_IN, Status.CALLED)
    affected = [one for one in found.lines if one.status in standing]
    suspends = Sitting(found.cell.status) == Sitting.PUBLISHED
    if form.is_valid():
        act = stopping.suspend if request.POST.get("how") == "suspend" else stopping.stop
        said = form.cleaned_data
        try:
            count = act(request.call, session=session, expect=said["expect"] or 0, why=said["why"])
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("已停诊或暂停，将告知 {count} 人。").format(count=count))
            return redirect("booking:session", session)
    context = {"found": found, "form": form, "affected": affected, "suspends": suspends}
    return render(request, "booking/stop.html", context, status=form.http_status)
