"""The table of residents as an institution fills it in, and what of a row contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from doorstep.adapters.sheets.columns import Column, Form, Kind
from doorstep.linkage import numbers

_ = str  # marks what catalogues translate; this file knows no frame
SEXES: Final[Mapping[str, str]] = {"1": _("男"), "2": _("女"), "0": _("未知"), "9": _("未说明")}
NUMBER: Final = Column(
    "number", "居民编号", "Patient number", most=40, example="P000123",
    hint_zh="本机构给居民的编号。与身份证号至少填一个", hint_en="This institution's own; this or the ID is needed",
)  # fmt: skip
ID_NUMBER: Final = Column(
    "id_number", "身份证号", "Resident ID", Kind.ID_NUMBER, example="439921198503150015",
    hint_zh="18 位。单元格要设为文本，否则末几位会丢失", hint_en="18 characters, in a cell whose format is text",
)  # fmt: skip
FORM: Final = Form(
    "residents",
    "居民",
    "Residents",
    (
        NUMBER,
        ID_NUMBER,
        Column("name", "姓名", "Name", needed=True, example="王小明"),
        Column("sex", "性别", "Sex", Kind.CODE, codes=SEXES, example="男"),
        Column("birth_date", "出生日期", "Born on", Kind.DATE, past=True, example="1985-03-15"),
        Column("phone", "联系电话", "Telephone", Kind.PHONE, example="13900001234"),
        Column("address", "住址", "Address", most=200, example="清河镇柳树村 3 组 12 号"),
        Column("archive", "健康档案编号", "Health archive number", most=17, hint_zh="17 位数字", hint_en="17 digits"),
        Column(
            "certificate",
            "出生医学证明编号",
            "Birth certificate",
            most=12,
            example="R430012345",
            hint_zh="儿童填写：1 个字母和 9 位数字",
            hint_en="Of children: a letter and nine digits",
        ),
        Column("mother", "母亲姓名", "Mother", hint_zh="儿童填写", hint_en="Of children"),
        Column("father", "父亲姓名", "Father", hint_zh="儿童填写", hint_en="Of children"),
    ),
    once=(("number",), ("id_number",), ("archive",), ("certificate",)),
    either=(("number", "id_number"),),
)
Wrong = tuple[str, str, dict[str, str]]


def wrong(said: Mapping[str, str]) -> Iterator[Wrong]:
    """What of a row contradicts itself: column, code, what the words need."""
    number, born, sex = said.get("id_number", ""), said.get("birth_date", ""), said.get("sex", "")
    facts = numbers.read_id(number) if number else ""
    if not isinstance(facts, str):
        if born and born != facts.birth.isoformat():
            yield "birth_date", "id_birth_mismatch", {"id": facts.birth.isoformat(), "birth_date": born}
        if sex in ("1", "2") and sex != facts.sex:
            yield "sex", "id_sex_mismatch", {}
    elif not born:
        yield "birth_date", "row.birth", {}
    if (archive := said.get("archive", "")) and not numbers.is_archive_number(archive):
        yield "archive", "row.archive", {}
    if (certificate := said.get("certificate", "")) and not numbers.birth_certificate(certificate):
        yield "certificate", "row.certificate", {}
    yield from _wrong_parents(said)


def _wrong_parents(said: Mapping[str, str]) -> Iterator[Wrong]:
    for parent, other in (("mother", "father"), ("father", "name"), ("mother", "name")):
        if said.get(parent) and said[parent] == said.get(other):
            yield parent, "row.parent", {}
