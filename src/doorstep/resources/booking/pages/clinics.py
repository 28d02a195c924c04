"""Clinics: made, their weekdays, shares and sessions."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from doorstep.kernel import clock
from doorstep.kernel.decision import Refused, demand
from doorstep.kernel.web.forms import HouseForm
from doorstep.kernel.web.pages import CalledRequest, expected, page
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import api as staff
from doorstep.resources.booking import forms
from doorstep.resources.booking.access import Permission, may_keep
from doorstep.resources.booking.actions import rostering as acts
from doorstep.resources.booking.flow import Sitting
from doorstep.resources.booking.pages.sessions import rights, state_of
from doorstep.resources.booking.reads import sessions as reads
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.shapes import ClinicDetail, ClinicIn, RosterIn


@page(Permission.ROSTER)
def new(request: CalledRequest) -> HttpResponseBase:
    """A new clinic of an institution (``at``)."""
    try:
        organisation = UUID(request.GET.get("at", ""))
    except ValueError:
        organisation = request.call.organisation or UUID(int=0)
    demand(may_keep(request.call, organisation))
    today = clock.today()
    departments = [(str(one.id), one.name) for one in organisations.departments(organisation, day=today)]
    posts = [
        (str(key), f"{name} {title}".strip())
        for key, name, _code, title in staff.working(request.call.scope, organisation, today)
    ]
    form = forms.ClinicForm(request.POST if request.method == "POST" else None, departments, posts)
    if form.is_valid():
        said = form.cleaned_data
        made = ClinicIn(
            organisation=organisation, department=UUID(said["department"]), name=said["name"], kind=said["kind"],
            post=UUID(said["post"]) if said["post"] else None, practitioner=said["practitioner"], title=said["title"],
            visits_from=said["visits_from"], fee_level=said["fee_level"], place=said["place"],
        )  # fmt: skip
        try:
            return redirect("booking:clinic", acts.make_clinic(request.call, clinic=made))
        except Refused as refused:
            form.add_refusal(refused)
    where = organisations.names({organisation}).get(organisation, "")
    return render(request, "booking/new_clinic.html", {"form": form, "where": where}, status=form.http_status)


@page(Permission.READ)
def clinic(request: CalledRequest, clinic: UUID) -> HttpResponseBase:
    """One clinic: its weekdays, shares, sessions to come."""
    found = reads.clinic(request.call, clinic=clinic)
    context = {
        "found": found, "may_roster": rights(request, found.organisation)["roster"] and not found.ended,
        "rosters": [(one, forms.WEEKDAYS[one.weekday - 1][1], forms.BASES[one.basis]) for one in found.rosters],
        "cells": [(cell, *state_of(cell)) for cell in found.line.cells],
        "shares": [(forms.CHANNELS[channel], percent) for channel, percent in found.shares],
        "unpublished": next((cell.id for cell in found.line.cells if cell.status == Sitting.PLANNED), None),
        "kind": forms.KINDS[found.line.kind], "fee": forms.FEES[found.fee_level], "plan": _plan_form(None),
    }  # fmt: skip
    return render(request, "booking/clinic.html", context)


def _kept(request: CalledRequest, clinic: UUID) -> ClinicDetail:
    """A clinic that is the caller's to keep."""
    found = reads.clinic(request.call, clinic=clinic)
    demand(may_keep(request.call, found.organisation))
    return found


def _plan_form(data: Any) -> forms.SpanForm:
    today = clock.today()
    return forms.SpanForm(data, initial={"since": today, "until": today + timedelta(days=27)})


def _form(request: CalledRequest, found: ClinicDetail, form: HouseForm, title: str, label: str) -> HttpResponseBase:
    context = {"found": found, "form": form, "title": title, "label": label}
    return render(request, "booking/clinic_form.html", context, status=form.http_status)


@page(Permission.ROSTER)
def roster(request: CalledRequest, clinic: UUID) -> HttpResponseBase:
    """More weekdays."""
    found = _kept(request, clinic)
    form = forms.RosterForm(
        request.POST if request.method == "POST" else None, {"since": clock.today()}, visitor=bool(found.visits_from)
    )
    if form.is_valid():
        said = form.cleaned_data
        made = RosterIn(
            frozenset(map(int, said["weekdays"])), said["starts"], said["ends"], said["minutes"], said["since"],
            said["basis"], said["together"], said["until"],
        )  # fmt: skip
        try:
            acts.add_roster(request.call, clinic=clinic, roster=made)
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("排班已保存。再生成门诊，就可以发布放号。"))
            return redirect("booking:clinic", clinic)
    return _form(request, found, form, _("添加排班"), _("保存排班"))


@page(Permission.ROSTER)
@require_POST
def end_roster(request: CalledRequest, clinic: UUID, roster: UUID) -> HttpResponseBase:
    """A weekday ends today; what is planned stays."""
    acts.end_roster(request.call, clinic=clinic, roster=roster, last=clock.today())
    messages.success(request, _("这一排班从明天起不再生成门诊。"))
    return redirect("booking:clinic", clinic)


@page(Permission.ROSTER)
def plan(request: CalledRequest, clinic: UUID) -> HttpResponseBase:
    """Sessions of the rosters between two days."""
    found, form = _kept(request, clinic), _plan_form(request.POST or None)
    if form.is_valid():
        said = form.cleaned_data
        try:
            made = acts.plan(request.call, clinic=clinic, since=said["since"], until=said["until"])
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("新生成 {count} 次门诊，还没有发布。").format(count=made))
            return redirect("booking:clinic", clinic)
    return _form(request, found, form, _("生成门诊"), _("生成门诊"))


@page(Permission.ROSTER)
def shares(request: CalledRequest, clinic: UUID) -> HttpResponseBase:
    """How much is kept for which channel."""
    found = _kept(request, clinic)
    initial = {"since": clock.today(), **dict(found.shares)}
    form = forms.SharesForm(request.POST if request.method == "POST" else None, initial)
    if form.is_valid():
        said = form.cleaned_data
        kept: dict[Channel, Decimal] = {
            channel: Decimal(said.get(channel.value) or 0) / 100 for channel in Channel if channel is not Channel.APP
        }
        try:
            acts.set_quota(request.call, clinic=clinic, shares=kept, since=said["since"])
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("已保存，对以后生成的门诊有效。"))
            return redirect("booking:clinic", clinic)
    return _form(request, found, form, _("各渠道预留（%）"), _("保存"))


@page(Permission.ROSTER)
@require_POST
def end(request: CalledRequest, clinic: UUID) -> HttpResponseBase:
    """No more sessions of this clinic."""
    acts.end_clinic(request.call, clinic=clinic, expect=expected(request))
    messages.success(request, _("这个门诊已撤销。"))
    return redirect("booking:week")
