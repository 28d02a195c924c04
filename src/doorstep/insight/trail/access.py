"""Who may look into the trail."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """The permissions of this room."""

    READ = "trail.read"
    WATCH = "trail.watch"
    ANSWER = "trail.answer"
    OWN = "trail.own"
