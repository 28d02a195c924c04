"""Names of people and institutions as they are typed: whole pinyin, and its initials."""

from __future__ import annotations

from pypinyin import Style, lazy_pinyin

SURNAMES = {
    "曾": "zeng", "单": "shan", "查": "zha", "仇": "qiu", "解": "xie", "朴": "piao", "区": "ou", "盖": "ge",
    "翟": "zhai", "覃": "qin", "乐": "yue", "缪": "miao", "冼": "xian", "繁": "po", "晁": "chao", "宓": "mi",
    "谌": "chen", "洗": "xian",
}  # fmt: skip
"""Surnames that are read otherwise than the same character elsewhere."""


def spelled(name: str) -> tuple[str, str]:
    """Lower-case pinyin without tones and its initials ("王小明" → "wangxiaoming", "wxm"); other letters stay."""
    whole = lazy_pinyin(name, v_to_u=False)
    first = lazy_pinyin(name, style=Style.FIRST_LETTER)
    return _letters("".join(whole)), _letters("".join(first))


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def spelled_person(name: str) -> tuple[str, str]:
    """The same of a person's name, whose first character is read as a surname ("曾小明" → "zengxiaoming", "zxm")."""
    whole, initials = spelled(name)
    reading = SURNAMES.get(name[:1])
    if reading is None or whole.startswith(reading):
        return whole, initials
    rest, rest_initials = spelled(name[1:])
    return reading + rest, reading[0] + rest_initials


def typed(text: str) -> str:
    """What somebody typed, as it is compared with pinyin or initials; empty where hanzi are in it, or no letters."""
    letters = _letters(text)
    return letters if letters.isascii() else ""
