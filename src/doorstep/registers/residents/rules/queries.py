"""The one search box: what a person may have meant by what was typed."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import NamedTuple

from doorstep.linkage import names, numbers

MOST = 100
LEAST_PHONE = 7
LAST = "\U0010ffff"


class By(StrEnum):
    """What a resident is looked for by; the last three are columns of the name table."""

    NUMBER = "number"
    PHONE = "phone"
    HANZI = "hanzi"
    FULL = "full"
    SHORT = "short"


class Way(NamedTuple):
    """One way to look: a whole number, or the beginning of a telephone number or name key."""

    by: By
    text: str

    @property
    def end(self) -> str:
        """The text that sorts after all that begin with this one (C collation)."""
        return self.text + LAST


class Query(NamedTuple):
    """The ways to try, in their order, and what is wrong with an ID that was typed (empty: nothing)."""

    ways: tuple[Way, ...]
    finding: str = ""


def read(text: str) -> Query:
    """What a text asks for. An 18-digit or 15-digit number is an ID and nothing else; a wrong one is still looked up,
    for a source may have said it so. Letters are pinyin, initials or a Latin name, whichever finds people."""
    plain = unicodedata.normalize("NFKC", text).replace("\x00", "").strip()[:MOST]
    number = numbers.one_form(plain)
    if numbers.looks_like_id(number):
        facts = numbers.read_id(number)
        return Query((Way(By.NUMBER, numbers.to_18(number)),), facts if isinstance(facts, str) else "")
    if names.has_hanzi(plain):
        hanzi = names.one_form(plain).replace("·", "").replace(" ", "")
        return Query((Way(By.HANZI, hanzi),) if hanzi else ())
    return Query((*_numbers(plain, number), *_letters(plain)))


def _numbers(plain: str, number: str) -> tuple[Way, ...]:
    if not any(c.isdigit() for c in number):
        return ()
    phone = numbers.phone(plain)
    exact = (Way(By.NUMBER, number),)
    return (*exact, Way(By.PHONE, phone)) if len(phone) >= LEAST_PHONE else exact


def _letters(plain: str) -> tuple[Way, ...]:
    key = names.letters(plain)
    if not any("a" <= c <= "z" for c in key):
        return ()
    # One letter begins the pinyin and the initials of the same people.
    return (Way(By.FULL, key),) if len(key) == 1 else (Way(By.FULL, key), Way(By.SHORT, key))
