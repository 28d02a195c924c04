"""The table of institutions as institutions fill it in, and what its cells become."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from doorstep.adapters.sheets.columns import Column, Form, Kind
from doorstep.registers.organisations.rules.grades import GRADES, TYPES
from doorstep.registers.organisations.rules.kinds import STATUSES, TIERS

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
PLACES: Final[Mapping[str, str]] = {
    "uscc": "uscc", "type": "type_code", "area": "area", "grade": "grade", "short_code": "uscc", "parent": "parent",
    "period": "opened_on",
}  # fmt: skip
"""By the first word of a refusal, the column that it is about."""


def facts(said: Mapping[str, str]) -> dict[str, Any]:
    """The filled cells as fields of ``Facts``; what was left empty stays as it is. ``parent`` is still a code."""
    found: dict[str, Any] = {key: value for key, value in said.items() if value}
    if "opened_on" in found:
        found["opened_on"] = date.fromisoformat(found["opened_on"])
    return found
