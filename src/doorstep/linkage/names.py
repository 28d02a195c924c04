"""Names: one form, surname and given name, pinyin keys, and whether two names can be one person's."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from pypinyin import lazy_pinyin

from doorstep.linkage.surnames import COMPOUND_SURNAMES, SURNAME_READINGS

_HANZI = re.compile("[㐀-鿿豈-﫿〇\U00020000-\U000323af]")
_DOTS = re.compile("[·•・‧∙⋅．]")
_NOISE = re.compile(r"[(（][男女][)）]|[*?？]")
_NEWBORN = re.compile("(之子|之女|之[大小长次双幺二三][子女]|[大小长次二三]?毛毛|之婴)\\Z")
_MOST = 200


class Agreement(StrEnum):
    """How two names stand to each other; ``UNKNOWN`` where one of them says nothing (missing, a newborn's)."""

    SAME = "same"
    LIKE = "like"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Keys(NamedTuple):
    """What a name is found by: its hanzi; pinyin, or the family name first; initials, or the given name first."""

    hanzi: str
    full: str
    short: str


def has_hanzi(text: str) -> bool:
    """Whether any character is Chinese."""
    return bool(_HANZI.search(text))


def one_form(text: str) -> str:
    """A name as it is stored: NFKC, one kind of dot, no remarks; no spaces among hanzi, single ones among letters."""
    if not text.isascii():
        text = _DOTS.sub("·", unicodedata.normalize("NFKC", _DOTS.sub("·", text)))
    text = _NOISE.sub("", text)
    joined = "".join(text.split()) if has_hanzi(text) else " ".join(text.split())
    if not joined.isascii():
        joined = unicodedata.normalize("NFKC", joined)
    return joined.replace("\x00", "")[:_MOST].strip("· ")


def is_newborn(text: str) -> bool:
    """Whether the name is only a mother's with 之子, 之女, 毛毛: it says nothing of the child's own name."""
    return bool(_NEWBORN.search(text))


def split(text: str) -> tuple[str, str]:
    """Surname and given name of a Chinese name in its one form; one with a dot or in letters has no surname here."""
    if "·" in text or not has_hanzi(text):
        return "", text
    size = 2 if len(text) > 2 and text[:2] in COMPOUND_SURNAMES else 1
    return text[:size], text[size:]


@lru_cache(maxsize=50_000)
def _reading(character: str) -> str:
    return "".join(c for c in lazy_pinyin(character)[0].lower() if "a" <= c <= "z")


def pinyin(text: str) -> tuple[tuple[str, ...], ...]:
    """The toneless syllables of a Chinese name, once for each reading of its surname; ü is written v."""
    family, given = split(text)
    rest = tuple(filter(None, map(_reading, given.replace("·", ""))))
    if not family:
        return (rest,)
    known = SURNAME_READINGS.get(family)
    if known is None:
        return ((*filter(None, map(_reading, family)), *rest),)
    return tuple((*reading.split(), *rest) for reading in known)


def letters(text: str) -> str:
    """Letters and digits alone, lower case, without accents; ü as v."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("ü", "v").replace("Ü", "v")
        text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return "".join(c for c in text.lower() if c.isalnum())


@lru_cache(maxsize=20_000)
def keys(text: str, family: str = "", given: str = "") -> tuple[Keys, ...]:
    """The search keys of a name in its one form: one for each reading of a Chinese surname, one for others."""
    if has_hanzi(text):
        hanzi = text.replace("·", "")
        return tuple(Keys(hanzi, "".join(r), "".join(s[0] for s in r)) for r in pinyin(text))
    if not family and not given:
        *before, last = text.split() or [""]
        family, given = last, " ".join(before)
    return (Keys("", letters(family + given), letters(given + family)),)


def within_one(a: str, b: str) -> bool:
    """Whether at most one character was changed, added or dropped."""
    if len(a) > len(b):
        a, b = b, a
    if len(b) - len(a) > 1:
        return False
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    return a[at:] == b[at + 1 :] or (len(a) == len(b) and a[at + 1 :] == b[at + 1 :])


def agree(a: str, b: str) -> Agreement:
    """Whether two names in their one form can be one person's, when a number says that they are one.

    After person-matching.md §4: homophones, swapped or dropped characters and a changed surname are LIKE; the same
    surname with another given name is a brother or father: DIFFERENT.
    """
    if not a or not b or is_newborn(a) or is_newborn(b):
        return Agreement.UNKNOWN
    if a == b or a.casefold() == b.casefold():
        return Agreement.SAME
    chinese = has_hanzi(a), has_hanzi(b)
    alike = _alike_chinese(a, b) if all(chinese) else _alike_letters(a, b)
    return Agreement.LIKE if alike else Agreement.DIFFERENT


def _alike_chinese(a: str, b: str) -> bool:
    a, b = a.replace("·", ""), b.replace("·", "")
    if Counter(a) == Counter(b) or {k.full for k in keys(a)} & {k.full for k in keys(b)}:
        return True
    if within_one(keys(a)[0].full, keys(b)[0].full):
        return True
    (family_a, given_a), (family_b, given_b) = split(a), split(b)
    if given_a == given_b and len(given_a) > 1:
        return True
    return family_a == family_b and max(len(a), len(b)) > 2 and within_one(given_a, given_b)


def _alike_letters(a: str, b: str) -> bool:
    forms_a, forms_b = _letter_forms(a), _letter_forms(b)
    if any(within_one(x, y) for x in forms_a for y in forms_b):
        return True
    words_a, words_b = (set(t.casefold().replace("-", " ").split()) for t in (a, b))
    return any(len(word) > 2 for word in words_a & words_b) and not has_hanzi(a + b)


def _letter_forms(text: str) -> set[str]:
    """A name in letters, family name first and last; initials of a Chinese one are no form of it."""
    return {form for k in keys(text) for form in ((k.full,) if k.hanzi else (k.full, k.short))}
