"""What residents may do at their own door, and what staff may do for them at a desk."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """The permissions of this room."""

    USE = "portal.use"
    BIND = "portal.bind"
