"""What is compared, and in which levels: one specification for the online scorer (Python) and for batches (SQL).

Each level is told twice, as SQL over two rows `l` and `r` (of DuckDB or Spark) and as a test of two `Facts`; a property
test holds them together. Levels are tried in order, the first that holds counts; where a side says nothing the
comparison is silent (level -1) and weighs nothing. Levels and their order: domain notes on Chinese names and records.
Only letters and digits are compared by edits: engines count edits of hanzi differently (DuckDB by bytes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import Levenshtein

from doorstep.linkage.facts import Facts

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

    Those of a `household` say the same thing of a family: their weights together are capped.
    """

    name: str
    silent_sql: str
    silent: Test
    levels: tuple[Level, ...]
    household: bool = False

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

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all levels, the implied one too."""
        return (*(level.name for level in self.levels), "else")


def _edits(a: str, b: str, most: int) -> bool:
    return Levenshtein.distance(a, b, score_cutoff=most) <= most


def _one_of_given(a: Facts, b: Facts) -> bool:
    if a.family != b.family or not a.family:
        return False
    one, two = sorted((a.given, b.given), key=len)
    if len(one) == len(two) == 2:
        return one[0] == two[0] or one[1] == two[1]
    return len(one) == 1 and len(two) == 2 and one in (two[0], two[1])


_ONE_OF_GIVEN: Final = (
    "l.family <> '' AND l.family = r.family AND ("
    "(length(l.given) = 2 AND length(r.given) = 2"
    " AND (substr(l.given, 1, 1) = substr(r.given, 1, 1) OR substr(l.given, 2, 1) = substr(r.given, 2, 1)))"
    " OR (length(l.given) = 1 AND length(r.given) = 2"
    " AND (l.given = substr(r.given, 1, 1) OR l.given = substr(r.given, 2, 1)))"
    " OR (length(l.given) = 2 AND length(r.given) = 1"
    " AND (r.given = substr(l.given, 1, 1) OR r.given = substr(l.given, 2, 1))))"
)

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
        Level("same characters", "l.bag = r.bag", lambda a, b: a.bag == b.bag),
        Level("one character", _ONE_OF_GIVEN, _one_of_given),
        Level(
            "near in sound",
            "length(l.reading) > 4 AND length(r.reading) > 4 AND levenshtein(l.reading, r.reading) <= 1",
            lambda a, b: len(a.reading) > 4 and len(b.reading) > 4 and _edits(a.reading, b.reading, 1),
        ),
        Level(
            "given name only", "length(l.given) > 1 AND l.given = r.given",
            lambda a, b: len(a.given) > 1 and a.given == b.given,
        ),
        Level(
            "surname only", "l.family <> '' AND l.family = r.family",
            lambda a, b: bool(a.family) and a.family == b.family,
        ),
    ),
)  # fmt: skip


def _slipped(a: str, b: str) -> bool:
    if _edits(a, b, 1) or (a[:4] == b[:4] and a[5:7] == b[8:] and a[8:] == b[5:7]):
        return True
    return a[:4] == b[:4] and "01-01" in (a[5:], b[5:])


BIRTH: Final = Comparison(
    "birth",
    "l.birth = '' OR r.birth = ''",
    lambda a, b: not a.birth or not b.birth,
    (
        Level("exact", "l.birth = r.birth", lambda a, b: a.birth == b.birth),
        Level(
            "slip",
            "levenshtein(l.birth, r.birth) <= 1 OR (substr(l.birth, 1, 4) = substr(r.birth, 1, 4) AND ("
            "(substr(l.birth, 6, 2) = substr(r.birth, 9, 2) AND substr(l.birth, 9, 2) = substr(r.birth, 6, 2))"
            " OR substr(l.birth, 6, 5) = '01-01' OR substr(r.birth, 6, 5) = '01-01'))",
            lambda a, b: _slipped(a.birth, b.birth),
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
    return not (a.number and b.number) and _edits(one, two, 2)


NUMBER: Final = Comparison(
    "number",
    "(l.number = '' AND l.typed = '') OR (r.number = '' AND r.typed = '')",
    lambda a, b: not (a.number or a.typed) or not (b.number or b.typed),
    (
        Level("exact", "l.number <> '' AND l.number = r.number", lambda a, b: bool(a.number) and a.number == b.number),
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
    "l.insurance = '' OR r.insurance = ''",
    lambda a, b: not a.insurance or not b.insurance,
    (Level("exact", "l.insurance = r.insurance", lambda a, b: a.insurance == b.insurance),),
)

SEX: Final = Comparison(
    "sex",
    "l.sex = '' OR r.sex = ''",
    lambda a, b: not a.sex or not b.sex,
    (Level("exact", "l.sex = r.sex", lambda a, b: a.sex == b.sex),),
)

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
        Level("one digit", "levenshtein(l.phone, r.phone) <= 1", lambda a, b: _edits(a.phone, b.phone, 1)),
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
            "same estate", "l.estate <> '' AND l.estate = r.estate",
            lambda a, b: bool(a.estate) and a.estate == b.estate,
        ),
        Level(
            "same street", "l.street <> '' AND l.street = r.street",
            lambda a, b: bool(a.street) and a.street == b.street,
        ),
        Level(
            "same district", "l.district <> '' AND l.district = r.district",
            lambda a, b: bool(a.district) and a.district == b.district,
        ),
    ),
    household=True,
)  # fmt: skip

GUARDIAN: Final = Comparison(
    "guardian",
    "(l.guardian = '' OR r.guardian = '') AND (l.parent = '' OR r.parent = '')",
    lambda a, b: not (a.guardian and b.guardian) and not (a.parent and b.parent),
    (
        Level(
            "same ID", "l.parent <> '' AND l.parent = r.parent",
            lambda a, b: bool(a.parent) and a.parent == b.parent,
        ),
        Level(
            "same name", "l.guardian <> '' AND l.guardian = r.guardian",
            lambda a, b: bool(a.guardian) and a.guardian == b.guardian,
        ),
    ),
    household=True,
)  # fmt: skip

COMPARISONS: Final = (NAME, BIRTH, NUMBER, INSURANCE, SEX, RANK, PHONE, ADDRESS, GUARDIAN)
