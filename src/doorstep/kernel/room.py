"""The manifest of a room: all that the house must know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Protocol

from doorstep.kernel.call import Call

Reaction = Callable[[Call, Any], None]


class Republish(Protocol):
    """Publishes a page of what a room has and returns where the next begins; "" is the first and the last."""

    def __call__(self, call: Call, /, *, after: str) -> str:
        """Publish the page."""


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A line of the menu: its words (Chinese msgid), its URL name, its icon and who sees it; ``waits``, where something
    may wait there that they must see at once, counts it on every page (one cheap query)."""

    title: str
    url: str
    icon: str
    permission: str
    group: str = ""
    waits: Callable[[Call], int] | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Work by the clock: run every ``every`` by one worker at a time, in a transaction.

    ``shared``: run by all workers side by side, in each of their rounds; it locks and commits what it does by itself.
    """

    name: str
    every: timedelta
    run: Callable[[Call], object]
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """A room's title, permissions (each with a sentence for people), reactions to events, menu and jobs.

    ``publishes`` are the FHIR types that its actions may publish, ``republish`` publishes what is there already.
    """

    name: str
    title: str
    permissions: type[StrEnum] | None = None
    sentences: Mapping[str, str] = field(default_factory=dict)
    reactions: Mapping[type, Sequence[Reaction]] = field(default_factory=dict)
    menu: tuple[MenuEntry, ...] = ()
    jobs: tuple[Job, ...] = ()
    publishes: tuple[str, ...] = ()
    republish: Republish | None = None


@cache
def installed() -> tuple[Room, ...]:
    """The rooms of this house, as ``settings.DOORSTEP_ROOMS`` (a dotted name) lists them."""
    from django.conf import settings
    from django.utils.module_loading import import_string

    rooms: tuple[Room, ...] = import_string(settings.DOORSTEP_ROOMS)
    return rooms


def publishes(permissions: type[StrEnum]) -> frozenset[str]:
    """The FHIR types that the room whose permissions these are may publish."""
    return frozenset(kind for room in installed() if room.permissions is permissions for kind in room.publishes)


@cache
def event_types() -> Mapping[str, type]:
    """Every event that some room reacts to, by its published name."""
    return {event_name(kind): kind for room in installed() for kind in room.reactions}


@cache
def reactions(name: str) -> Mapping[str, Reaction]:
    """The handlers of an event, by their stable names (``module.function``)."""
    found: dict[str, Reaction] = {}
    for room in installed():
        for kind, handlers in room.reactions.items():
            if event_name(kind) == name:
                found |= {f"{h.__module__}.{h.__qualname__}": h for h in handlers}
    return found


def event_name(kind: type) -> str:
    """The published name of an event: its room's file and its class."""
    return f"{kind.__module__.rsplit('.', 1)[-1]}.{kind.__name__}"
