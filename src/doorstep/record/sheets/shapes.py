"""What enters and leaves the room: rows that were read, what they did, imports and their rows as they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


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
class Wrong:
    """What is wrong with a row: the column (its key; "" for the row), a code, and what its words need."""

    column: str
    code: str
    params: Mapping[str, str] = field(default_factory=dict)

    def as_list(self) -> list[Any]:
        """As it is kept."""
        return [self.column, self.code, dict(self.params)]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A row that was read: its number in the file, its cells as text, what its columns say, what is wrong with it."""

    number: int
    cells: tuple[str, ...]
    said: Mapping[str, str]
    wrong: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read: titles as they stand, where each column is, titles that were passed over, the rows."""

    titles: tuple[str, ...]
    at: Mapping[str, int]
    unknown: tuple[str, ...]
    rows: Sequence[Parsed]


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
