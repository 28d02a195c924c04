"""Rows that were read from a file, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


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
