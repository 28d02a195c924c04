"""Reads .xlsx and .csv files into tables, row by row and within bounds; whatever comes, it is a table or a fault."""

from __future__ import annotations

import codecs
import csv
import io
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, Final

from openpyxl import load_workbook

from doorstep.adapters.sheets.guarding import ARCHIVE, OLD_OFFICE, demand_sound
from doorstep.adapters.sheets.shapes import Cell, Limits, Row, SheetFault, Table, place

_TYPED: Final = re.compile(r'="(.*)"', re.DOTALL)
_GUARDED: Final = re.compile(r"'+[=+\-@\t\r]")
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DELIMITERS: Final = ",\t;"


def tables(raw: bytes, limits: Limits | None = None) -> Iterator[Table]:
    """The tables of a file, by what it holds and not by its name: leaves of a workbook, or one of a CSV file (UTF-8,
    UTF-16 with its mark, GB18030).

    Raises ``SheetFault``: ``sheet.empty``, ``sheet.size``, ``sheet.old``, ``sheet.broken``, ``sheet.bomb``,
    ``sheet.hostile``, ``sheet.encoding``, ``sheet.rows``, ``sheet.columns``, ``sheet.cell``.
    """
    bounds = limits or Limits()
    if not raw.strip():
        raise SheetFault("sheet.empty")
    if len(raw) > bounds.size:
        raise SheetFault("sheet.size", megabytes=bounds.size >> 20)
    if raw.startswith(OLD_OFFICE):
        raise SheetFault("sheet.old")
    return _workbook(raw, bounds) if raw.startswith(ARCHIVE) else iter([_csv(raw, bounds)])


def _workbook(raw: bytes, limits: Limits) -> Iterator[Table]:
    demand_sound(raw, limits)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it leaves out: drawings, validations of newer programs
            # read as a stream: a lone cell in the last corner of a leaf must not make room for all before it
            book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
            leaves = book.worksheets[: limits.leaves]
        for leaf in leaves:
            leaf.reset_dimensions()  # WPS and others write what is not so
            found = (tuple(map(_unescaped, row)) for row in leaf.iter_rows(values_only=True))
            yield Table(str(leaf.title), list(_rows(found, limits)))
    except SheetFault:
        raise
    except Exception as error:  # what the library raises on broken parts has no common name
        raise SheetFault("sheet.broken") from error


def _unescaped(cell: Any) -> Any:
    """Characters that XML cannot say stand as _x000D_ (ECMA-376-1, 22.9.2.19), which the library leaves."""
    if isinstance(cell, str) and "_x" in cell:
        return _ESCAPED.sub(lambda m: chr(int(m[1], 16)), cell)
    return cell


def _rows(found: Iterable[Iterable[Any]], limits: Limits) -> Iterator[Row]:
    """The rows that say something, each cut behind its last cell that does."""
    told = 0
    for number, cells in enumerate(found, 1):
        if number > limits.all_rows:
            return
        row = tuple(cells)
        while row and (row[-1] is None or (isinstance(row[-1], str) and not row[-1].strip())):
            row = row[:-1]
        if not row:
            continue
        told += 1
        _demand_within(number, row, told, limits)
        yield Row(number, row)


def _demand_within(number: int, row: tuple[Cell, ...], told: int, limits: Limits) -> None:
    if told > limits.rows:
        raise SheetFault("sheet.rows", most=limits.rows)
    if len(row) > limits.columns:
        raise SheetFault("sheet.columns", most=limits.columns, place=place(number, len(row) - 1))
    for at, cell in enumerate(row):
        if isinstance(cell, str) and len(cell) > limits.cell:
            raise SheetFault("sheet.cell", most=limits.cell, place=place(number, at))


def _csv(raw: bytes, limits: Limits) -> Table:
    text = _decoded(raw)
    if "\0" in text:
        raise SheetFault("sheet.kind")
    first = text[:4000].splitlines()[:20]
    delimiter = max(_DELIMITERS, key=lambda mark: (sum(line.count(mark) for line in first), mark == ","))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return Table("", list(_rows(([_unguarded(c) for c in row] for row in rows), limits)))
    except csv.Error:
        raise SheetFault("sheet.csv", place=rows.line_num) from None


def _decoded(raw: bytes) -> str:
    """By the mark at its head, else UTF-8 where it is sound, else GB18030, as WPS and Excel in China save it."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        names: tuple[str, ...] = ("utf-16",)
    else:
        names = ("utf-8-sig", "gb18030")
    for name in names:
        try:
            return raw.decode(name)
        except UnicodeDecodeError as error:
            wrong = error
    raise SheetFault("sheet.encoding", place=raw.count(b"\n", 0, wrong.start) + 1)


def _unguarded(text: str) -> str:
    """What a program typed so that Excel would leave it as it is: ="0012", '=1 and its like."""
    if match := _TYPED.fullmatch(text):
        return match[1].replace('""', '"')
    return text[1:] if _GUARDED.match(text) else text
