"""What every template may use: the caller, the menu that the caller may see, and the search for residents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext

from doorstep.kernel import room
from doorstep.kernel.call import Call
from doorstep.kernel.web.pages import call_of

SEARCH = "/residents/"  # the list of the room residents takes ?q=


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the menu in the caller's language."""

    title: str
    url: str
    icon: str
    current: bool = False
    waits: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """The lines of the menu that belong together."""

    title: str
    entries: list[Link] = field(default_factory=list)


def menu(call: Call | None) -> list[room.MenuEntry]:
    """The entries of all rooms that the caller's permissions open."""
    if call is None:
        return []
    return [entry for r in room.installed() for entry in r.menu if entry.permission in call.permissions]


def address(entry: room.MenuEntry) -> str:
    """Where an entry leads: the address of its URL name, or itself where it is an address."""
    if entry.url.startswith("/"):
        return entry.url
    try:
        return reverse(entry.url)
    except NoReverseMatch:
        return ""


def here(path: str, urls: list[str]) -> str:
    """Which of the addresses the path lies under: the longest, or none."""
    return max((url for url in urls if url and path.startswith(url)), key=len, default="")


def waiting(call: Call | None, entry: room.MenuEntry) -> int:
    """How many things wait for the caller behind an entry that counts them."""
    return entry.waits(call) if call is not None and entry.waits is not None else 0


def groups(call: Call | None, path: str) -> list[Group]:
    """The menu in the order of the rooms, lines of one group together, the current one known."""
    found = [(entry, address(entry)) for entry in menu(call)]
    current = here(path, [url for _entry, url in found])
    made: dict[str, Group] = {}
    for entry, url in found:
        if url:
            group = made.setdefault(entry.group, Group(gettext(entry.group) if entry.group else ""))
            group.entries.append(Link(gettext(entry.title), url, entry.icon, url == current, waiting(call, entry)))
    return list(made.values())


def house(request: HttpRequest) -> dict[str, Any]:
    """The context of every page."""
    call = call_of(request)
    listed = SimpleLazyObject(lambda: groups(call, request.path))
    may_search = any(address(entry) == SEARCH for entry in menu(call))
    return {"call": call, "menu": listed, "search_url": SEARCH if may_search else "", "frame": frame(call)}


def frame(call: Call | None) -> str:
    """The frame of a page that anybody may come to: of those who work here, of residents, of strangers."""
    if call is None:
        return "kernel/plain.html"
    return "kernel/base.html" if call.resident is None else "kernel/own.html"
