"""Kinds, codes and check digits of institutions and consortia (GB 32100, GB 11714, GB/T 2260, WS 218-2002)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from doorstep.kernel.coding import Coding
from doorstep.kernel.decision import Decision, allow, refuse


def _(text: str) -> str:
    return text


class Tier(StrEnum):
    """Where an institution stands in the network of care."""

    LEAD = "lead"
    SECOND = "second"
    FIRST = "first"
    BASE = "base"


class Status(StrEnum):
    """Operating status; the digits are those in regional use (consortium.md §9.4)."""

    OPEN = "0"
    PREPARING = "1"
    SUSPENDED = "2"
    CLOSED = "3"


class Kind(StrEnum):
    """The four kinds of medical alliance (国卫医发〔2020〕13号)."""

    COUNTY_COMMUNITY = "county_community"
    CITY_GROUP = "city_group"
    SPECIALTY_ALLIANCE = "specialty_alliance"
    TELEMEDICINE_NETWORK = "telemedicine_network"


class Role(StrEnum):
    """What an institution is in a consortium."""

    LEAD = "lead"
    DEPUTY_LEAD = "deputy_lead"
    MEMBER = "member"
    BASE_MEMBER = "base_member"
    SUPPORTING = "supporting"


class Count(StrEnum):
    """What is counted at an institution on a day."""

    BEDS = "beds"
    STAFF = "staff"
    PHYSICIANS = "physicians"
    NURSES = "nurses"


class Level(StrEnum):
    """Levels of GB/T 2260 divisions and what lies below them."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"


class Matter(StrEnum):
    """What an agreement is about."""

    REFERRAL = "referral"
    RECOGNITION = "recognition"
    TELEMEDICINE = "telemedicine"
    STERILISATION = "sterilisation"
    JOINT_WARD = "joint_ward"
    EXPERTS = "experts"
    ELDERCARE = "eldercare"
    ALLIANCE = "alliance"
    OTHER = "other"


TIERS: Mapping[str, str] = {
    Tier.LEAD: _("牵头医院"),
    Tier.SECOND: _("二级层"),
    Tier.FIRST: _("一级层"),
    Tier.BASE: _("基层网底"),
}
STATUSES: Mapping[str, str] = {
    Status.OPEN: _("开业"),
    Status.PREPARING: _("筹建"),
    Status.SUSPENDED: _("停业"),
    Status.CLOSED: _("撤销"),
}
KINDS: Mapping[str, str] = {
    Kind.COUNTY_COMMUNITY: _("县域医共体"),
    Kind.CITY_GROUP: _("城市医疗集团"),
    Kind.SPECIALTY_ALLIANCE: _("专科联盟"),
    Kind.TELEMEDICINE_NETWORK: _("远程医疗协作网"),
}
ROLES: Mapping[str, str] = {
    Role.LEAD: _("牵头单位"),
    Role.DEPUTY_LEAD: _("副牵头单位"),
    Role.MEMBER: _("成员单位"),
    Role.BASE_MEMBER: _("基层成员"),
    Role.SUPPORTING: _("协作单位"),
}
COUNTS: Mapping[str, str] = {
    Count.BEDS: _("床位"),
    Count.STAFF: _("职工"),
    Count.PHYSICIANS: _("医师"),
    Count.NURSES: _("护士"),
}
MATTERS: Mapping[str, str] = {
    Matter.REFERRAL: _("双向转诊"),
    Matter.RECOGNITION: _("检查检验结果互认"),
    Matter.TELEMEDICINE: _("远程医疗"),
    Matter.STERILISATION: _("消毒供应"),
    Matter.JOINT_WARD: _("联合病房"),
    Matter.EXPERTS: _("专家坐诊"),
    Matter.ELDERCARE: _("医养结合"),
    Matter.ALLIANCE: _("专科联盟合作"),
    Matter.OTHER: _("其他事项"),
}

MANAGING_KINDS = frozenset({Kind.COUNTY_COMMUNITY, Kind.CITY_GROUP})
"""Close-knit kinds, whose lead manages the members' people and facts; the looser kinds only work together."""

# --- codes -----------------------------------------------------------------------------------------------------------

_ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_USCC_SHAPE = re.compile(rf"[{_USCC_ALPHABET}]{{2}}[0-9]{{6}}[{_USCC_ALPHABET}]{{10}}")
_TYPE_SHAPE = re.compile(r"[A-Z][0-9]{3}")
_LICENCE_SHAPE = re.compile(r"[0-9A-Z-]{22,23}")


def organisation_code_check(body: str) -> str:
    """The check character of an organisation code's first 8 characters (GB 11714-1997)."""
    rest = 11 - sum(_ORG_ALPHABET.index(c) * w for c, w in zip(body, _ORG_WEIGHTS, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def credit_code_check(body: str) -> str:
    """The check character of a unified social credit code's first 17 characters (GB 32100-2015)."""
    total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(body, _USCC_WEIGHTS, strict=True))
    return _USCC_ALPHABET[(31 - total % 31) % 31]


def credit_code(text: str) -> Decision:
    """Whether this is a well-formed credit code: shape, its check digit, and that of the organisation code in it."""
    if len(text) != 18:
        return refuse("uscc.length", found=len(text))
    if not _USCC_SHAPE.fullmatch(text):
        return refuse("uscc.shape")
    if credit_code_check(text[:17]) != text[17]:
        return refuse("uscc.check")
    if organisation_code_check(text[8:16]) != text[16]:
        return refuse("uscc.inner_check")
    return allow()


def licence_warning(number: str) -> str:
    """A word of warning where a licence or WS 218 number is not 22–23 characters of digits and capitals; else ""."""
    return "" if not number or _LICENCE_SHAPE.fullmatch(number) else "licence.unusual"


def type_code(text: str) -> Decision:
    """Whether this has the shape of a WS 218-2002 class code: a capital and three digits."""
    return allow() if _TYPE_SHAPE.fullmatch(text) else refuse("type.shape")


def area_code(text: str) -> Decision:
    """Whether this is a division's code in 12 digits (GB/T 2260, GB/T 10114; zeros where it ends early)."""
    if re.fullmatch(r"[1-9][0-9]{11}", text) is None:
        return refuse("area.shape")
    return allow()


def area_level(code: str) -> Level:
    """The level of a 12-digit division code, by where its zeros begin."""
    if code[9:] != "000":
        return Level.VILLAGE
    if code[6:9] != "000":
        return Level.TOWNSHIP
    if code[4:6] != "00":
        return Level.COUNTY
    return Level.CITY if code[2:4] != "00" else Level.PROVINCE


def area_above(code: str) -> tuple[str, ...]:
    """The codes of the divisions that hold this one, nearest first."""
    lengths = [n for n in (9, 6, 4, 2) if code[n:].strip("0")]
    return tuple(code[:n].ljust(12, "0") for n in lengths)


def area_prefix(code: str) -> str:
    """What the codes of all divisions within this one begin with."""
    return code[: {"province": 2, "city": 4, "county": 6, "township": 9, "village": 12}[area_level(code)]]


def position(longitude: Decimal | None, latitude: Decimal | None) -> Decision:
    """Whether a place is given whole (both or neither, in degrees) and lies on the globe."""
    if longitude is None and latitude is None:
        return allow()
    if longitude is None or latitude is None:
        return refuse("position.half")
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        return refuse("position.range")
    return allow()


def is_in_china(longitude: Decimal, latitude: Decimal) -> bool:
    """Whether a place lies in the box around China (73–136° E, 3–54° N): outside it is more likely a slip."""
    return 73 <= longitude <= 136 and 3 <= latitude <= 54


# --- grades and types ------------------------------------------------------------------------------------------------

GRADE_SYSTEM = "urn:doorstep:hospital-grade"
CHONGQING_GRADES = "urn:doorstep:hospital-grade:chongqing"
CORE_GUIDE_GRADES = "urn:doorstep:hospital-grade:hl7-cn"
GRADES: Mapping[str, str] = {
    "3S": _("三级特等"),
    "3A": _("三级甲等"),
    "3B": _("三级乙等"),
    "3C": _("三级丙等"),
    "3": _("三级未定等"),
    "2A": _("二级甲等"),
    "2B": _("二级乙等"),
    "2C": _("二级丙等"),
    "2": _("二级未定等"),
    "1A": _("一级甲等"),
    "1B": _("一级乙等"),
    "1C": _("一级丙等"),
    "1": _("一级未定等"),
    "0": _("未定级"),
}
_OUTSIDE: Mapping[str, Sequence[str]] = {
    # Two published sets run in opposite directions, so a bare digit means nothing (consortium.md §9.4).
    CHONGQING_GRADES: ("", *["3S", "3A", "3B", "3C", "2A", "2B", "2C", "1A", "1B", "1C", "1", "2", "3", "0"]),
    CORE_GUIDE_GRADES: ("", *["1C", "1B", "1A", "2C", "2B", "2A", "3C", "3B", "3A"]),
}


def grade(code: str) -> Coding:
    """A grade and class of ours with its system and words; raises ``KeyError`` for another code."""
    return Coding(GRADE_SYSTEM, code, GRADES[code])


def read_grade(found: Coding) -> Coding | None:
    """A grade from one of the published sets, in ours; None where the system or its code is not known."""
    if found.system == GRADE_SYSTEM:
        return grade(found.code) if found.code in GRADES else None
    codes = _OUTSIDE.get(found.system, ())
    number = int(found.code) if found.code.isascii() and found.code.isdigit() else 0
    return grade(codes[number]) if 0 < number < len(codes) else None


def grade_of_words(words: str) -> Coding | None:
    """The grade that Chinese words like "三级甲等", "三级" or "三甲" name; None where they name none."""
    text = words.removesuffix("医院")
    short = {v[0] + v[2]: k for k, v in GRADES.items() if len(v) == 4}
    plain = {v: k for k, v in GRADES.items()} | {f"{v[0]}级": k for k, v in GRADES.items() if k in {"1", "2", "3"}}
    code = plain.get(text) or short.get(text)
    return grade(code) if code else None


def level_of(code: str) -> int:
    """The hospital level 1–3 of a grade of ours; 0 where there is none."""
    return int(code[0]) if code in GRADES else 0


TYPES: Mapping[str, str] = {
    "A100": _("综合医院"),
    "A210": _("中医(综合)医院"),
    "A300": _("中西医结合医院"),
    "A514": _("肿瘤医院"),
    "A515": _("心血管病医院"),
    "A518": _("妇产(科)医院"),
    "A519": _("儿童医院"),
    "A520": _("精神病医院"),
    "A521": _("传染病医院"),
    "A526": _("骨科医院"),
    "A527": _("康复医院"),
    "A539": _("其他专科医院"),
    "A600": _("疗养院"),
    "A710": _("护理院"),
    "A720": _("护理站"),
    "B100": _("社区卫生服务中心"),
    "B200": _("社区卫生服务站"),
    "C100": _("街道卫生院"),
    "C210": _("中心卫生院"),
    "C220": _("乡卫生院"),
    "D110": _("综合门诊部"),
    "D211": _("普通诊所"),
    "D212": _("中医诊所"),
    "D215": _("口腔诊所"),
    "D300": _("卫生所(室)"),
    "D400": _("医务室"),
    "D500": _("中小学卫生保健所"),
    "D600": _("村卫生室"),
    "E100": _("急救中心"),
    "E200": _("急救中心站"),
    "E300": _("急救站"),
    "F200": _("单采血浆站"),
    "G100": _("妇幼保健院"),
    "G200": _("妇幼保健所"),
    "G300": _("妇幼保健站"),
    "J100": _("疾病预防控制中心"),
    "J200": _("卫生防疫站"),
    "P110": _("临床检验中心"),
    "P120": _("临床检验所"),
    "P918": _("卫生统计信息中心"),
}
_FAMILIES: Mapping[str, str] = {
    "A22": _("中医专科医院"),
    "A4": _("民族医院"),
    "A5": _("专科医院"),
    "D1": _("门诊部"),
    "D2": _("诊所"),
    "F1": _("采供血机构"),
    "H": _("专科疾病防治机构"),
    "K": _("卫生监督机构"),
}
ECONOMIC: Mapping[str, str] = {
    "11": _("国有全资"),
    "12": _("集体全资"),
    "13": _("股份合作"),
    "14": _("联营"),
    "15": _("有限责任公司"),
    "16": _("股份有限公司"),
    "17": _("私有"),
    "19": _("其他内资"),
    "20": _("港澳台投资"),
    "30": _("国外投资"),
    "90": _("其他"),
}
MANAGEMENT: Mapping[str, str] = {"1": _("非营利性"), "2": _("营利性"), "9": _("其他")}
_OTHER_TYPE = _("其他卫生机构")


def type_name(code: str) -> str:
    """The words of a class code, those of its family where the code itself is not listed (WS 218-2002)."""
    if code in TYPES:
        return TYPES[code]
    return next((words for start, words in _FAMILIES.items() if code.startswith(start)), _OTHER_TYPE)


PRIMARY_RULE = "organisations.primary"
PRIMARY: Mapping[str, Sequence[str]] = {
    "codes": ("B100", "B200", "C100", "C210", "C220", "D300", "D400", "D600"),
    "prefixes": ("D1", "D2"),
}
"""The parameters that hold where no dated rule ``organisations.primary`` says otherwise (consortium.md §9.4)."""


def is_primary(code: str, parameters: Mapping[str, Sequence[str]] = PRIMARY) -> bool:
    """Whether a class code counts as primary care (基层医疗卫生机构) under the rule's parameters."""
    return code in parameters["codes"] or code.startswith(tuple(parameters["prefixes"]))


# --- periods, counts, trees ------------------------------------------------------------------------------------------


def period(since: date, until: date | None) -> Decision:
    """Whether a period (both days included, an open end None) does not end before it begins."""
    return refuse("period.reversed") if until is not None and until < since else allow()


def holds(since: date, until: date | None, day: date) -> bool:
    """Whether the day lies within the period, both ends included."""
    return since <= day and (until is None or day <= until)


def overlap(one: tuple[date, date | None], other: tuple[date, date | None]) -> bool:
    """Whether two periods share a day."""
    return holds(*one, other[0]) or holds(*other, one[0])


def last_day(excluded: date | None) -> date | None:
    """The last day of a period whose end was given as the first day after it."""
    return excluded - timedelta(days=1) if excluded else None


def newest(facts: Iterable[tuple[date, int]], day: date) -> tuple[date, int] | None:
    """The newest counted fact on or before the day; None where nothing was counted by then."""
    return max((f for f in facts if f[0] <= day), default=None, key=lambda f: f[0])


def hangs_under(parents: Mapping[str, str], child: str, parent: str) -> Decision:
    """Whether the parent may be set without the institution standing above itself; ``parents`` maps child to parent."""
    seen, here = {child}, parent
    while here:
        if here in seen:
            return refuse("parent.circle")
        seen.add(here)
        here = parents.get(here, "")
    return allow()
