"""When a shared number is contradicted: two records that carry one ID, or one certificate, and yet tell of two people.

A lent card, a parent's ID on a child, a number typed on another's record, one twin's certificate of birth on the other:
what agrees (the ID, and the birth date that it fixes) would outweigh all that does not, so such pairs are for a person
to look at, and never joined by weight.
"""

from __future__ import annotations

from typing import Final

from doorstep.linkage import names
from doorstep.linkage.facts import Facts, Said, standard
from doorstep.linkage.names import Agreement
from doorstep.linkage.specification import BIRTH

_NEAR: Final = frozenset({"exact", "slip", "lunar"})


def another_birth(a: str, b: str) -> bool:
    """Whether two birth dates (ISO text, as far as known) are another day and no slip of one: a digit, day and month
    exchanged, the first of January for an unknown day, a lunar date."""
    if len(a) < 10 or len(b) < 10:
        size = min(len(a), len(b))
        return size > 0 and a[:size] != b[:size]
    if a == b:
        return False
    level = BIRTH.level(standard(Said("", birth_date=a)), standard(Said("", birth_date=b)))
    return level >= 0 and BIRTH.names[level] not in _NEAR


def conflict(a: Facts, b: Facts) -> str:
    """Why two records with one valid ID or one certificate of birth are two people's: ``name``, ``sex``,
    ``birth_date``; empty where they are not, or share none."""
    if not ("" != a.number == b.number or "" != a.certificate == b.certificate):
        return ""
    if names.agree(a.name, b.name) is Agreement.DIFFERENT:
        return "name"
    if a.sex and b.sex and a.sex != b.sex:
        return "sex"
    return "birth_date" if a.said_birth and b.said_birth and another_birth(a.said_birth, b.said_birth) else ""
