"""A record as it is compared: what a source said of a person, brought into one form.

Facts and rules after domain notes on Chinese records: traditional characters are folded (OpenCC), a newborn's name is
its mother's, a resident ID fixes the birth date, and the ID of somebody born twelve years apart is a parent's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from opencc import OpenCC

from doorstep.linkage import names, numbers
from doorstep.linkage.addresses import Place, parse

GENERATION: Final = 12
"""Years between a record's birth date and that of its ID, from which on the ID is a parent's."""
FAKE_PHONES: Final = frozenset({"13800000000", "13800138000", "13900000000", "12345678901", "13000000000"})
_NEWBORN: Final = re.compile("(?P<mother>.+?)(?:之[大小长次双幺二三]?[子女]|[大小长次二三]?毛毛|之婴|[大小][子女])\\Z")
_RANKS: Final = {"大": 1, "长": 1, "小": 2, "次": 2, "二": 2, "三": 3}
_RANKED: Final = re.compile("之?(?P<rank>[大小长次二三])(?:[子女]|毛毛)\\Z")
_SIMPLE: Final = OpenCC("t2s")
_SEXES: Final = {"1": "male", "2": "female", "男": "male", "女": "female", "male": "male", "female": "female"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a source says of a person, as it says it; empty where it says nothing. `rank`: of a twin (1, 2, …)."""

    key: str
    name: str = ""
    sex: str = ""
    birth_date: str = ""
    resident_id: str = ""
    phone: str = ""
    insurance: str = ""
    address: str = ""
    guardian: str = ""
    guardian_id: str = ""
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """A record in its one form; texts are empty where nothing is known.

    `reading` is toneless pinyin, `bag` the characters of the name in order, `day` the birth date in days since 1970
    (0 with an empty `birth`), `number` a valid resident ID, `typed` a wrong one, `parent` a parent's or guardian's.
    """

    key: str
    name: str
    reading: str
    bag: str
    family: str
    given: str
    sex: str
    birth: str
    said_birth: str
    day: int
    number: str
    typed: str
    parent: str
    phone: str
    insurance: str
    district: str
    street: str
    estate: str
    unit: str
    guardian: str
    rank: int


def standard(said: Said) -> Facts:
    """Bring a record into its one form; nothing that is said makes it fail."""
    spoken = _spelt(said.name)
    newborn = _NEWBORN.match(spoken) if names.has_hanzi(spoken) else None
    name = "" if newborn or names.is_newborn(spoken) else spoken
    number, typed, parent = _numbers(said.resident_id, said.birth_date)
    parent = parent or _valid(said.guardian_id)
    birth = _birth(said.birth_date, number)
    sex = _SEXES.get(said.sex.strip(), "")
    if number and not sex:
        sex = "male" if int(number[16]) % 2 else "female"
    family, given = names.split(name) if names.has_hanzi(name) else ("", "")
    place = _place(said.address)
    return Facts(
        said.key, name, _reading(name), _bag(name), family, given.replace("·", ""), sex, birth,
        _birth(said.birth_date, ""),
        date.fromisoformat(birth).toordinal() - 719_163 if birth else 0, number, typed, parent, _phone(said.phone),
        numbers.one_form(said.insurance), place.district, place.street, place.estate, place.unit,
        newborn["mother"] if newborn else _spelt(said.guardian), said.rank or _rank(spoken),
    )  # fmt: skip


@lru_cache(maxsize=100_000)
def _spelt(text: str) -> str:
    plain = names.one_form(text)
    return plain.upper() if plain.isascii() else _SIMPLE.convert(plain)


@lru_cache(maxsize=100_000)
def _reading(name: str) -> str:
    if names.has_hanzi(name):
        return names.keys(name)[0].full
    return names.letters(name)  # as it was typed: Chinese names in letters mostly begin with the surname


def _bag(name: str) -> str:
    if names.has_hanzi(name):
        return "".join(sorted(name.replace("·", "")))
    return " ".join(sorted(name.replace("-", " ").split()))


def _rank(name: str) -> int:
    found = _RANKED.search(name)
    return _RANKS[found["rank"]] if found else 0


def _numbers(text: str, birth_date: str) -> tuple[str, str, str]:
    """A valid ID, one that is none, one that is a parent's."""
    plain = numbers.to_18(numbers.one_form(text))
    if not plain:
        return "", "", ""
    read = numbers.read_id(plain)
    if isinstance(read, str):
        return "", plain if 15 <= len(plain) <= 20 else "", ""
    said = _birth(birth_date, "")
    if said and abs(int(said[:4]) - read.birth.year) >= GENERATION:
        return "", "", read.number
    return read.number, "", ""


def _valid(text: str) -> str:
    read = numbers.read_id(text) if text else ""
    return "" if isinstance(read, str) else read.number


def _birth(text: str, number: str) -> str:
    """An ID fixes the birth date; a typed one that is no date says nothing."""
    if number:
        return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return ""


def _phone(text: str) -> str:
    plain = numbers.phone(text)
    return "" if plain in FAKE_PHONES else plain


@lru_cache(maxsize=100_000)
def _place(text: str) -> Place:
    return parse(_SIMPLE.convert(text))
