"""The tables of staff with posts (a row a post), of their certificates and titles, and what their cells become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from doorstep.adapters.sheets.columns import Column, Form, Kind, day
from doorstep.registers.staff.rules import LICENCES, PROFESSIONS, ROLES, SEXES, TITLE_LEVELS

FORM: Final = Form(
    "staff",
    "人员和岗位",
    "Staff and posts",
    (
        Column(
            "number", "工号", "Staff number", needed=True, most=30, example="QH0102",
            hint_zh="全县唯一，用来认出人员；一人有几个岗位就填几行",
            hint_en="Unique in the district; a person with several posts has several rows",
        ),
        Column("name", "姓名", "Name", needed=True, example="李晓红"),
        Column("sex", "性别", "Sex", Kind.CODE, codes=SEXES, example="女"),
        Column("birth_date", "出生日期", "Born on", Kind.DATE, past=True, example="1988-06-15"),
        Column("profession", "职业", "Profession", Kind.CODE, codes=PROFESSIONS, example="护士"),
        Column("phone", "手机号码", "Telephone", Kind.PHONE, example="13900001234"),
        Column(
            "uscc", "机构代码", "Institution's credit code", Kind.INSTITUTION, needed=True,
            example="12439921WY0000998C",
        ),
        Column("department", "科室代码", "Department code", most=12),
        Column(
            "role", "岗位角色", "Role", Kind.CODE, needed=True, codes={k: r.title for k, r in ROLES.items()},
            example="护士",
        ),
        Column(
            "duty", "职务", "Duty", most=40, hint_zh="只在新任岗位时写入", hint_en="Written for a new post alone",
        ),
        Column("since", "任职日期", "Since", Kind.DATE, needed=True, example="2026-01-01"),
        Column("until", "最后一天", "Until", Kind.DATE, hint_zh="离岗的填写", hint_en="Of a post that ends"),
    ),
    once=(("number", "uscc", "department", "role", "since"),),
    shared=("number", "name", "sex", "birth_date", "profession", "phone"),
    most=1000,
)  # fmt: skip
_WHO: Final = (
    Column("number", "工号", "Staff number", needed=True, most=30, example="QH0102"),
    Column(
        "name", "姓名", "Name", needed=True, example="李晓红",
        hint_zh="应与登记的姓名一致，用来核对工号", hint_en="As it is registered; it proves the staff number",
    ),
)  # fmt: skip
CERTIFICATES: Final = Form(
    "licences",
    "资格和执业证书",
    "Certificates of staff",
    (
        *_WHO,
        Column("kind", "证书", "Certificate", Kind.CODE, needed=True, codes=LICENCES, example="护士执业证书"),
        Column(
            "licence", "证书编号", "Certificate's number", needed=True, most=40, example="202643000123",
            hint_zh="设为文本格式，以免末几位丢失", hint_en="As text, or its last digits are lost",
        ),
        Column("since", "发证日期", "Issued on", Kind.DATE, needed=True, past=True, example="2026-01-01"),
        Column("until", "有效期至", "Valid until", Kind.DATE, hint_zh="长期有效的不填", hint_en="Empty: no end"),
    ),
    once=(("kind", "licence"),),
    most=1000,
)  # fmt: skip
TITLES: Final = Form(
    "titles",
    "职称",
    "Titles of staff",
    (
        *_WHO,
        Column("title", "职称名称", "Title", needed=True, most=40, example="主管护师"),
        Column("level", "职称级别", "Level", Kind.CODE, needed=True, codes=TITLE_LEVELS, example="中级"),
        Column("since", "取得日期", "Since", Kind.DATE, past=True, example="2024-06-30"),
    ),
    once=(("number", "title"),),
    most=1000,
)  # fmt: skip
PLACES_OF_QUALIFICATIONS: Final[Mapping[str, str]] = {
    "person.name": "name", "person": "number", "not_yours": "number", "period": "until", "licence": "licence",
    "title": "title",
}  # fmt: skip
PLACES: Final[Mapping[str, str]] = {
    "number": "number", "name": "name", "birth": "birth_date", "uscc": "uscc", "not_yours": "uscc", "role": "role",
    "department": "department", "period": "until", "post": "since", "person": "number",
}  # fmt: skip
"""By the first word of a refusal, the column that it is about."""


def person(said: Mapping[str, str]) -> dict[str, Any]:
    """The filled cells about the person, as fields of ``PersonFacts``."""
    return {key: day(said[key]) if key == "birth_date" else said[key] for key in FORM.shared if said.get(key)}
