"""Identifiers that sort by the time of their making (UUID version 7, RFC 9562), and reading one."""

from __future__ import annotations

import uuid

import uuid_utils


def new_id() -> uuid.UUID:
    """A fresh UUID version 7."""
    return uuid.UUID(int=uuid_utils.uuid7().int)


def uuid_of(text: object) -> uuid.UUID | None:
    """The UUID that a text from outside writes; None where it writes none."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None
