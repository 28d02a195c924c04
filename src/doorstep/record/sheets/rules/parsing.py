"""From a table to rows: what each column says, and all that is wrong, with its cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time

from doorstep.adapters.sheets import headers
from doorstep.adapters.sheets.columns import Form, read
from doorstep.adapters.sheets.shapes import Cell, CellFault, Row, SheetFault, Table
from doorstep.record.sheets.rules.rows import Parsed, Read, Wrong

Check = Callable[[Mapping[str, str]], Iterable[tuple[str, str, dict[str, str]]]]
OURS = ("结果", "需要改正", "Result", "To be mended")
"""Titles of what we wrote beside the rows ourselves: passed over in silence when the file comes back."""


def parse(tables: Iterable[Table], form: Form, check: Check | None, today: date) -> Read:
    """The rows of the first table in which the titles are found. Raises ``SheetFault``, as ``headers.find``; and
    ``sheet.nothing`` where there are no rows, ``sheet.rows`` where there are too many."""
    found = _first(tables, form)
    table, header = found
    below = [row for row in table.rows if row.number > header.row]
    if not below:
        raise SheetFault("sheet.nothing")
    if len(below) > form.most:
        raise SheetFault("sheet.rows", most=form.most)
    titles = next(row for row in table.rows if row.number == header.row).cells
    rows = [_row(row, header, form, check, today) for row in below]
    unknown = tuple(title for title in header.unknown if title not in OURS)
    return Read(tuple(map(shown, titles)), header.at, unknown, _compared(rows, form))


def _first(tables: Iterable[Table], form: Form) -> tuple[Table, headers.Header]:
    fault = None
    for table in tables:
        try:
            return table, headers.find(table, form)
        except SheetFault as found:
            # a leaf with the titles but not all of them tells more than one without any
            if fault is None or fault.code == "sheet.no_header":
                fault = found
    raise fault or SheetFault("sheet.empty")


def shown(cell: Cell) -> str:
    """A cell as text, as it is kept and given back: storable, without what no column would hold."""
    if isinstance(cell, datetime) and cell.time() == time():
        cell = cell.date()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**15:
        cell = int(cell)
    text = "" if cell is None else str(cell)
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _row(row: Row, header: headers.Header, form: Form, check: Check | None, today: date) -> Parsed:
    said: dict[str, str] = {}
    wrong: list[Wrong] = []
    for column in form.columns:
        place = header.at.get(column.key)
        cell = row.cells[place] if place is not None and place < len(row.cells) else None
        try:
            said[column.key] = read(column, cell, today)
        except CellFault as fault:
            wrong.append(Wrong(column.key, fault.code, fault.params))
    bad = {each.column for each in wrong}
    empty = (group for group in form.either if not any(said.get(key) for key in group))
    wrong += [Wrong(group[0], "row.either") for group in empty if not bad & set(group)]
    if check is not None and not wrong:
        wrong += [Wrong(column, code, params) for column, code, params in check(said)]
    return Parsed(row.number, tuple(map(shown, row.cells)), said, tuple(wrong))


def _compared(rows: Iterable[Parsed], form: Form) -> list[Parsed]:
    """Each row with what is wrong between it and those above: the same thing twice, or another word for one thing."""
    seen: dict[tuple[object, ...], int] = {}
    told: dict[str, Parsed] = {}
    result = []
    for row in rows:
        wrong = [*row.wrong]
        for group in form.once:
            key = (group, *(row.said.get(each, "") for each in group))
            if any(key[1:]) and seen.setdefault(key, row.number) != row.number:
                wrong.append(Wrong(group[0], "row.twice", {"row": str(seen[key])}))
        wrong += _unlike(row, told, form)
        result.append(replace(row, wrong=tuple(wrong)))
    return result


def _unlike(row: Parsed, told: dict[str, Parsed], form: Form) -> list[Wrong]:
    if not form.shared or not (key := row.said.get(form.shared[0])):
        return []
    first = told.setdefault(key, row)
    others = [c for c in form.shared[1:] if row.said.get(c) and first.said.get(c) and row.said[c] != first.said[c]]
    return [Wrong(column, "row.unlike", {"row": str(first.number)}) for column in others]
