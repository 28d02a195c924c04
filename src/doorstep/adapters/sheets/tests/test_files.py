"""Files of every sort: what is written is read again, and whatever comes is a table or a fault in words."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from doorstep.adapters.sheets.reading import tables
from doorstep.adapters.sheets.shapes import Limits, SheetFault, letters, place
from doorstep.adapters.sheets.writing import RISKY, Leaf, comma_separated, workbook

# what a cell may say: no control characters but the tab and line ends, which XML and CSV keep in their ways
LETTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
TEXTS = st.one_of(
    st.text(LETTERS, max_size=12),
    st.sampled_from(
        ["=1+1", "'=1", "''@x", "+86", "-5", "@a", "_x0041_", "_x005F_x", "\t1", "a\nb", 'say "x"', "１２３"]
    ),
)
ROWS = st.lists(st.lists(TEXTS, min_size=1, max_size=5), min_size=1, max_size=6)


def plain(rows: list[list[str]]) -> list[list[str]]:
    """Rows that say something, without the blanks at their ends."""
    found = []
    for row in rows:
        cut = list(row)
        while cut and not cut[-1].strip():
            cut.pop()
        if cut:
            found.append(cut)
    return found


def read(raw: bytes, limits: Limits | None = None) -> list[list[object]]:
    """The cells of the first table, empty ones as "" ."""
    [first, *_] = list(tables(raw, limits))
    return [["" if cell is None else cell for cell in row.cells] for row in first.rows]


def fault(raw: bytes, limits: Limits | None = None) -> str:
    """The code of the fault that reading raises."""
    return outcome(raw, limits).removeprefix("!")


def outcome(raw: bytes, limits: Limits | None = None) -> str:
    """ "!" and the code of the fault that reading raises, or how many rows there are."""
    try:
        return str(sum(len(table.rows) for table in tables(raw, limits)))
    except SheetFault as found:
        return f"!{found.code}"


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_a_workbook_that_was_written_is_read_again(rows: list[list[str]]) -> None:
    assert read(workbook([Leaf("甲", [["题"], *rows])])) == [["题"], *plain(rows)]


@settings(max_examples=200, deadline=None)
@given(ROWS)
def test_a_csv_file_that_was_written_is_read_again(rows: list[list[str]]) -> None:
    titles = ["题", "目", "a", "b", "c"]
    assert read(comma_separated([titles, *rows])) == [titles, *plain(rows)]


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_nothing_that_is_written_is_a_formula(rows: list[list[str]]) -> None:
    """No cell of a workbook has the type of a formula; no cell of a CSV file begins as one."""
    book = load_workbook(io.BytesIO(workbook([Leaf("甲", [["题"], *rows])])))
    assert all(cell.data_type != "f" for leaf in book for row in leaf.iter_rows() for cell in row)
    lines = csv.reader(io.StringIO(comma_separated(rows).decode("utf-8-sig"), newline=""))
    assert not [cell for line in lines for cell in line if cell.startswith(RISKY)]


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(lambda b: b"PK\x03\x04" + b)))
def test_any_garbage_is_a_table_or_a_fault(raw: bytes) -> None:
    assert outcome(raw).startswith("!sheet.") or outcome(raw).isdigit()


SOUND = workbook([Leaf("甲", [["姓名", "年龄"], ["王小明", "5"]])])


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_workbook_with_a_part_broken_is_a_table_or_a_fault(data: st.DataObject) -> None:
    """One part of a sound file replaced by anything, or cut: never another kind of failure."""
    names = zipfile.ZipFile(io.BytesIO(SOUND)).namelist()
    name = data.draw(st.sampled_from(names))
    text = zipfile.ZipFile(io.BytesIO(SOUND)).read(name)
    cut = data.draw(st.integers(0, len(text)))
    new = data.draw(st.sampled_from([text[:cut], text[cut:], b"<a/>", text.replace(b"<row", b"<r0w"), b""]))
    found = outcome(replaced(SOUND, {name: new}))
    assert found.startswith("!sheet.") or found.isdigit()


def replaced(raw: bytes, parts: dict[str, bytes]) -> bytes:
    """The archive with parts replaced or added."""
    source, out = zipfile.ZipFile(io.BytesIO(raw)), io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            archive.writestr(name, parts.pop(name, source.read(name)))
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def leaf(rows: str, head: str = "") -> bytes:
    """A workbook whose leaf is written by hand, as other programs do."""
    xml = (
        f'{head}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="A1"/><sheetData>{rows}</sheetData></worksheet>'
    )
    return replaced(SOUND, {SHEET: xml.encode()})


def test_the_ways_of_wps_and_excel() -> None:
    """A dimension that is not so, inline strings, shared formulas with their last value, gaps, blanks with a format,
    a cell in the last corner that makes nobody hold all before it."""
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c>'
        '<c r="C1" t="inlineStr"><is><t>号</t></is></c></row>'
        '<row r="4"><c r="A4" t="inlineStr"><is><r><t>王</t></r><r><t>五</t></r></is></c>'
        '<c r="B4" s="1"/><c r="C4"><f>1+1</f><v>2</v></c></row>'
        '<row r="9"><c r="A9" t="inlineStr"><is><t> </t></is></c></row>'
        '<row r="1048576"><c r="A1048576"><v>7</v></c></row>'
    )
    [table] = list(tables(leaf(rows)))
    assert [(row.number, row.cells) for row in table.rows] == [
        (1, ("姓名", None, "号")), (4, ("王五", None, 2)), (1048576, (7,)),
    ]  # fmt: skip
    assert fault(leaf('<row r="1"><c r="XFD1"><v>1</v></c></row>')) == "sheet.columns"


def test_dates_keep_their_kind() -> None:
    book = Workbook()
    book.active.append(["日期", datetime(2026, 3, 1), datetime(2026, 3, 1, 8, 30), 45123.5])
    out = io.BytesIO()
    book.save(out)
    assert read(out.getvalue()) == [["日期", datetime(2026, 3, 1), datetime(2026, 3, 1, 8, 30), 45123.5]]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_csv_as_programs_save_it(codec: str, mark: str) -> None:
    text = f'姓名{mark}号码\r\n王䶮{mark}="0123"\r\n\r\n"李{mark}四"{mark}\'=1\r\n'
    assert read(text.encode(codec)) == [["姓名", "号码"], ["王䶮", "0123"], [f"李{mark}四", "=1"]]


BOMB = Limits(unpacked=100_000)
ENTITY = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


def test_what_is_refused_and_why() -> None:
    assert fault(b"") == "sheet.empty"
    assert fault(b" \n") == "sheet.empty"
    assert fault(b"a,b\n" * 10, Limits(size=20)) == "sheet.size"
    assert fault(b"\xd0\xcf\x11\xe0" + bytes(500)) == "sheet.old"
    assert fault(b"PK\x03\x04" + bytes(50)) == "sheet.broken"
    assert fault(replaced(SOUND, {"x.bin": bytes(200_000)}), BOMB) == "sheet.bomb"
    assert fault(replaced(SOUND, {f"x{n}": b"" for n in range(501)})) == "sheet.bomb"
    assert fault(leaf("", ENTITY)) == "sheet.hostile"
    assert fault(replaced(SOUND, {SHEET: ENTITY.encode("utf-16")})) == "sheet.hostile"
    assert fault(replaced(SOUND, {SHEET: b'<?xml version="1.0" encoding="cp037"?>' + b"\x4c" * 9})) == "sheet.hostile"
    assert fault(b"\x7fELF\x02\x01\x01" + bytes(64)) == "sheet.kind"
    assert fault(b"a,b\nc,\xff\xff\xff\n") == "sheet.encoding"
    assert fault(b"a\n" * 12, Limits(rows=10)) == "sheet.rows"
    assert fault(b"a," * 12 + b"b\n", Limits(columns=10)) == "sheet.columns"
    assert fault(b"a\n" + b"x" * 50, Limits(cell=40)) == "sheet.cell"


def test_places_have_the_names_that_programs_show() -> None:
    assert [letters(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert place(7, 2) == "C7"
    with pytest.raises(SheetFault) as found:
        list(tables(b"a,b\nx," + b"y" * 50, Limits(cell=40)))
    assert found.value.params == {"most": 40, "place": "B2"}
