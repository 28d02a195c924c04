"""What may be done with archives and with studies whose resident is not certain.

To see a resident's study is to see an entry of the chart: with ``VIEW`` alone, and with the chart's own reasons.
"""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """What a role may hold in this room; only ``TIE`` shows studies that belong to nobody yet."""

    VIEW = "imaging.view"
    READ = "imaging.read"
    EDIT = "imaging.edit"
    TIE = "imaging.tie"
    STORE = "imaging.store"
