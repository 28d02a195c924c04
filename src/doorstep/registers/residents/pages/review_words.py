"""The words in which the review of pairs is told."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

STATES: Final = {
    "open": _("待核对"),
    "unsure": _("无法判断"),
    "same": _("同一人"),
    "different": _("不是同一人"),
    "settled": _("已另行处理"),
}
STATE_TONES: Final = {"open": "info", "unsure": "warn", "same": "good", "different": "", "settled": ""}
ANSWERS: Final = {"same": _("同一人"), "different": _("不是同一人"), "unsure": _("无法判断")}
REASONS: Final = {
    "weight": _("相似，但不足以确定"),
    "number": _("号码相同，其他资料矛盾"),
    "split": _("号码分属两个人"),
}
DETAILS: Final = {
    "name": _("姓名"),
    "sex": _("性别"),
    "birth_date": _("出生日期"),
    "other_id": _("各有身份证号"),
    "resident_id": _("居民身份证号"),
    "certificate": _("出生医学证明编号"),
    "insurance": _("医保编号"),
    "passport": _("护照号"),
    "archive": _("健康档案编号"),
    "hospital": _("就诊号"),
    "unmerged": _("撤销过合并"),
    "alone": _("只有姓名和出生日期相符，不能自动归并"),
    "two_people": _("与两个人都相符"),
}
LIKELY: Final = {"likely": _("很可能"), "possible": _("可能"), "doubtful": _("存疑")}
TONES: Final = {"likely": "info", "possible": "", "doubtful": "warn"}
SEXES: Final = {"1": _("男"), "2": _("女")}
CODED: Final = frozenset({"sex", "ethnic", "rank", "deceased"})
FIELDS: Final = {
    "name": _("姓名"),
    "sex": _("性别"),
    "birth": _("出生日期"),
    "number": _("居民身份证号"),
    "certificate": _("出生医学证明编号"),
    "insurance": _("医保编号"),
    "phone": _("电话"),
    "address": _("住址"),
    "guardian": _("监护人"),
    "guardian_phone": _("监护人电话"),
    "rank": _("多胞胎"),
    "ethnic": _("民族"),
    "deceased": _("死亡日期"),
    "passport": _("护照号"),
    "archive": _("健康档案编号"),
    "hospital": _("就诊号"),
    "other": _("其他号码"),
}
WEIGHED: Final = {"prior": _("起点：任取两条记录"), "household": _("一家人也会这样相符")}
VERDICTS: Final = {"same": _("相同"), "near": _("相近"), "differs": _("不同"), "silent": _("不计")}
VERDICT_TONES: Final = {"same": "good", "near": "warn", "differs": "bad", "silent": ""}
ONE_SIDE: Final = _("有一方没有")
COVERED: Final = _("已由号码体现")
LEVELS: Final = {
    "exact": _("相同"),
    "exact, of a twin": _("相同，有一方是多胞胎"),
    "same sound": _("同音"),
    "same characters": _("字相同，顺序不同"),
    "one character": _("差一个字"),
    "near in sound": _("读音相近"),
    "near in letters": _("拼写相近"),
    "as far as it is said": _("写出的部分相同"),
    "given name only": _("只有名相同"),
    "surname only": _("只有姓相同"),
    "one name near in letters": _("有一部分拼写相近"),
    "slip": _("像是笔误"),
    "lunar": _("像是农历"),
    "same year": _("只有年份相同"),
    "same day": _("只有月日相同"),
    "typing error": _("像是录入错误"),
    "another valid": _("另一个有效号码"),
    "two slips": _("有两处笔误"),
    "one digit": _("差一位"),
    "same home": _("同一住处"),
    "same unit": _("门牌相同"),
    "same estate and place": _("同一小区或村"),
    "same estate": _("小区或村同名"),
    "same street": _("同一街道或乡镇"),
    "same district": _("只有区县相同"),
    "same ID": _("号码相同"),
    "same name": _("姓名相同"),
    "else": _("不同"),
}
HOWS: Final = {
    "regrouped": _("新资料到达后重新归并"),
    "batch": _("批量归并"),
    "review": _("人工核对"),
    "hand": _("人工合并"),
}


def signed(bits: float) -> str:
    """A weight with its sign: +9.3, −2.0, 0.0."""
    text = f"{bits:+.1f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def chance(bits: float) -> str:
    """The probability of one person that a score stands for, as far as it can be told."""
    share = 100 / (1 + 2 ** -max(-100.0, min(100.0, bits)))
    if share < 0.1:
        return "<0.1%"
    return ">99.9%" if share > 99.9 else f"{share:.1f}%"
