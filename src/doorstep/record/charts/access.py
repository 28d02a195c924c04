"""What may be done with charts."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """What a role may hold in this room."""

    READ = "charts.read"
    RAW = "charts.raw"
