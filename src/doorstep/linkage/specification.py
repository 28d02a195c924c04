"""What is compared, and in which levels: one specification for the online scorer (Python) and for batches (SQL).

Each level is told twice, as SQL over two rows `l` and `r` (of DuckDB or Spark) and as a test of two `Facts`; a property
test holds them together. Levels are tried in order, the first that holds counts; where a side says nothing the
comparison is silent (level -1) and weighs nothing. Levels and their order: domain notes on Chinese names and records.
Only letters and digits are compared by edits: engines count edits of hanzi differently (DuckDB by bytes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from doorstep.linkage.facts import Facts
from doorstep.linkage.likeness import (
    LONG,
    LONGEST,
    NEAR_ADDRESS,
    NEAR_IN_LETTERS,
    ONE_NEAR,
    ONE_OF_GIVEN,
    SAME_NUMBER,
    TWO_SLIPS,
    edits,
    given_only,
    near_address,
    near_in_letters,
    near_in_sound,
    one_near,
    one_of_given,
    part_said,
    same_number,
    same_place,
    slipped,
    turned,
    two_slips,
    typed_insurance,
)

Test = Callable[[Facts, Facts], bool]
SILENT: Final = -1


@dataclass(frozen=True, slots=True)
class Level:
    """One degree of agreement. `frequency`: the column whose own frequency says how telling agreement is."""

    name: str
    sql: str
    test: Test
    frequency: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared: its levels, the best first, an implied last one (`else`), and when it is silent.

    Those of a `household` say which family it is, and nothing of which of its members.
    """

    name: str
    silent_sql: str
    silent: Test
    levels: tuple[Level, ...]
    household: bool = False
    names: tuple[str, ...] = field(init=False)
    """The names of all levels, the implied one too."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", (*(level.name for level in self.levels), "else"))

    def level(self, a: Facts, b: Facts) -> int:
        """The number of the level that two records reach; `len(levels)` for none of them, -1 where it is silent."""
        if self.silent(a, b):
            return SILENT
        for number, level in enumerate(self.levels):
            if level.test(a, b):
                return number
        return len(self.levels)

    @property
    def sql(self) -> str:
        """The same number as SQL over the rows `l` and `r`."""
        ways = " ".join(f"WHEN {level.sql} THEN {number}" for number, level in enumerate(self.levels))
        return f"CASE WHEN {self.silent_sql} THEN {SILENT} {ways} ELSE {len(self.levels)} END"


NAME: Final = Comparison(
    "name",
    "l.name = '' OR r.name = ''",
    lambda a, b: not a.name or not b.name,
    (
        Level("exact", "l.name = r.name", lambda a, b: a.name == b.name, "name"),
        Level(
            "same sound", "l.reading <> '' AND l.reading = r.reading",
            lambda a, b: bool(a.reading) and a.reading == b.reading, "reading",
        ),
        Level(
            "same characters",
            "l.bag = r.bag OR l.surname <> '' AND concat(l.surname, l.forename) = r.reading"
            " OR r.surname <> '' AND concat(r.surname, r.forename) = l.reading",
            lambda a, b: a.bag == b.bag or turned(a, b) or turned(b, a),
        ),
        Level("one character", ONE_OF_GIVEN, one_of_given),
        Level(
            "near in sound",
            "length(l.reading) > 4 AND length(r.reading) > 4 AND levenshtein(l.reading, r.reading)"
            f" <= CASE WHEN length(l.reading) >= {LONGEST} AND length(r.reading) >= {LONGEST} THEN 2 ELSE 1 END"
            f" OR length(l.reading) >= {LONG} AND length(r.reading) >= {LONG}"
            " AND (substr(l.reading, 1, length(r.reading)) = r.reading"
            " OR substr(r.reading, 1, length(l.reading)) = l.reading)",
            lambda a, b: near_in_sound(a.reading, b.reading),
        ),
        Level("near in letters", NEAR_IN_LETTERS, near_in_letters),
        Level(
            "as far as it is said",
            "l.surname <> '' AND l.surname = r.surname AND (l.forename = '' OR r.forename = '')"
            " OR l.forename <> '' AND l.forename = r.forename AND (l.surname = '' OR r.surname = '')",
            part_said,
        ),
        Level(
            "given name only",
            "length(l.given) > 1 AND (l.given = r.given OR l.given = r.name)"
            " OR length(r.given) > 1 AND r.given = l.name OR l.forename <> '' AND l.forename = r.forename",
            given_only,
        ),
        Level(
            "surname only", "l.family <> '' AND l.family = r.family OR l.surname <> '' AND l.surname = r.surname",
            lambda a, b: bool(a.family and a.family == b.family) or bool(a.surname and a.surname == b.surname),
        ),
        Level("one name near in letters", ONE_NEAR, one_near),
    ),
)  # fmt: skip


BIRTH: Final = Comparison(
    "birth",
    f"l.birth = '' OR r.birth = '' OR {SAME_NUMBER}",
    lambda a, b: not a.birth or not b.birth or same_number(a, b),
    (
        Level(
            "exact", "l.birth = r.birth AND l.rank = 0 AND r.rank = 0",
            lambda a, b: a.birth == b.birth and not a.rank and not b.rank,
        ),
        # of a twin who is known for one, the other has it too
        Level("exact, of a twin", "l.birth = r.birth", lambda a, b: a.birth == b.birth),
        Level(
            "slip",
            "levenshtein(l.birth, r.birth) <= 1 OR (substr(l.birth, 1, 4) = substr(r.birth, 1, 4) AND ("
            "(substr(l.birth, 6, 2) = substr(r.birth, 9, 2) AND substr(l.birth, 9, 2) = substr(r.birth, 6, 2))"
            " OR substr(l.birth, 6, 5) = '01-01' OR substr(r.birth, 6, 5) = '01-01'))",
            lambda a, b: slipped(a.birth, b.birth),
        ),
        Level(
            "lunar", "abs(l.day - r.day) BETWEEN 18 AND 50", lambda a, b: 18 <= abs(a.day - b.day) <= 50,
        ),
        Level("same year", "substr(l.birth, 1, 4) = substr(r.birth, 1, 4)", lambda a, b: a.birth[:4] == b.birth[:4]),
        Level("same day", "substr(l.birth, 6, 5) = substr(r.birth, 6, 5)", lambda a, b: a.birth[5:] == b.birth[5:]),
    ),
)  # fmt: skip


def _typed(a: Facts, b: Facts) -> bool:
    one, two = a.number or a.typed, b.number or b.typed
    return not (a.number and b.number) and edits(one, two, 2)


NUMBER: Final = Comparison(
    "number",
    "(l.number = '' AND l.typed = '') OR (r.number = '' AND r.typed = '')",
    lambda a, b: not (a.number or a.typed) or not (b.number or b.typed),
    (
        Level("exact", SAME_NUMBER, same_number),
        Level(
            "typing error",
            "(l.number = '' OR r.number = '') AND levenshtein("
            "CASE WHEN l.number = '' THEN l.typed ELSE l.number END,"
            " CASE WHEN r.number = '' THEN r.typed ELSE r.number END) <= 2",
            _typed,
        ),
        Level("another valid", "l.number <> '' AND r.number <> ''", lambda a, b: bool(a.number) and bool(b.number)),
    ),
)  # fmt: skip


INSURANCE: Final = Comparison(
    "insurance",
    f"l.insurance = '' OR r.insurance = '' OR ({SAME_NUMBER} AND (l.insurance = r.insurance OR {TWO_SLIPS}))",
    lambda a, b: not a.insurance or not b.insurance or (same_number(a, b) and two_slips(a, b)),
    (
        Level("exact", "l.insurance = r.insurance", lambda a, b: a.insurance == b.insurance),
        Level(
            "typing error",
            "length(l.insurance) > 5 AND length(r.insurance) > 5 AND levenshtein(l.insurance, r.insurance)"
            " <= CASE WHEN length(l.insurance) > 9 AND length(r.insurance) > 9 THEN 2 ELSE 1 END",
            typed_insurance,
        ),
        Level("two slips", TWO_SLIPS, two_slips),
    ),
)

CERTIFICATE: Final = Comparison(
    "certificate",
    "l.certificate = '' OR r.certificate = ''",
    lambda a, b: not a.certificate or not b.certificate,
    (
        Level("exact", "l.certificate = r.certificate", lambda a, b: a.certificate == b.certificate),
        # a ward deals its numbers in their order: twins have neighbours, and only the last digit tells them apart
        Level(
            "one digit",
            "substr(l.certificate, 10, 1) = substr(r.certificate, 10, 1)"
            " AND levenshtein(l.certificate, r.certificate) <= 1",
            lambda a, b: a.certificate[9] == b.certificate[9] and edits(a.certificate, b.certificate, 1),
        ),
    ),
)

SEX: Final = Comparison(
    "sex",
    "l.sex = '' OR r.sex = ''",
    lambda a, b: not a.sex or not b.sex,
    (Level("exact", "l.sex = r.sex", lambda a, b: a.sex == b.sex),),
)


def _named(record: Facts) -> set[str]:
    """All who are named for a child: guardian and parents, in whatever order a source has them."""
    return {record.guardian, record.mother, record.father} - {""}


RANK: Final = Comparison(
    "rank",
    "l.rank = 0 OR r.rank = 0",
    lambda a, b: not a.rank or not b.rank,
    (Level("exact", "l.rank = r.rank", lambda a, b: a.rank == b.rank),),
)

PHONE: Final = Comparison(
    "phone",
    "l.phone = '' OR r.phone = ''",
    lambda a, b: not a.phone or not b.phone,
    (
        Level("exact", "l.phone = r.phone", lambda a, b: a.phone == b.phone, "phone"),
        Level("one digit", "levenshtein(l.phone, r.phone) <= 1", lambda a, b: edits(a.phone, b.phone, 1)),
    ),
    household=True,
)

ADDRESS: Final = Comparison(
    "address",
    "(l.district = '' AND l.estate = '') OR (r.district = '' AND r.estate = '')",
    lambda a, b: not (a.district or a.estate) or not (b.district or b.estate),
    (
        Level(
            "same home", "l.unit <> '' AND l.unit = r.unit AND l.estate <> '' AND l.estate = r.estate",
            lambda a, b: bool(a.unit) and a.unit == b.unit and bool(a.estate) and a.estate == b.estate,
        ),
        Level(
            "same unit", "l.unit <> '' AND l.unit = r.unit AND l.district = r.district",
            lambda a, b: bool(a.unit) and a.unit == b.unit and a.district == b.district,
        ),
        Level(
            "same estate and place",
            "l.estate <> '' AND l.estate = r.estate AND (l.street <> '' AND l.street = r.street"
            " OR l.district <> '' AND l.district = r.district)",
            same_place,
        ),
        Level(
            "same estate", "l.estate <> '' AND l.estate = r.estate",
            lambda a, b: bool(a.estate) and a.estate == b.estate,
        ),
        Level(
            "same street", "l.street <> '' AND l.street = r.street",
            lambda a, b: bool(a.street) and a.street == b.street,
        ),
        Level("near in letters", NEAR_ADDRESS, near_address),
        Level(
            "same district", "l.district <> '' AND l.district = r.district",
            lambda a, b: bool(a.district) and a.district == b.district,
        ),
    ),
    household=True,
)  # fmt: skip

_NAMED: Final = ("guardian", "mother", "father")
GUARDIAN: Final = Comparison(
    "guardian",
    "(l.parent = '' OR r.parent = '') AND (concat(l.guardian, l.mother, l.father) = ''"
    " OR concat(r.guardian, r.mother, r.father) = '')",
    lambda a, b: not (a.parent and b.parent) and not (_named(a) and _named(b)),
    (
        Level(
            "same ID", "l.parent <> '' AND l.parent = r.parent",
            lambda a, b: bool(a.parent) and a.parent == b.parent,
        ),
        Level(
            "same name",
            " OR ".join(f"l.{each} <> '' AND l.{each} IN (r.guardian, r.mother, r.father)" for each in _NAMED),
            lambda a, b: not _named(a).isdisjoint(_named(b)),
        ),
    ),
    household=True,
)  # fmt: skip


COMPARISONS: Final = (NAME, BIRTH, NUMBER, INSURANCE, CERTIFICATE, SEX, RANK, PHONE, ADDRESS, GUARDIAN)
