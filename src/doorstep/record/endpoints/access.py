"""Who may see endpoints, change them, and open and mend what came in by them."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """What a role may hold in this room; only ``MEND`` opens what was sent about people."""

    READ = "endpoints.read"
    EDIT = "endpoints.edit"
    MEND = "endpoints.mend"
