"""Bounds, rows, and what can be wrong with a file or a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

Cell = str | int | float | bool | date | datetime | time | timedelta | None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read: bytes as they came and unpacked, parts of the archive, leaves of a workbook, rows
    that say something, rows in all, columns, characters of a cell."""

    size: int = 10 << 20
    unpacked: int = 100 << 20
    parts: int = 500
    leaves: int = 10
    rows: int = 10_000
    all_rows: int = 1 << 20
    columns: int = 100
    cell: int = 2000


class Row(NamedTuple):
    """A row that says something: its number in the file (from 1), and its cells."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A leaf of a workbook, or the whole of a CSV file."""

    name: str
    rows: Sequence[Row]


class SheetFault(Exception):
    """The file cannot be used: a code, and what its words need (``place``: a cell or row, as the program shows it)."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code, self.params = code, params


class CellFault(Exception):
    """A cell does not say what its column holds: a code, and what its words need."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.code: str = code
        self.params: Mapping[str, str] = params


def letters(column: int) -> str:
    """The name of a column, from 0: A, B … Z, AA …"""
    found, left = "", column + 1
    while left:
        left, rest = divmod(left - 1, 26)
        found = chr(65 + rest) + found
    return found


def place(row: int, column: int) -> str:
    """The name of a cell: row from 1, column from 0."""
    return f"{letters(column)}{row}"
