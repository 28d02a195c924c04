"""What two records must share to be compared at all (blocking): one list for batches (SQL) and for the register.

Each key is a few columns, or the beginning of one, that must be equal and say something. A batch joins by them; the
register keeps a hash of each key of each record, so that the candidates of a new one are a few reads of an index.
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
        """The same of the row `side` (l or r)."""
        whole = f"{side}.{self.column}"
        return f"substr({whole}, {self.start + 1}, {self.length})" if self.length else whole


@dataclass(frozen=True, slots=True)
class Key:
    """A blocking key. Two records share it where every part is equal and no column of it is empty."""

    name: str
    parts: tuple[Part, ...]

    def value(self, facts: Facts) -> str:
        """What a record has under this key; empty where it lacks a part."""
        texts = [part.of(facts) for part in self.parts]
        return "\x1f".join((self.name, *texts)) if all(texts) else ""

    @property
    def sql(self) -> str:
        """The condition that rows `l` and `r` share the key; equalities first, so that a join can use them."""
        equal = [f"{part.sql('l')} = {part.sql('r')}" for part in self.parts]
        return " AND ".join([*equal, *(f"l.{part.column} <> ''" for part in self.parts)])


READING, BIRTH, NAME = Part("reading"), Part("birth"), Part("name")
YEAR, MONTH, DAY = Part("birth", 0, 4), Part("birth", 0, 7), Part("birth", 5, 5)
PHONE, UNIT, ESTATE = Part("phone"), Part("unit"), Part("estate")
KEYS: Final = (
    Key("number", (Part("number"),)),
    Key("reading and birth date", (READING, BIRTH)),
    Key("insurance", (Part("insurance"),)),
    Key("phone and birth date", (PHONE, BIRTH)),
    Key("phone and name", (PHONE, NAME)),
    Key("guardian and birth date", (Part("guardian"), BIRTH)),
    Key("parent's ID and birth date", (Part("parent"), BIRTH)),
    Key("home and birth date", (UNIT, ESTATE, BIRTH)),
    Key("home and name", (NAME, ESTATE, UNIT)),
    Key("name, year and district", (NAME, YEAR, Part("district"))),
    Key("reading and day of the year", (READING, DAY)),
    Key("reading and month", (READING, MONTH)),
)


def hashes(facts: Facts) -> tuple[int, ...]:
    """The keys of a record as signed numbers of 64 bits (BLAKE2b), without repeats, in the order of `KEYS`."""
    values = [value for key in KEYS if (value := key.value(facts))]
    return tuple(dict.fromkeys(map(_hash, values)))


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
