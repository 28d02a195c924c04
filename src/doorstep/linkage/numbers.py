"""Numbers that name a person: resident ID (GB 11643-1999), archive number, telephone; one form, checks, masks."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS = "10X98765432"
_ID_SHAPE = re.compile(r"[0-9]{17}[0-9X]\Z")
_OLD_ID_SHAPE = re.compile(r"[0-9]{15}\Z")
_ARCHIVE_SHAPE = re.compile(r"[0-9]{17}\Z")
_CERTIFICATE_SHAPE = re.compile(r"[A-Z][0-9]{9}\Z")
_PLACEHOLDERS = frozenset({"", "无", "不详", "未知", "暂无", "NULL", "NONE", "N/A", "NA", "UNKNOWN", "-", "--", "/"})
_DIGIT = {str(d): d for d in range(10)}
_EXTENSION = re.compile(r"(转|X|EXT|#).*\Z")
_PHONE_NOISE = str.maketrans("", "", " -()./\t")
EARLIEST_BIRTH = date(1850, 1, 1)


@dataclass(frozen=True, slots=True)
class IdFacts:
    """What a resident ID says: its one form, region of first issue (perhaps abolished), birth date, sex (1 or 2)."""

    number: str
    region: str
    birth: date
    sex: str


def one_form(value: str) -> str:
    """A number as it is compared and stored: NFKC, no white space, upper case; placeholders such as 无 become empty."""
    plain = value if value.isascii() else unicodedata.normalize("NFKC", value)
    plain = "".join(plain.split()).upper()
    if plain in _PLACEHOLDERS or (len(plain) > 3 and set(plain) == {"0"}):
        return ""
    return plain


def check_digit(body: str) -> str:
    """The check character of the first 17 digits of a resident ID (ISO 7064 MOD 11-2, as GB 11643-1999 uses it)."""
    digit = _DIGIT
    return ID_CHECKS[sum([digit[c] * w for c, w in zip(body, ID_WEIGHTS, strict=False)]) % 11]


def to_18(value: str) -> str:
    """A 15-digit ID of before 1999 in its 18-character form; anything else unchanged."""
    if not _OLD_ID_SHAPE.match(value):
        return value
    body = f"{value[:6]}19{value[6:]}"
    return body + check_digit(body)


@lru_cache(maxsize=20_000)
def read_id(value: str) -> IdFacts | str:
    """What the ID says, or why it is none: ``id_malformed``, ``id_check_digit`` or ``id_birth_date``.

    Region codes are not looked up: codes of abolished counties stay valid for life.
    """
    number = to_18(one_form(value))
    if not _ID_SHAPE.match(number):
        return "id_malformed"
    if check_digit(number) != number[17]:
        return "id_check_digit"
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return "id_birth_date"
    if birth < EARLIEST_BIRTH:
        return "id_birth_date"
    return IdFacts(number, number[:6], birth, "1" if _DIGIT[number[16]] % 2 else "2")


def looks_like_id(value: str) -> bool:
    """Whether the text has the shape of a resident ID, right or wrong, of 18 or 15 characters."""
    return bool(_ID_SHAPE.match(value) or _OLD_ID_SHAPE.match(value))


def is_archive_number(value: str) -> bool:
    """Whether the text is a 17-digit health archive number: county 6, town 3, village 3, serial 5."""
    return bool(_ARCHIVE_SHAPE.match(value))


def birth_certificate(value: str) -> str:
    """The number of a medical certificate of birth (出生医学证明编号) in its one form, a letter and nine digits; empty
    where it is none, or all its digits are one, as what is typed when a form insists."""
    if not value:
        return ""
    plain = one_form(value).replace("-", "")
    return plain if _CERTIFICATE_SHAPE.match(plain) and len(set(plain[1:])) > 1 else ""


def phone(value: str) -> str:
    """A telephone number as digits, without China's prefix, separators and extension; empty where it is none."""
    plain = _EXTENSION.sub("", one_form(value).removeprefix("TEL:")).translate(_PHONE_NOISE)
    foreign = plain.startswith(("+", "00"))
    plain = plain.removeprefix("+")
    plain = plain.removeprefix("00")
    if plain.startswith("86") and (foreign or len(plain) == 13):
        plain = plain[2:]
    if not (plain.isascii() and plain.isdigit() and 5 <= len(plain) <= 15) or len(set(plain)) == 1:
        return ""
    return plain


def mask(value: str) -> str:
    """A number for lists: an 18-character ID keeps 3 and 4 characters, others a third at most at either end."""
    size = len(value)
    head, tail = (3, 4) if size >= 11 else (size // 4, size // 4)
    return value[:head] + "*" * (size - head - tail) + (value[-tail:] if tail else "")
