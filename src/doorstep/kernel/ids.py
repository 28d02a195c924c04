"""Identifiers that sort by the time of their making (UUID version 7, RFC 9562)."""

from __future__ import annotations

import uuid

import uuid_utils


def new_id() -> uuid.UUID:
    """A fresh UUID version 7."""
    return uuid.UUID(int=uuid_utils.uuid7().int)
