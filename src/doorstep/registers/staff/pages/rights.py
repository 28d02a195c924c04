"""Roles in sentences, the change of one, and what waits for a second person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from doorstep.kernel import clock
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import Page
from doorstep.kernel.web.forms import given
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.staff import flow, rules
from doorstep.registers.staff.access import Permission
from doorstep.registers.staff.actions import rights
from doorstep.registers.staff.forms import DecideForm, RoleForm
from doorstep.registers.staff.pages.people import attempt
from doorstep.registers.staff.pages.words import ACTS, STATES, TONES, fitting, told
from doorstep.registers.staff.reads import rights as reads
from doorstep.registers.staff.shapes import ProposalLine


@page(Permission.READ)
def roles(request: CalledRequest) -> HttpResponse:
    """Every role with the sentence that says what it may do."""
    lines = list(reads.roles().values())
    return render(request, "staff/roles.html", {"roles": lines, "outside": rules.OUTSIDE.values()})


@page(Permission.READ)
def role(request: CalledRequest, role: str) -> HttpResponse:
    """One role: what it may do in words, and how it came to be so."""
    line = reads.role(role)
    changes = reads.history(role, Page.read(request.GET.get("after"), parts=1))
    context = {
        "role": line,
        "held": told(line.permissions),
        "page": changes,
        "changes": [(one, told(one.permissions)) for one in changes.items],
        "seed": told(line.seed.permissions),
        "may_edit": request.call.may(Permission.ROLES).allowed,
    }
    return render(request, "staff/role.html", context)


@page(Permission.ROLES)
def edit(request: CalledRequest, role: str) -> HttpResponse:
    """Propose what a role may do: from what it is, or (``?version=``) from what it once was, which undoes."""
    line = reads.role(role)
    source = (
        reads.version(role, _number(request.GET["version"]))
        if request.method == "GET" and "version" in request.GET
        else line
    )
    initial = {"permissions": sorted(source.permissions), "sentence": source.own, "expect": line.version}
    form = RoleForm(given(request), permissions=fitting(role, line.permissions | source.permissions), initial=initial)
    made: list[UUID] = []

    def work() -> None:
        said = {name: form.cleaned_data[name] for name in ("permissions", "sentence", "why")}
        expect = form.cleaned_data["expect"]
        made.append(rights.propose_role(request.call, role=role, expect=-1 if expect is None else expect, **said))

    if attempt(form, work):
        messages.success(request, _("已提出，由另一个有权的人确认后生效。"))
        return redirect("staff:proposal", made[0])
    context = {"form": form, "role": line, "source": source}
    return render(request, "staff/edit_role.html", context, status=422 if form.is_bound else 200)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refused(refuse("not_found", kind="Role"))
    return int(text)


@page(Permission.ROLES)
def proposals(request: CalledRequest) -> HttpResponse:
    """What waits for a second person, and what was decided, with counts."""
    wanted = request.GET.get("state", "")
    state = wanted if wanted in STATES else flow.State.OPEN.value
    now = clock.now()
    found = reads.proposals(state, Page.read(request.GET.get("after")), now)
    counts = reads.counts(now)
    context = {
        "page": found,
        "state": state,
        "tabs": [(key, words, counts[key], key == state) for key, words in STATES.items()],
        "actor": request.call.actor,
    }
    return render(request, "staff/proposals.html", context)


@page(Permission.ROLES)
def proposal(request: CalledRequest, proposal: UUID) -> HttpResponse:
    """One proposal: what it would change, and the answer to it."""
    line = reads.proposal(proposal, clock.now())
    form = DecideForm(given(request), initial={"expect": line.version})
    if attempt(form, lambda: _decide(request, proposal, form.cleaned_data)):
        messages.success(request, _("已办理。"))
        return redirect("staff:proposal", proposal)
    context = {
        "line": line,
        "form": form,
        "own": line.by == request.call.actor,
        "words": STATES["expired" if line.over else line.state],
        "tone": TONES["expired" if line.over else line.state],
        **_difference(line),
    }
    return render(request, "staff/proposal.html", context, status=422 if form.is_bound else 200)


def _decide(request: CalledRequest, proposal: UUID, said: dict[str, Any]) -> None:
    call, expect = request.call, said["expect"] or 0
    moves: dict[str, Callable[[], None]] = {
        "confirm": lambda: rights.confirm(call, proposal=proposal, expect=expect, note=said["note"]),
        "decline": lambda: rights.decline(call, proposal=proposal, expect=expect, note=said["note"]),
        "withdraw": lambda: rights.withdraw(call, proposal=proposal, expect=expect),
    }
    moves[said["move"]]()


def _difference(line: ProposalLine) -> dict[str, Any]:
    """What the role would gain and lose against the version that the proposer saw."""
    if line.kind != rules.Grave.ROLE:
        return {"act": ACTS.get(line.values.get("act", ""), "")}
    before = reads.version(line.role, line.values["expect"]).permissions
    after = frozenset(line.values["permissions"])
    return {"added": told(after - before), "removed": told(before - after), "sentence": line.values["sentence"]}
