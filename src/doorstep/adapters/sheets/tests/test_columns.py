"""What people type into cells, and where they put the titles."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.sheets.columns import Column, Form, Kind, read
from doorstep.adapters.sheets.headers import find
from doorstep.adapters.sheets.shapes import Cell, CellFault, Row, SheetFault, Table
from doorstep.linkage import numbers

TODAY = date(2026, 11, 27)
SEX = Column("sex", "性别", "Sex", Kind.CODE, codes={"1": "男", "2": "女"}, others={"Female": "2"})
BODY = "43992119850315001"
ID = BODY + numbers.check_digit(BODY)
CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.dates(), st.datetimes(),
    st.times(), st.timedeltas(),
)  # fmt: skip


def says(kind: Kind, cell: Cell, **more: object) -> str:
    """What a cell says, or the code of why not."""
    column = Column("x", "甲", "X", kind, **more)  # type: ignore[arg-type]  # fields of a Column
    try:
        return read(column, cell, TODAY)
    except CellFault as fault:
        return f"!{fault.code}"


@given(st.sampled_from(list(Kind)), CELLS, st.booleans())
def test_any_cell_is_a_value_or_a_fault(kind: Kind, cell: Cell, needed: bool) -> None:
    """And a value is read again as itself."""
    found = says(kind, cell, needed=needed, codes={"1": "男"})
    if not found.startswith("!") and kind is not Kind.NUMBER:
        assert says(kind, found, needed=needed, codes={"1": "男"}) == found
        assert "\0" not in found


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_a_day_however_it_is_written(day: date) -> None:
    wanted = day.isoformat()
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d", "%Y-%m-%d 00:00:00"):
        assert says(Kind.DATE, day.strftime(form).replace(day.strftime("%Y"), f"{day.year:04}", 1)) == wanted
    assert says(Kind.DATE, day) == says(Kind.DATE, datetime(day.year, day.month, day.day, 8)) == wanted
    assert says(Kind.DATE, int(f"{day:%Y%m%d}")) == wanted
    serial = (day - date(1899, 12, 30)).days
    if serial >= 10_000:
        assert says(Kind.DATE, serial) == says(Kind.DATE, float(serial)) == says(Kind.DATE, str(serial)) == wanted


def test_days_that_are_none() -> None:
    for cell in ("3/12/2026", "2026-13-01", "26-03-12", "昨天", 12, "20260230", 1.5):
        assert says(Kind.DATE, cell) == "!cell.date", cell
    assert says(Kind.DATE, date(1899, 1, 1)) == "!cell.date"
    assert says(Kind.DATE, "２０２６－０３－１２") == "2026-03-12"
    assert says(Kind.DATE, TODAY + timedelta(days=1), past=True) == "!cell.future"
    assert says(Kind.DATE, TODAY, past=True) == TODAY.isoformat()


def test_long_numbers_that_lost_their_end_are_told() -> None:
    assert says(Kind.ID_NUMBER, float(ID[:17] + "0")) == "!cell.rounded"
    assert says(Kind.ID_NUMBER, int(ID[:17] + "0")) == "!cell.rounded"
    assert says(Kind.ID_NUMBER, "1.23E+17") == "!cell.rounded"
    assert says(Kind.INSTITUTION, "1.23E+17") == "!cell.rounded"
    assert says(Kind.TEXT, 1.23e17) == "!cell.rounded"
    assert says(Kind.PHONE, 13900001234.0) == "13900001234"


def test_numbers_of_people() -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in ID)
    assert says(Kind.ID_NUMBER, f" {wide} ") == ID
    assert says(Kind.ID_NUMBER, ID[:17] + ("0" if ID[17] != "0" else "1")) == "!id_check_digit"
    assert says(Kind.ID_NUMBER, "123") == "!id_malformed"
    assert says(Kind.ID_NUMBER, "无") == ""
    assert says(Kind.ID_NUMBER, "", needed=True) == "!cell.empty"
    assert says(Kind.PHONE, "139-0000 1234") == "13900001234"
    assert says(Kind.PHONE, "没有") == "!cell.phone"
    assert says(Kind.INSTITUTION, "１２４３９921WY000099 8c") == "12439921WY0000998C"


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("男", "1"),
        (" 女 ", "2"),
        (1, "1"),
        (2.0, "2"),
        ("２", "2"),
        ("male", "!cell.code"),
        ("FEMALE", "2"),
        ("", ""),
        (True, "!cell.code"),
    ],
)
def test_codes_by_code_or_word(cell: Cell, wanted: str) -> None:
    assert says(Kind.CODE, cell, codes=SEX.codes, others=SEX.others) == wanted


def test_numbers_within_bounds() -> None:
    bounds = {"low": Decimal(1), "high": Decimal(50), "places": 1}
    assert says(Kind.NUMBER, 6.699999999999999, **bounds) == "6.7"
    assert says(Kind.NUMBER, "6.75", **bounds) == "!cell.places"
    assert says(Kind.NUMBER, "６．８", **bounds) == "6.8"
    assert says(Kind.NUMBER, 7.0, **bounds) == "7"
    for cell in ("7mmol", "NaN", "Infinity", "1e400", "1" * 40):
        assert says(Kind.NUMBER, cell, **bounds) in ("!cell.number", "!cell.range"), cell
    assert says(Kind.NUMBER, 51, **bounds) == "!cell.range"


def test_texts() -> None:
    assert says(Kind.TEXT, " 王\u3000小\n明\u200b ") == "王 小 明"
    assert says(Kind.TEXT, "x" * 61) == "!cell.long"
    assert says(Kind.TEXT, "#N/A") == "!cell.error"
    assert says(Kind.TEXT, 12.0) == "12"


FORM = Form(
    "x", "表", "Table", (Column("name", "姓名", "Name", needed=True), SEX, Column("day", "日期", "Date", Kind.DATE)),
    once=(("name",),), either=(("sex", "day"),),
)  # fmt: skip


def header(*rows: tuple[Cell, ...]) -> dict[str, int] | str:
    """Where the columns stand, or the fault and what its words say."""
    try:
        return dict(find(Table("", [Row(n, row) for n, row in enumerate(rows, 1)]), FORM).at)
    except SheetFault as fault:
        return f"{fault.code} {fault.params.get('keys') or fault.params.get('place', '')}"


def test_titles_wherever_they_stand() -> None:
    titles = ("序号", " 姓 名* ", "性别（1男2女）", None, "Date")
    assert header(("二〇二六年登记表",), ("填报单位：清河", None), titles, ("1", "王")) == {
        "name": 1,
        "sex": 2,
        "day": 4,
    }
    assert header(("NAME", "sex")) == {"name": 0, "sex": 1}
    assert header(("甲", "乙")) == "sheet.no_header ('name',)"
    assert header(("姓名",), ("甲", "乙")) == "sheet.no_header ('name',)"
    assert header(("性别", "日期")) == "sheet.columns_missing ('name',)"
    assert header(("姓名", "性别", "姓名")) == "sheet.column_twice C1"
    assert header() == "sheet.no_header ('name',)"
