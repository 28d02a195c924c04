"""Where the titles of the columns stand in a table: below any title rows, in any order, in Chinese or English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from doorstep.adapters.sheets.columns import Column, Form
from doorstep.adapters.sheets.shapes import Cell, Row, SheetFault, Table, place

AMONG: Final = 15
"""Among so many rows, from the top, the titles are looked for."""
_ASIDE: Final = re.compile(r"[(\[].*?[)\]]")


@dataclass(frozen=True, slots=True)
class Header:
    """The row of the titles, and in which column (from 0) each declared one stands; ``unknown`` titles are passed
    over."""

    row: int
    at: Mapping[str, int]
    unknown: tuple[str, ...]


def one_form(title: Cell) -> str:
    """A title as it is compared: no blanks, stars, or words in brackets."""
    text = _ASIDE.sub("", unicodedata.normalize("NFKC", "" if title is None else str(title)))
    return "".join(text.split()).replace("*", "").replace(":", "").casefold()


def find(table: Table, form: Form) -> Header:
    """The titles of a table. Raises ``SheetFault``: ``sheet.no_header`` with the keys of those needed;
    ``sheet.columns_missing`` with their keys; ``sheet.column_twice`` with its title and cell."""
    names = {one_form(name): column for column in form.columns for name in (column.key, column.zh, column.en)}
    best: Row | None = None
    most = 0
    for row in table.rows[:AMONG]:
        fits = len({names[n].key for n in map(one_form, row.cells) if n in names})
        if fits > most:
            best, most = row, fits
    if best is None or most < min(2, len(form.columns)):
        raise SheetFault("sheet.no_header", keys=tuple(c.key for c in form.columns if c.needed))
    return _read(best, names, form)


def _read(row: Row, names: Mapping[str, Column], form: Form) -> Header:
    at: dict[str, int] = {}
    unknown = []
    for number, title in enumerate(row.cells):
        column = names.get(one_form(title))
        if column is None:
            unknown += [str(title)[:60]] if one_form(title) else []
        elif column.key in at:
            raise SheetFault("sheet.column_twice", title=str(title)[:60], place=place(row.number, number))
        else:
            at[column.key] = number
    missing = [c.key for c in form.columns if c.needed and c.key not in at]
    missing += [" / ".join(group) for group in form.either if not set(group) & at.keys()]
    if missing:
        raise SheetFault("sheet.columns_missing", keys=tuple(missing), row=row.number)
    return Header(row.number, at, tuple(unknown))
