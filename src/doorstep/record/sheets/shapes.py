"""What enters and leaves the room: rows that were read, what they did, imports and their rows as they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from doorstep.record.sheets.rules.rows import Wrong


class Outcome(StrEnum):
    """What a row does, or did."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


class Undo(StrEnum):
    """What became of a row when the import was taken back."""

    UNDONE = "undone"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class Done:
    """What a row did, and what undoing it needs (JSON; None where there is nothing to undo)."""

    outcome: Outcome
    effect: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The import of a file; ``known`` where the same file was there before."""

    id: UUID
    known: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An import as it stands. ``tally`` counts rows by outcome, ``undid`` by what the undoing did."""

    id: UUID
    version: int
    kind: str
    file: str
    state: str
    by: str
    at: datetime
    applied_at: datetime | None
    applied_by: str
    undone_at: datetime | None
    undone_by: str
    total: int
    done: int
    tally: Mapping[str, int]
    undid: Mapping[str, int]
    titles: tuple[str, ...]
    at_columns: Mapping[str, int]
    unknown: tuple[str, ...]

    @property
    def percent(self) -> int:
        """How far the worker is."""
        return 100 * self.done // self.total if self.total else 0


@dataclass(frozen=True, slots=True)
class RowLine:
    """A row of an import as it is shown."""

    number: int
    cells: tuple[str, ...]
    outcome: str
    foretold: str
    undo: str
    wrong: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What undoing would do: rows that would go, rows that would get their former version, rows that would stay."""

    gone: int
    restored: int
    stays: int
