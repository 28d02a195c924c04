"""The tables of institutions, their departments and counts as they are filled in, and what the cells become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from doorstep.adapters.sheets.columns import Column, Form, Kind
from doorstep.registers.organisations.rules.grades import GRADES, TYPES
from doorstep.registers.organisations.rules.kinds import COUNTS, STATUSES, TIERS, Count

_WHOSE: Final = Column(
    "uscc", "统一社会信用代码", "Credit code", Kind.INSTITUTION, needed=True, example="12439921WY0000998C",
    hint_zh="机构的 18 位代码", hint_en="Of the institution, 18 characters",
)  # fmt: skip
FORM: Final = Form(
    "institutions",
    "机构",
    "Institutions",
    (
        Column(
            "uscc", "统一社会信用代码", "Credit code", Kind.INSTITUTION, needed=True, example="12439921WY0000998C",
            hint_zh="18 位，用来认出机构", hint_en="18 characters; by it the institution is known",
        ),
        Column("name", "机构名称", "Name", needed=True, most=100, example="清河镇中心卫生院"),
        Column("type_code", "机构类别", "Type", Kind.CODE, needed=True, codes=TYPES, example="中心卫生院"),
        Column("tier", "所在层级", "Tier", Kind.CODE, needed=True, codes=TIERS, example="基层网底"),
        Column(
            "area", "区划代码", "Division code", needed=True, most=12, example="439921100000",
            hint_zh="12 位数字", hint_en="12 digits",
        ),
        Column("short_name", "简称", "Short name", most=40),
        Column("grade", "医院等级", "Grade", Kind.CODE, codes=GRADES),
        Column(
            "parent", "上级机构代码", "Parent's credit code", Kind.INSTITUTION,
            hint_zh="上级机构的统一社会信用代码，要先有这家机构", hint_en="Of an institution that is there",
        ),
        Column("status", "状态", "Status", Kind.CODE, codes=STATUSES, example="开业"),
        Column("address", "地址", "Address", most=200),
        Column("phone", "电话", "Telephone", Kind.PHONE),
        Column("opened_on", "开业日期", "Opened on", Kind.DATE),
    ),
    once=(("uscc",),),
    most=1000,
)  # fmt: skip
DEPARTMENTS: Final = Form(
    "departments",
    "科室",
    "Departments",
    (
        _WHOSE,
        Column(
            "code", "诊疗科目代码", "Department code", needed=True, most=12, example="03.04",
            hint_zh="《医疗机构诊疗科目名录》的代码，或机构自编", hint_en="Of the national list, or its own",
        ),
        Column("name", "科室名称", "Name", needed=True, example="心血管内科"),
        Column("since", "开设日期", "Open since", Kind.DATE, needed=True, example="2026-01-01"),
        Column(
            "until", "最后一天", "Last day", Kind.DATE, hint_zh="科室关闭时才填", hint_en="Only where it is closed",
        ),
    ),
    once=(("uscc", "code", "since"),),
    most=1000,
)  # fmt: skip
RETURN: Final = Form(
    "counts",
    "床位和人员月报",
    "Monthly return of beds and staff",
    (
        _WHOSE,
        Column("counted_on", "统计日期", "Counted on", Kind.DATE, needed=True, past=True, example="2026-03-31"),
        *(
            Column(kind, COUNTS[kind], en, Kind.NUMBER, low=Decimal(0), high=Decimal(1_000_000), example=example)
            for kind, en, example in (
                (Count.BEDS, "Beds", "60"), (Count.STAFF, "Staff", "42"), (Count.PHYSICIANS, "Physicians", "15"),
                (Count.NURSES, "Nurses", "18"),
            )
        ),
    ),
    once=(("uscc", "counted_on"),),
)  # fmt: skip
PLACES: Final[Mapping[str, str]] = {
    "uscc": "uscc", "type": "type_code", "area": "area", "grade": "grade", "short_code": "uscc", "parent": "parent",
    "period": "opened_on",
}  # fmt: skip
PLACES_OF_DEPARTMENTS: Final[Mapping[str, str]] = {
    "uscc": "uscc", "not_yours": "uscc", "department.unlike": "name", "department": "since", "period": "until",
}  # fmt: skip
PLACES_OF_COUNTS: Final[Mapping[str, str]] = {"uscc": "uscc", "not_yours": "uscc", "count": "counted_on"}
"""By the first word of a refusal, the column that it is about."""


def facts(said: Mapping[str, str]) -> dict[str, Any]:
    """The filled cells as fields of ``Facts``; what was left empty stays as it is. ``parent`` is still a code."""
    found: dict[str, Any] = {key: value for key, value in said.items() if value}
    if "opened_on" in found:
        found["opened_on"] = date.fromisoformat(found["opened_on"])
    return found


def wrong_counts(said: Mapping[str, str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """What of a return contradicts itself: column, code, what the words need."""
    if not any(said.get(kind) for kind in Count):
        yield "", "row.no_count", {}
    for part in (Count.PHYSICIANS, Count.NURSES):
        if said.get(part) and said.get(Count.STAFF) and int(said[part]) > int(said[Count.STAFF]):
            yield part, "row.more_than_staff", {"number": said[part], "staff": said[Count.STAFF]}


def counts(said: Mapping[str, str]) -> dict[Count, int]:
    """What was counted; what was left empty was not."""
    return {kind: int(said[kind]) for kind in Count if said.get(kind)}
