"""What two records must share to be compared at all (blocking): one list for batches (SQL) and for the register.

Each key is a few columns, or the beginning of one, that must be equal and say something. A batch joins by them; the
register keeps a hash of each of `KEYS` of each record, so that the candidates of a new one are a few reads of an index.
Which keys find which pairs: domain notes on Chinese records.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, NamedTuple

from doorstep.linkage.facts import Facts


class Part(NamedTuple):
    """A column of `Facts`, or `length` characters of it from `start` (0: the first)."""

    column: str
    start: int = 0
    length: int = 0

    def of(self, facts: Facts) -> str:
        """The text of this part in a record; empty where the record does not say it."""
        text: str = getattr(facts, self.column)
        return text[self.start : self.start + self.length] if self.length else text

    def sql(self, side: str) -> str:
        """The same of the row `side` (l or r; "" where there is one row)."""
        whole = f"{side}.{self.column}" if side else self.column
        return f"substr({whole}, {self.start + 1}, {self.length})" if self.length else whole


@dataclass(frozen=True, slots=True)
class Key:
    """A blocking key. Two records share it where every part is equal and no column of it is empty.

    Of more than `most` records that share it, a batch compares only neighbours, or none (`rare`). Who shares it shares
    the key named in `within`, which then does for both.
    """

    name: str
    parts: tuple[Part, ...]
    most: int = 100
    rare: bool = False
    within: str = ""

    def value(self, facts: Facts) -> str:
        """What a record has under this key; empty where it lacks a part."""
        texts = [part.of(facts) for part in self.parts]
        return "\x1f".join((self.name, *texts)) if all(texts) else ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The parts as SQL over one row."""
        return tuple(part.sql("") for part in self.parts)

    @property
    def sql(self) -> str:
        """The condition that rows `l` and `r` share the key; equalities first, so that a join can use them."""
        equal = [f"{part.sql('l')} = {part.sql('r')}" for part in self.parts]
        return " AND ".join([*equal, *(f"l.{part.column} <> ''" for part in self.parts)])


READING, BIRTH, NAME = Part("reading"), Part("birth"), Part("name")
YEAR, MONTH, DAY = Part("birth", 0, 4), Part("birth", 0, 7), Part("birth", 5, 5)
PHONE, UNIT, ESTATE = Part("phone"), Part("unit"), Part("estate")
BAG, DISTRICT, STREET, GUARDIAN = Part("bag"), Part("district"), Part("street"), Part("guardian")
FORENAME, SURNAME, INSURANCE = Part("forename"), Part("surname"), Part("insurance")
KEYS: Final = (
    Key("number", (Part("number"),)),
    Key("reading and birth date", (READING, BIRTH), within="reading and month"),
    Key("insurance", (INSURANCE,)),
    Key("certificate", (Part("certificate"),)),
    Key("phone and birth date", (PHONE, BIRTH)),
    Key("phone and name", (PHONE, NAME)),
    Key("guardian and birth date", (GUARDIAN, BIRTH)),
    Key("mother and birth date", (Part("mother"), BIRTH)),
    Key("father and birth date", (Part("father"), BIRTH)),
    Key("guardian and phone", (GUARDIAN, PHONE)),
    Key("guardian and home", (GUARDIAN, UNIT, ESTATE)),
    Key("parent's ID and birth date", (Part("parent"), BIRTH)),
    Key("home and birth date", (UNIT, ESTATE, BIRTH)),
    Key("home and name", (NAME, ESTATE, UNIT)),
    Key("name, year and district", (NAME, YEAR, Part("district"))),
    Key("reading and day of the year", (READING, DAY)),
    Key("reading and month", (READING, MONTH)),
)
"""Those of a register, which are rare enough in millions of records."""
RARE: Final = tuple(
    Key(name, parts, most, rare=True)
    for name, most, parts in (
        ("birth date alone", 10, (BIRTH,)),
        ("characters alone", 6, (BAG,)),
        ("reading alone", 6, (READING,)),
        ("phone alone", 4, (PHONE,)),
        ("home alone", 4, (UNIT, ESTATE)),
        ("estate and district", 6, (ESTATE, DISTRICT)),
        ("surname alone", 6, (SURNAME,)),
        ("surname and birth date", 50, (SURNAME, BIRTH)),
        ("forename and birth date", 50, (FORENAME, BIRTH)),
        ("surname and district", 20, (SURNAME, DISTRICT)),
        ("forename and district", 20, (FORENAME, DISTRICT)),
        ("surname and street", 10, (SURNAME, STREET)),
        ("forename and street", 10, (FORENAME, STREET)),
        ("surname and month", 10, (SURNAME, MONTH)),
        ("forename and month", 10, (FORENAME, MONTH)),
        ("beginnings and year", 10, (Part("forename", 0, 3), Part("surname", 0, 3), YEAR)),
        ("beginning of the insurance number", 6, (Part("insurance", 0, 5),)),
        ("beginning of the insurance number and district", 10, (Part("insurance", 0, 3), DISTRICT)),
    )
)
"""Weak ones, for a batch: only where few records share one do they find more than they cost."""


def hashes(facts: Facts) -> tuple[int, ...]:
    """The keys of a record as signed numbers of 64 bits (BLAKE2b), without repeats, in the order of `KEYS`."""
    values = [value for key in KEYS if (value := key.value(facts))]
    return tuple(dict.fromkeys(map(_hash, values)))


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
