"""The pages that belong to no room: the start page, the choice of language, and the sign of life."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import Error, connection
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from doorstep.kernel import letters, room
from doorstep.kernel.call import Call
from doorstep.kernel.web.context import address
from doorstep.kernel.web.context import waiting as counted
from doorstep.kernel.web.pages import CalledRequest, Rule, inside, page
from doorstep.record.exchange import api as exchange
from doorstep.site.system.access import Permission


@dataclass(frozen=True, slots=True)
class Task:
    """A card of the start page: where it leads, and the sentence of the permission that opens it."""

    title: str
    sentence: str
    url: str
    icon: str
    waits: int = 0


def waiting(call: Call, entry: room.MenuEntry) -> int:
    """How many things wait for the caller behind a menu entry, where that is cheap to say; else 0."""
    if entry.url == "exchange:list":
        return exchange.counts(call.scope)["all"]
    return counted(call, entry)


def tasks(call: Call) -> list[Task]:
    """What the caller may do, in the order of the rooms."""
    found = []
    for entry_room in room.installed():
        for entry in entry_room.menu:
            if entry.permission in call.permissions and (url := address(entry)):
                said = entry_room.sentences.get(entry.permission, "")
                found.append(
                    Task(gettext(entry.title), gettext(said) if said else "", url, entry.icon, waiting(call, entry))
                )
    return found


def machinery(call: Call) -> letters.State | None:
    """How outbox and jobs stand, for those who may see to them."""
    return letters.state() if call.may(Permission.OUTBOX_READ).allowed else None


@page(Rule.ANY_CALLER)
def start(request: CalledRequest) -> HttpResponse:
    """What the caller can do here, by the rooms that are open to them; residents have a start of their own."""
    call = request.call
    if call.resident is not None:
        return redirect("portal:home")
    return render(request, "site/start.html", {"tasks": tasks(call), "state": machinery(call)})


@page(Rule.ANYONE)
def healthz(request: CalledRequest) -> HttpResponseBase:
    """200 where the database answers, 503 where it does not; for monitors, tells nothing else."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:  # any fault of the database means the same to a monitor
        return JsonResponse({"status": "down"}, status=503)
    return JsonResponse({"status": "up"})


@page(Rule.ANYONE)
def language(request: CalledRequest) -> HttpResponse:
    """Set the language (POST ``language``) and return to where the person was."""
    answer = redirect(inside(request, request.POST.get("next", "/")))
    chosen = request.POST.get("language", "")
    if request.method == "POST" and chosen in dict(settings.LANGUAGES):
        year = 365 * 24 * 3600
        answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, max_age=year, samesite="Lax", httponly=True)
    return answer
