"""A resident's own pages: the start, for whom they act, where they are signed in, the health card."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from doorstep.kernel import clock
from doorstep.kernel.call import EVERYWHERE
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.ids import uuid_of
from doorstep.kernel.web.pages import CalledRequest, is_part, page
from doorstep.kernel.web.qr import qr
from doorstep.registers.portal.access import Permission
from doorstep.registers.portal.actions import scanning, sessions
from doorstep.registers.portal.reads import standing as reads
from doorstep.registers.residents import api as residents
from doorstep.registers.staff import api as staff

NOBODY: Final = UUID(int=0)
"""Nobody's id: what is named by no id at all is not found either."""


@page(Permission.USE)
@never_cache
def home(request: CalledRequest) -> HttpResponse:
    """Who one is, for whom one acts, and where to go."""
    return render(request, "portal/home.html", {"head": residents.header(EVERYWHERE, _subject(request))})


def _subject(request: CalledRequest) -> UUID:
    found = request.call.resident
    if found is None:
        raise Refused(refuse("permission"))
    return found


@page(Permission.USE)
@require_POST
def act_for(request: CalledRequest) -> HttpResponse:
    """Act for a ward, or for oneself again."""
    text, key = request.POST.get("ward", ""), sessions.key_of(request)
    wanted = (uuid_of(text) or NOBODY) if text else None
    if key is not None:
        found = sessions.act_for(request.call, session=key, ward=wanted)
        messages.success(
            request,
            _("现在看到的是 %(name)s 的资料。") % {"name": found.name} if found else _("现在看到的是您自己的资料。"),
        )
    return redirect("portal:home")


@page(Permission.USE)
def sign_ins(request: CalledRequest) -> HttpResponse:
    """Where one is signed in, and which telephones and cards open the record."""
    own = sessions.resident_of(request.call)
    found = [(one, staff.device(one.device)) for one in reads.sign_ins(own)]
    context = {
        "sign_ins": found, "here": sessions.key_of(request), "phones": reads.bound(own), "cards": reads.cards(own),
    }  # fmt: skip
    return render(request, "portal/sign_ins.html", context)


@page(Permission.USE)
@require_POST
def end_sign_in(request: CalledRequest) -> HttpResponse:
    """End one of one's sessions, or all but this."""
    text, here = request.POST.get("session", ""), sessions.key_of(request)
    if text == "others" and here is not None:
        sessions.end_others(request.call, here=here)
    else:
        sessions.end(request.call, session=uuid_of(text) or NOBODY)
    messages.success(request, _("已退出。"))
    return redirect("portal:sign_ins")


@page(Permission.USE)
@never_cache
def card(request: CalledRequest) -> HttpResponse:
    """The health card with a code that changes each minute; HTMX fetches the next one."""
    shown = scanning.show(request.call)
    context = {
        "head": residents.header(EVERYWHERE, _subject(request)), "shown": shown, "seconds": int(
            (shown.until - clock.now()).total_seconds()
        ),
        "picture": qr(shown.text),
    }  # fmt: skip
    return render(request, "portal/parts/card.html" if is_part(request) else "portal/card.html", context)
