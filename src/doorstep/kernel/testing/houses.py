"""A house of one room, for tests of what the kernel does with any room: its events, handlers and jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from doorstep.kernel import room
from doorstep.kernel.room import Job, Room

rooms: tuple[Room, ...] = ()


@contextmanager
def house(
    settings: Any, reactions: Mapping[type, Sequence[Callable[..., None]]], jobs: tuple[Job, ...] = ()
) -> Iterator[None]:
    """While it stands, one room with these reactions and jobs is installed (``settings`` as pytest-django gives)."""
    global rooms  # noqa: PLW0603  settings name the rooms by a dotted path
    rooms = (Room("test", "试", reactions=reactions, jobs=jobs),)
    settings.DOORSTEP_ROOMS = f"{__name__}.rooms"
    _forget()
    try:
        yield
    finally:
        rooms = ()
        _forget()


def _forget() -> None:
    for known in (room.installed, room.event_types, room.reactions):
        known.cache_clear()
