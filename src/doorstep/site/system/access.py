"""Who may look into the machinery."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """What the house's own pages ask for."""

    OUTBOX_READ = "outbox.read"
    OUTBOX_REPLAY = "outbox.replay"
