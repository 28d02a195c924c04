"""What a projection is made of, beside ``Facts`` and ``DepartmentLine``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Alliance:
    """A consortium by itself, without its members."""

    id: UUID
    key: str
    name: str
    kind: str
    area: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A membership of an institution."""

    id: UUID
    organisation: UUID
    role: str
    tier: str
    since: date
    until: date | None = None
