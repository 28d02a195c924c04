"""What every template may use: the caller, the menu that the caller may see, and the language to switch to."""

from __future__ import annotations

from django.http import HttpRequest

from doorstep.kernel import room
from doorstep.kernel.call import Call
from doorstep.kernel.web.pages import call_of


def menu(call: Call | None) -> list[room.MenuEntry]:
    """The entries of all rooms that the caller's permissions open."""
    if call is None:
        return []
    return [entry for r in room.installed() for entry in r.menu if entry.permission in call.permissions]


def house(request: HttpRequest) -> dict[str, object]:
    """The context of every page."""
    call = call_of(request)
    return {"call": call, "menu": menu(call)}
