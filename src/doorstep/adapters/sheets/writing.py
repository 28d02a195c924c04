"""Writes workbooks and CSV files whose cells are text, whatever they begin with."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from doorstep.adapters.sheets.shapes import letters

RISKY: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a program may take for the beginning of a formula (OWASP, CSV injection)."""
_GUARDABLE: Final = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED: Final = re.compile(r"_x(?=[0-9A-Fa-f]{4}_)")
_LIST_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf to write: ``header`` is the row (from 0) of the titles, ``wide`` the width of columns in letters,
    ``choices`` the cells (as a formula of ours) that hold what a column may say, ``marked`` the cells (row, column
    from 0) to be seen at once."""

    title: str
    rows: Sequence[Sequence[str]]
    header: int = 0
    wide: Sequence[int] = ()
    choices: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    marked: frozenset[tuple[int, int]] = frozenset()


def workbook(leaves: Iterable[Leaf]) -> bytes:
    """An .xlsx file: every cell is text in the format of text, so that 18 digits stay and nothing is calculated."""
    book = Workbook()
    book.remove(book.active)
    for leaf in leaves:
        _write(book.create_sheet(leaf.title[:31]), leaf)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write(sheet: Any, leaf: Leaf) -> None:
    bold, fill = Font(bold=True), PatternFill("solid", fgColor="DDE7F3")
    loud = PatternFill("solid", fgColor="FBE3E0")
    for number, row in enumerate(leaf.rows):
        for column, text in enumerate(row):
            if not text and (number, column) not in leaf.marked:
                continue
            cell = sheet.cell(number + 1, column + 1)
            _put(cell, text)
            if number == leaf.header:
                cell.font, cell.fill = bold, fill
            elif (number, column) in leaf.marked:
                cell.fill = loud
    for column, width in enumerate(leaf.wide):
        shape = sheet.column_dimensions[letters(column)]
        shape.width, shape.number_format = width, "@"
    sheet.freeze_panes = f"A{leaf.header + 2}"
    for column, formula in leaf.choices.items():
        rule = DataValidation(type="list", formula1=formula, allow_blank=True, showErrorMessage=False)
        rule.add(f"{letters(column)}{leaf.header + 2}:{letters(column)}{_LIST_ROWS}")
        sheet.add_data_validation(rule)


def _put(cell: Any, text: str) -> None:
    plain = ILLEGAL_CHARACTERS_RE.sub("", text)
    # the library reads _x000D_ as the character itself (ECMA-376-1, 22.9.2.19), so an underscore is written as one
    cell.value = _ESCAPED.sub("_x005F_x", plain)
    cell.data_type = "s"  # else what begins with = becomes a formula
    cell.number_format = "@"
    cell.quotePrefix = plain.startswith(RISKY)
    cell.alignment = Alignment(vertical="top", wrap_text=len(plain) > 20)


def comma_separated(rows: Iterable[Sequence[str]]) -> bytes:
    """A .csv file with the mark of UTF-8, by which Excel knows it; what could be a formula has a ' before it."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([_guarded(text) for text in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")


def _guarded(text: str) -> str:
    plain = ILLEGAL_CHARACTERS_RE.sub("", text)
    return f"'{plain}" if _GUARDABLE.match(plain) else plain
