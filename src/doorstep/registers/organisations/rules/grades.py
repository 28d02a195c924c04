"""Hospital grades and classes, institution classes of WS 218-2002, and which of them are primary care."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from doorstep.kernel.coding import Coding


def _(text: str) -> str:
    return text


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
