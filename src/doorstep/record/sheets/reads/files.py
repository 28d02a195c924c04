"""Files that go out: templates, and an import's rows with what is wrong beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.translation import get_language, gettext

from doorstep.adapters.sheets.columns import Column, Form, Kind
from doorstep.adapters.sheets.shapes import letters, place
from doorstep.adapters.sheets.writing import Leaf, comma_separated, workbook
from doorstep.record.exchange import api as exchange
from doorstep.record.sheets.reads.forms import FORMS
from doorstep.record.sheets.rules.rows import Wrong
from doorstep.record.sheets.shapes import Line, RowLine

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDE: Final = {Kind.ID_NUMBER: 22, Kind.INSTITUTION: 22, Kind.DATE: 13, Kind.NUMBER: 10}


def is_english() -> bool:
    """Whether the running request is in English."""
    return (get_language() or "zh").startswith("en")


def title(column: Column | Form) -> str:
    """The title of a column or a table in the language of the running request."""
    return column.en if is_english() else column.zh


def told(form: Form, params: Mapping[str, object]) -> dict[str, object]:
    """What the words of a file's fault need: in place of the keys of columns, their titles."""
    found = dict(params)
    keys = found.pop("keys", ())
    if isinstance(keys, tuple) and keys:
        names = [" / ".join(title(form.column(key)) for key in str(each).split(" / ")) for each in keys]
        found["titles"] = ("、", ", ")[is_english()].join(names)
    return found


def say(wrong: Wrong) -> str:
    """What is wrong, in words of the running request's language."""
    return exchange.say(exchange.Problem(wrong.code, params=dict(wrong.params)), get_language() or "zh")


def where(wrong: Wrong, line: Line, number: int) -> str:
    """The cell, as the program shows it (C7); the row's number where no one cell is meant."""
    at = line.at_columns.get(wrong.column)
    return str(number) if at is None else place(number, at)


def template(kind: str) -> bytes:
    """An .xlsx file to fill in: titles (a star where needed), how to fill in, and what codes there are."""
    form = FORMS[kind]
    coded = [c for c in form.columns if c.codes]
    lists = gettext("选项")
    choices = {form.columns.index(column): _range(lists, at, len(column.codes) + 1) for at, column in enumerate(coded)}
    wide = [_WIDE.get(column.kind, 16) for column in form.columns]
    return workbook(
        (
            Leaf(title(form), [_titles(form)], wide=wide, choices=choices),
            Leaf(gettext("填写说明"), _explained(form), wide=(20, 10, 12, 60, 24)),
            Leaf(lists, _lists(coded), wide=[24] * len(coded)),
        )
    )


def _titles(form: Form) -> list[str]:
    return [f"{title(column)}{'*' if column.needed else ''}" for column in form.columns]


def _range(leaf: str, column: int, last: int) -> str:
    name = letters(column)
    return f"'{leaf}'!${name}$2:${name}${last}"


def _lists(coded: Sequence[Column]) -> list[list[str]]:
    longest = max((len(c.codes) for c in coded), default=0)
    words = [[gettext(each) for each in c.codes.values()] for c in coded]
    rows = [[column[at] if at < len(column) else "" for column in words] for at in range(longest)]
    return [[title(c) for c in coded], *rows]


def _explained(form: Form) -> list[list[str]]:
    kinds = {
        Kind.TEXT: gettext("文字"), Kind.DATE: gettext("日期"), Kind.NUMBER: gettext("数字"),
        Kind.CODE: gettext("从列表选"), Kind.ID_NUMBER: gettext("18 位号码"), Kind.PHONE: gettext("电话"),
        Kind.INSTITUTION: gettext("18 位代码"),
    }  # fmt: skip
    head = [gettext("列"), gettext("是否必填"), gettext("类型"), gettext("怎样填"), gettext("例")]
    lines = [
        [
            title(c),
            gettext("必填") if c.needed else "",
            kinds[c.kind],
            _hint(c),
            gettext(c.example) if c.codes else c.example,
        ]
        for c in form.columns
    ]
    notes = [
        gettext("已有的内容，单元格留空就不改。"),
        gettext("标题行可以放在第 1 至 15 行，列的顺序可以不同。"),
        gettext("上传后先检查，不会改动任何数据；确认后才写入，写入后可以撤销。"),
    ]
    return [head, *lines, [""], *([note] for note in notes)]


def _hint(column: Column) -> str:
    hint = column.hint_en if is_english() else column.hint_zh
    if column.kind is Kind.DATE and not hint:
        return gettext("如 2026-03-12")
    if column.kind is Kind.NUMBER and column.low is not None:
        bounds = gettext("%(low)s 到 %(high)s") % {"low": column.low, "high": column.high}
        return f"{bounds} {hint}".strip()
    return hint


def plain_template(kind: str) -> bytes:
    """The titles as a .csv file."""
    return comma_separated([_titles(FORMS[kind])])


def with_errors(line: Line, rows: Sequence[RowLine], outcomes: dict[str, str], taken: str) -> bytes:
    """The rows as they came, with the result and what is to be mended beside each; who took it stands at the head.

    The file can be mended and uploaded as it is: what was written beside the rows is passed over.
    """
    width = max([len(line.titles), *(len(row.cells) for row in rows)])
    pad = [""] * width
    head = [*(list(line.titles) + pad)[:width], gettext("结果"), gettext("需要改正")]
    body = [[*(list(row.cells) + pad)[:width], outcomes.get(row.outcome, ""), _told(row, line)] for row in rows]
    marked = frozenset(
        (at, line.at_columns[wrong.column])
        for at, row in enumerate(rows, 2)
        for wrong in row.wrong
        if wrong.column in line.at_columns
    )
    form = FORMS[line.kind]
    wide = [*[16] * width, 10, 70]
    return workbook((Leaf(title(form), [[taken], head, *body], header=1, wide=wide, marked=marked),))


def _told(row: RowLine, line: Line) -> str:
    # the places of the file as it came: in this one the rows stand elsewhere, so the column alone is named
    names = {column.key: title(column) for column in FORMS[line.kind].columns}
    return "\n".join(f"{names.get(w.column, '')} {say(w)}".strip() for w in row.wrong)
