"""Columns as rooms declare them, and what people's cells say in them: WPS, Excel and hand-typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from doorstep.adapters.sheets.shapes import Cell, CellFault
from doorstep.linkage import numbers


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    DATE = "date"
    NUMBER = "number"
    CODE = "code"
    ID_NUMBER = "id_number"
    PHONE = "phone"
    INSTITUTION = "institution"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title and hint in Chinese and English, what it holds, within which bounds.

    ``codes`` are those of a CODE with their Chinese words, ``others`` what else means one of them; ``low`` and ``high``
    bound a NUMBER, which has ``places`` decimals at most; ``past``: a DATE that cannot lie in the future; ``most``
    characters of a TEXT.
    """

    key: str
    zh: str
    en: str
    kind: Kind = Kind.TEXT
    needed: bool = False
    codes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    others: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    low: Decimal | None = None
    high: Decimal | None = None
    places: int = 0
    past: bool = False
    most: int = 60
    hint_zh: str = ""
    hint_en: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The table of one kind of register or return.

    No two rows may agree in all columns of a group in ``once``. Of each group in ``either`` one column must be filled
    in. Rows that agree in the column ``shared`` begins with must agree in the rest of it.
    """

    key: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    once: tuple[tuple[str, ...], ...]
    either: tuple[tuple[str, ...], ...] = ()
    shared: tuple[str, ...] = ()
    most: int = 10_000

    def column(self, key: str) -> Column:
        """The column of that key; raises ``KeyError`` where there is none."""
        return next((c for c in self.columns if c.key == key), None) or _none(key)


def _none(key: str) -> Column:
    raise KeyError(key)


EXACT: Final = 10**15
"""Excel and WPS keep 15 digits of a number: a longer one has lost its end."""
FIRST_DAY: Final = date(1900, 1, 1)
_ORIGIN: Final = date(1899, 12, 30)
_SERIALS: Final = range(
    10_000, 73_051
)  # 1927-05-18 to 2099-12-31: what is smaller is as likely a number typed by mistake
_SCIENTIFIC: Final = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]{1,3}", re.IGNORECASE)
_DAY: Final = re.compile(r"([0-9]{4})(?:[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?|([0-9]{2})([0-9]{2}))")
_TIME: Final = re.compile(r"[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2})?(\.[0-9]+)?")
_ERRORS: Final = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"})
_SPACES: Final = re.compile(r"\s+")


def day(text: str) -> date | None:
    """A day of a table; None for none."""
    return date.fromisoformat(text) if text else None


def tidy(text: str) -> str:
    """A text as it is kept: no control characters, no white space at its ends, one blank for any inside."""
    kept = (c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Cn", "Co") else " " for c in text)
    return _SPACES.sub(" ", "".join(kept)).strip()


def said(cell: Cell) -> str:
    """What a cell says as text; raises ``CellFault`` for an error of the sheet, and a number that lost its end."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT:
        cell = int(cell)
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= EXACT:
        raise CellFault("cell.rounded", value=f"{cell:.3g}")
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second or cell.microsecond):
        cell = cell.date()
    text = "" if cell is None else tidy(str(cell))
    if text.upper() in _ERRORS:
        raise CellFault("cell.error", value=text)
    return text


def read(column: Column, cell: Cell, today: date) -> str:
    """The value of a cell in its one form ("" for none): days as ISO 8601, codes as codes, numbers plain.

    Raises ``CellFault``: ``cell.empty`` and its like, and the codes of ``linkage.numbers.read_id``.
    """
    value = _READERS[column.kind](column, cell, today)
    if not value and column.needed:
        raise CellFault("cell.empty")
    return value


def _text(column: Column, cell: Cell, today: date) -> str:
    text = said(cell)
    if _SCIENTIFIC.fullmatch(text) and "e" in text.lower() and column.kind is not Kind.TEXT:
        raise CellFault("cell.rounded", value=text)
    if len(text) > column.most:
        raise CellFault("cell.long", most=str(column.most))
    return text


def _narrow(text: str) -> str:
    """Full-width digits and letters as they are typed elsewhere, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _code(column: Column, cell: Cell, today: date) -> str:
    text = _narrow(said(cell))
    if not text or text in column.codes:
        return text
    wanted = text.casefold()
    meant = [*((c, c) for c in column.codes), *((w, c) for c, w in column.codes.items()), *column.others.items()]
    found = {code for word, code in meant if _narrow(word).casefold() == wanted}
    if len(found) != 1:
        raise CellFault("cell.code", value=text[:40])
    return found.pop()


def _number(column: Column, cell: Cell, today: date) -> str:
    text = _narrow(said(cell))
    if not text:
        return ""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise CellFault("cell.number", value=text[:40]) from None
    if not value.is_finite() or len(text) > 30:
        raise CellFault("cell.number", value=text[:40])
    low, high = column.low, column.high
    if (low is not None and value < low) or (high is not None and value > high):
        raise CellFault("cell.range", value=text[:40], low=str(low), high=str(high))
    # what a program adds by binary arithmetic (6.699999999999999) is no digit that anybody wrote
    rounded = round(value, column.places) if isinstance(cell, float) else value
    if rounded != round(rounded, column.places):
        raise CellFault("cell.places", value=text[:40], places=str(column.places))
    return _plain(rounded)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _date(column: Column, cell: Cell, today: date) -> str:
    found = _day_of(cell)
    if found is None:
        return ""
    if found < FIRST_DAY:
        raise CellFault("cell.date", value=found.isoformat())
    if column.past and found > today:
        raise CellFault("cell.future", value=found.isoformat())
    return found.isoformat()


def _day_of(cell: Cell) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = unicodedata.normalize("NFKC", said(cell))
    if not text:
        return None
    text = "".join(_TIME.sub("", text).split())
    if text.isascii() and text.isdigit() and int(text) in _SERIALS:
        return _ORIGIN + timedelta(days=int(text))
    if match := _DAY.fullmatch(text):
        year, *parts = (int(part) for part in match.groups() if part is not None)
        try:
            return date(year, *parts)
        except ValueError:
            pass
    raise CellFault("cell.date", value=text[:40])


def _id_number(column: Column, cell: Cell, today: date) -> str:
    text = numbers.one_form(_text(column, cell, today))
    if not text:
        return ""
    found = numbers.read_id(text)
    if isinstance(found, str):
        raise CellFault(found, value=numbers.mask(text))
    return found.number


def _phone(column: Column, cell: Cell, today: date) -> str:
    text = _text(column, cell, today)
    found = numbers.phone(text) if text else ""
    if text and not found:
        raise CellFault("cell.phone", value=text[:40])
    return found


def _institution(column: Column, cell: Cell, today: date) -> str:
    return _narrow(_text(column, cell, today)).upper()


_READERS: Final[Mapping[Kind, Callable[[Column, Cell, date], str]]] = {
    Kind.TEXT: _text,
    Kind.DATE: _date,
    Kind.NUMBER: _number,
    Kind.CODE: _code,
    Kind.ID_NUMBER: _id_number,
    Kind.PHONE: _phone,
    Kind.INSTITUTION: _institution,
}
