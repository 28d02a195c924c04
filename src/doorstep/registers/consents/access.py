"""What may be done with reasons for access, and by whom."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """The permissions of this room."""

    READ = "consents.read"
    RECORD = "consents.record"
    BREAK_GLASS = "consents.break_glass"
    REVIEW = "consents.review"
    OWN = "consents.own"
