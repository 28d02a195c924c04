"""Names of people and institutions as they are typed: whole pinyin, and its initials."""

from __future__ import annotations

from pypinyin import Style, lazy_pinyin


def spelled(name: str) -> tuple[str, str]:
    """Lower-case pinyin without tones and its initials ("王小明" → "wangxiaoming", "wxm"); other letters stay."""
    whole = lazy_pinyin(name, v_to_u=False)
    first = lazy_pinyin(name, style=Style.FIRST_LETTER)
    return _letters("".join(whole)), _letters("".join(first))


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def typed(text: str) -> str:
    """What somebody typed, as it is compared with pinyin or initials; empty where hanzi are in it, or no letters."""
    letters = _letters(text)
    return letters if letters.isascii() else ""
