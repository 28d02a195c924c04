"""Who may register apps, and who may let them in."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """What a role may hold in this room."""

    MANAGE = "apps.manage"
    USE = "apps.use"
