"""A record as it is compared: what a source said of a person, brought into one form.

Facts and rules after domain notes on Chinese records: traditional characters are folded (OpenCC), a newborn's name is
its mother's, a resident ID fixes the birth date, and the ID of somebody born twelve years apart is a parent's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from typing import Final

from opencc import OpenCC

from doorstep.linkage import names, numbers
from doorstep.linkage.addresses import Place, parse

GENERATION: Final = 12
"""Years between a record's birth date and that of its ID, from which on the ID is a parent's."""
FAKE_PHONES: Final = frozenset({"13800000000", "13800138000", "13900000000", "12345678901", "13000000000"})
_NEWBORN: Final = re.compile(
    "(?P<mother>.{2,}?)(?:[之双]胎?之?(?P<a>[大小长次双幺一二三1-3A-D甲乙丙]?)[子女男婴]儿?"
    "(?P<b>[大小一二三1-3A-D甲乙丙]?)|(?P<c>[大小长次一二三]?)(?:毛毛|宝宝|毛)|(?P<d>[大小])[子女]|婴儿?)\\Z"
)
# 郑兰女 may be a name: it is taken for a newborn's where the record has no ID
_PERHAPS: Final = re.compile("(?P<mother>.{2,}?)[子女]\\Z")
_RANKS: Final = {
    "大": 1, "长": 1, "一": 1, "1": 1, "A": 1, "甲": 1, "小": 2, "次": 2, "二": 2, "2": 2, "B": 2, "乙": 2,
    "三": 3, "3": 3, "C": 3, "丙": 3,
}  # fmt: skip
_MOST: Final = 300
"""Letters of a text that are looked at."""
_SIMPLE: Final = OpenCC("t2s")
_SEXES: Final = {
    "1": "male", "男": "male", "male": "male", "m": "male",
    "2": "female", "女": "female", "female": "female", "f": "female",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """What a source says of a person, as it says it; empty where it says nothing.

    `rank` is a twin's (1, 2, …), `family` the part of a `name` in letters that is the surname, where a source knows it,
    `certificate` the number of the certificate of birth, `mother` and `father` are named where the source says who is
    who.
    """

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
    family: str = ""
    certificate: str = ""
    mother: str = ""
    father: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """A record in its one form; texts are empty where nothing is known.

    `reading` is toneless pinyin, `bag` the characters of the name in order, `day` the birth date in days since 1970
    (0 with an empty `birth`), `number` a valid resident ID, `typed` a wrong one, `parent` a parent's or guardian's;
    `family` and `given` are hanzi, `forename` and `surname` the parts of a name in letters; `guardian` is whoever is
    named first, or a newborn's `mother`, whose name it bears; beside her another is its `father`. New columns come
    last, so that rows which were kept before can still be read.
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
    forename: str
    surname: str
    certificate: str
    mother: str
    father: str


COLUMNS: Final = tuple(field.name for field in fields(Facts))


def standard(said: Said) -> Facts:
    """Bring a record into its one form; nothing that is said makes it fail."""
    spoken = _spelt(said.name[:_MOST])
    guardian = _spelt(said.guardian[:_MOST])
    number, typed, parent = whose_number(said.resident_id, said.birth_date, said.guardian_id)
    mother, rank = _newborn(spoken, guardian, has_id=bool(number or typed))
    if mother and number and not _birth(said.birth_date, ""):
        number, parent = "", number  # a child without a name has no ID yet: it is the mother's
    name = "" if mother or names.is_newborn(spoken) else spoken
    parent = parent or _valid(said.guardian_id)
    birth = _birth(said.birth_date, number)
    family, given = names.split(name) if names.has_hanzi(name) else ("", "")
    place = _place(said.address[:_MOST])
    return Facts(
        said.key, name, _reading(name), _bag(name), family, given.partition("·")[0], _sex(said.sex, number), birth,
        _birth(said.birth_date, ""),
        date.fromisoformat(birth).toordinal() - 719_163 if birth else 0, number, typed, parent, _phone(said.phone),
        _insurance(said.insurance), place.district, place.street, place.estate, place.unit,
        mother or guardian, said.rank or rank, *_in_letters(name, said.family[:_MOST]),
        numbers.birth_certificate(said.certificate[:_MOST]), *_parents(said, mother, guardian),
    )  # fmt: skip


def _parents(said: Said, mother: str, guardian: str) -> tuple[str, str]:
    """Mother and father; `mother` is the one of a newborn's name, beside whom whoever else is named is the father."""
    father = _spelt(said.father[:_MOST])
    if mother:
        return mother, father or (guardian if guardian != mother else "")
    return _spelt(said.mother[:_MOST]), father


def _sex(text: str, number: str) -> str:
    sex = _SEXES.get(text.strip().lower(), "")
    if number and not sex:
        return "male" if int(number[16]) % 2 else "female"
    return sex


@lru_cache(maxsize=100_000)
def _spelt(text: str) -> str:
    plain = names.one_form(text)
    return plain.upper() if plain.isascii() else _SIMPLE.convert(plain)


@lru_cache(maxsize=100_000)
def _reading(name: str) -> str:
    if names.has_hanzi(name):
        return names.keys(name)[0].full
    return _ascii(names.letters(name))  # as it was typed: Chinese names in letters mostly begin with the surname


def _ascii(text: str) -> str:
    """Edits are counted in ASCII only, where bytes are characters: a text with others has no such form."""
    return text if text.isascii() else ""


@lru_cache(maxsize=100_000)
def _in_letters(name: str, family: str) -> tuple[str, str]:
    """Given name and surname of a name in letters; one without a surname that is told apart ends with it."""
    if not name or names.has_hanzi(name):
        return "", ""
    words = [_ascii(names.letters(word)) for word in name.replace(",", " ").split()]
    surname = _ascii(names.letters(family))
    if not surname:
        return ("".join(words[:-1]), words[-1]) if len(words) > 1 else (words[0], "")
    rest = "".join(words)
    given = rest.removesuffix(surname) if rest.endswith(surname) else rest.removeprefix(surname)
    return given, surname


def _bag(name: str) -> str:
    if names.has_hanzi(name):
        return "".join(sorted(name.replace("·", "")))
    return " ".join(sorted(name.replace("-", " ").split()))


def _newborn(name: str, guardian: str, *, has_id: bool) -> tuple[str, int]:
    """The mother's name and the twin's rank that a newborn's name says; "" and 0 for any other name."""
    if not names.has_hanzi(name):
        return "", 0
    found = _NEWBORN.match(name)
    if found is None:
        perhaps = _PERHAPS.match(name)
        return (perhaps["mother"], 0) if perhaps and (not has_id or perhaps["mother"] == guardian) else ("", 0)
    said = next((found[group] for group in "abcd" if found[group]), name[-2:-1])
    return found["mother"], _RANKS.get(said, 0)


@lru_cache(maxsize=100_000)
def whose_number(text: str, birth_date: str, guardian_id: str = "") -> tuple[str, str, str]:
    """An ID as one of three: valid and the person's own; none at all; a parent's, who was born twelve years before."""
    plain = numbers.to_18(numbers.one_form(text))
    if not plain:
        return "", "", ""
    read = numbers.read_id(plain)
    if isinstance(read, str):
        return "", plain if 15 <= len(plain) <= 20 else "", ""
    said = _birth(birth_date, "")
    if read.number == _valid(guardian_id):
        return "", "", read.number
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


def _insurance(text: str) -> str:
    plain = numbers.one_form(text[:_MOST])
    return "".join(c for c in plain if c.isascii() and c.isalnum())


@lru_cache(maxsize=100_000)
def _place(text: str) -> Place:
    return parse(_SIMPLE.convert(text))
