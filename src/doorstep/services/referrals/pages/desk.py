"""The desk: list and detail side by side, the next right act always in sight; every move is a form on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel import clock
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import STATUS, CalledRequest, is_part, page
from doorstep.registers.staff import api as staff
from doorstep.services.referrals import forms
from doorstep.services.referrals.access import Permission, Sides, may_move
from doorstep.services.referrals.actions import moving, talking
from doorstep.services.referrals.flow import FLOW, MOVER, NEXT, Status
from doorstep.services.referrals.pages import words
from doorstep.services.referrals.pages.showing import shown
from doorstep.services.referrals.reads import destinations, lists, one
from doorstep.services.referrals.reads.lists import Box
from doorstep.services.referrals.rules.kinds import Service, Urgency
from doorstep.services.referrals.rules.places import needs_place
from doorstep.services.referrals.shapes import Detail

CONFLICTS: Final = frozenset({"stale", "wrong_state"})


@page(Permission.READ)
def desk(request: CalledRequest) -> HttpResponse:
    """The worklist alone; on a wide screen beside an empty place for the referral."""
    return render(request, "referrals/desk.html", _list(request))


@page(Permission.READ)
def show(request: CalledRequest, referral: UUID) -> HttpResponse:
    """One referral beside the list; HTMX asks for it alone."""
    return _shown(request, referral)


def _shown(
    request: CalledRequest, referral: UUID, bound: Mapping[str, Any] | None = None, code: int = 200
) -> HttpResponse:
    found = one.detail(request.call, referral=referral)
    context = {**_detail(request, found, bound or {}), "box": _box(request)}
    if is_part(request):
        return render(request, "referrals/parts/detail.html", context, status=code)
    return render(request, "referrals/desk.html", {**_list(request), **context}, status=code)


def _box(request: CalledRequest) -> Box:
    asked = request.GET.get("box", Box.MINE)
    return Box(asked) if asked in set(Box) else Box.MINE


def _list(request: CalledRequest) -> dict[str, Any]:
    which, query = _box(request), request.GET.get("q", "").replace("\0", "").strip()[:100]
    paged = lists.box(request.call, which=which, query=query, page=Page.read(request.GET.get("after")))
    numbers = lists.counts(request.call)
    kept = urlencode({"box": which.value} | ({"q": query} if query else {}))
    boxes = [
        (f"?box={each.value}", _(text), each is which and not query, numbers.get(each, ""))
        for each, text in words.BOXES.items()
        if each is not Box.ESCALATED or request.call.may(Permission.OVERSEE).allowed
    ]
    rows = [
        {"line": line, "status": words.status(line.status), "incoming": line.side == "destination",
         "url": f"{reverse('referrals:show', args=[line.id])}?{kept}"}
        for line in paged.items
    ]  # fmt: skip
    empty = _("没有找到。请写全名、全拼、首字母或转诊编号。") if query else _(words.EMPTY[which])
    return {"boxes": boxes, "box": which, "paged": paged, "rows": rows, "query": query, "empty": empty, "kept": kept}


def _detail(request: CalledRequest, found: Detail, bound: Mapping[str, Any]) -> dict[str, Any]:
    line, status = found.line, Status(found.line.status)
    moves = [] if request.method == "HEAD" else _moves(request, found, bound)
    first = next((m for m in moves if m["name"] == _next(found)), None)
    return {
        "found": found,
        "line": line,
        "first": first,
        "moves": [m for m in moves if m is not first],
        "status": words.status(line.status),
        "message_form": bound.get("message", forms.MessageForm(None, auto_id="id_message_%s")),
        "escalate_form": bound.get("escalate", forms.EscalateForm(None, auto_id="id_escalate_%s")),
        "discharge_form": bound.get("discharge", forms.DischargeForm(None, auto_id="id_discharge_%s")),
        "hand_over_form": _hand_over(request, found),
        "writable": _writes(request, found),
        "may_discharge": _discharges(request, found),
        "talks": line.side is not None and found.times.sent is not None and _may_talk(request),
        "open": status not in FLOW.ends,
        **shown(found),
    }


def _next(found: Detail) -> str:
    """The next right act: after the return letter was received, the follow-up where one is owed."""
    nexts = NEXT.get(Status(found.line.status), ())
    return next((name for name in nexts if name != "follow_up" or found.times.follow_up_due), "")


def _writes(request: CalledRequest, found: Detail) -> bool:
    writable = Status(found.line.status) in (Status.DRAFT, Status.RETURNED)
    return found.line.mine and writable and request.call.may(Permission.SEND).allowed


def _discharges(request: CalledRequest, found: Detail) -> bool:
    here = found.line.side == "destination" and Status(found.line.status) in FLOW.move("report").at
    return here and not found.times.discharged and request.call.may(Permission.RECEIVE).allowed


def _may_talk(request: CalledRequest) -> bool:
    return request.call.may(Permission.TALK).allowed


def _hand_over(request: CalledRequest, found: Detail) -> forms.HandOverForm | None:
    organisation = request.call.organisation
    if not found.line.mine or organisation is None or not _may_talk(request):
        return None
    colleagues = staff.colleagues(organisation, clock.today())
    return forms.HandOverForm(None, colleagues) if colleagues else None


def _moves(request: CalledRequest, found: Detail, bound: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The moves that the caller can make now, each with its form."""
    line, call = found.line, request.call
    sides = Sides(line.origin, line.destination, found.times.sent is not None)
    open_ = [m for m in FLOW.open_moves(Status(line.status)) if m.name not in ("send", "lapse")]
    mine = [m for m in open_ if may_move(call, MOVER[m.name], m.permission, sides).allowed]
    choices = _choices(request, found, {m.name for m in mine})
    listed = []
    for move in mine:
        label, symbol, _past = words.MOVES[move.name]
        form = bound.get(move.name) or forms.MoveForm(None, move.name, choices, str(found.appointed.slot or ""))
        form.initial["expect"] = line.version
        listed.append({"name": move.name, "label": _(label), "symbol": symbol, "form": form})
    return listed


def _choices(request: CalledRequest, found: Detail, names: set[str]) -> dict[str, list[tuple[str, str]]]:
    choices = forms.reason_choices(words.reason)
    if names & {"redirect", "resend"}:
        near = destinations.elsewhere(request.call)
        choices["destination"] = [("", _("请选择")), *((str(k), n) for k, n in near.items() if k != found.line.origin)]
    if "accept" in names and needs_place(Service(found.line.service), Urgency(found.line.urgency)):
        offers = destinations.offers(request.call, department=found.wish.department)
        choices["slot"] = [
            (
                str(o.slot),
                " · ".join((f"{o.starts.astimezone(clock.CHINA):%m-%d %H:%M}", o.clinic_name, o.practitioner_name)),
            )
            for o in offers
        ]
    return choices


@page(Permission.READ)
@require_POST
def move(request: CalledRequest, referral: UUID, name: str) -> HttpResponseBase:
    """Make a move; what it lacks is said beside its own form, and nothing typed is lost."""
    if name not in moving.MOVES or name in ("send", "lapse"):
        raise Refused(refuse("not_found", kind="Move"))
    found = one.detail(request.call, referral=referral)
    form = forms.MoveForm(request.POST, name, _choices(request, found, {name}))
    if not form.is_valid():
        return _shown(request, referral, {name: form}, 422)
    try:
        moving.MOVES[name](
            request.call, referral=referral, expect=form.cleaned_data["expect"] or 0, answer=form.answer()
        )
    except Refused as refused:
        if refused.decision.reason in CONFLICTS | {"permission", "not_found"}:
            raise
        form.add_refusal(refused)
        return _shown(request, referral, {name: form}, STATUS.get(refused.decision.reason, 422))
    messages.success(request, _(words.MOVES[name][2]) + _("。"))
    return _back(request, referral)


def _back(request: CalledRequest, referral: UUID) -> HttpResponseBase:
    query = urlencode({"box": _box(request).value})
    return redirect(f"{reverse('referrals:show', args=[referral])}?{query}")


@page(Permission.TALK)
@require_POST
def message(request: CalledRequest, referral: UUID) -> HttpResponseBase:
    """Write to the other side."""
    form = forms.MessageForm(request.POST, auto_id="id_message_%s")
    if not form.is_valid():
        return _shown(request, referral, {"message": form}, 422)
    talking.write(request.call, referral=referral, text=form.cleaned_data["text"])
    return _back(request, referral)


@page(Permission.TALK)
@require_POST
def escalate(request: CalledRequest, referral: UUID) -> HttpResponseBase:
    """Bring it before the medical affairs office."""
    form = forms.EscalateForm(request.POST, auto_id="id_escalate_%s")
    if not form.is_valid():
        return _shown(request, referral, {"escalate": form}, 422)
    said = form.cleaned_data
    talking.escalate(request.call, referral=referral, expect=said["expect"] or 0, note=said["note"])
    messages.success(request, _("已上报医务管理部门。"))
    return _back(request, referral)


@page(Permission.TALK)
@require_POST
def hand_over(request: CalledRequest, referral: UUID) -> HttpResponseBase:
    """Give it to a colleague."""
    known = staff.colleagues(request.call.organisation, clock.today()) if request.call.organisation else {}
    form = forms.HandOverForm(request.POST, known)
    if not form.is_valid():
        raise Refused(refuse("referral.colleague"))
    said = form.cleaned_data
    talking.hand_over(request.call, referral=referral, expect=said["expect"] or 0, colleague=UUID(said["colleague"]))
    messages.success(request, _("已交给同事。"))
    return _back(request, referral)


@page(Permission.RECEIVE)
@require_POST
def discharge(request: CalledRequest, referral: UUID) -> HttpResponseBase:
    """The patient was discharged."""
    form = forms.DischargeForm(request.POST, auto_id="id_discharge_%s")
    if not form.is_valid():
        return _shown(request, referral, {"discharge": form}, 422)
    said = form.cleaned_data
    try:
        talking.discharge(request.call, referral=referral, expect=said["expect"] or 0, at=said["at"])
    except Refused as refused:
        if refused.decision.reason != "referral.discharge":
            raise
        form.add_refusal(refused)
        return _shown(request, referral, {"discharge": form}, 422)
    messages.success(request, _("已登记出院。回转单请在 24 小时内写好。"))
    return _back(request, referral)
