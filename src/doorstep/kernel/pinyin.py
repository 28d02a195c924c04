"""Names of people and institutions as they are typed: whole pinyin, and its initials."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import lazy_pinyin

from doorstep.linkage.surnames import SURNAME_READINGS

SURNAMES = {
    "晁": "chao",
    "宓": "mi",
    "谌": "chen",
    **{surname: readings[0] for surname, readings in SURNAME_READINGS.items()},
}
"""Surnames that are read otherwise than the same characters elsewhere, as they are read most."""


@lru_cache(maxsize=16_384)
def spelled(name: str) -> tuple[str, str]:
    """Lower-case pinyin without tones and its initials ("王小明" → "wangxiaoming", "wxm"); other letters stay."""
    syllables = lazy_pinyin(name, v_to_u=False, errors=list)  # type: ignore[arg-type]  # its manual allows lists
    return _letters("".join(syllables)), _letters("".join([s[:1] for s in syllables]))


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def spelled_person(name: str) -> tuple[str, str]:
    """The same of a person's name, whose first character is read as a surname ("曾小明" → "zengxiaoming", "zxm")."""
    surname = name[:2] if name[:2] in SURNAMES else name[:1]
    reading = SURNAMES.get(surname)
    if reading is None:
        return spelled(name)
    syllables = reading.split()
    rest, initials = spelled(name[len(surname) :])
    return "".join(syllables) + rest, "".join(s[0] for s in syllables) + initials


def typed(text: str) -> str:
    """What somebody typed, as it is compared with pinyin or initials; empty where hanzi are in it, or no letters."""
    letters = _letters(text)
    return letters if letters.isascii() else ""
