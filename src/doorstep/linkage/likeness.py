"""How texts of two records are alike, each told twice: as a Python test and as SQL over the rows `l` and `r`.

Edits are counted only in what is ASCII: DuckDB counts bytes, Spark and Python characters.
"""

from __future__ import annotations

from typing import Final

from rapidfuzz.distance import Levenshtein

from doorstep.linkage.facts import Facts


def edits(a: str, b: str, most: int) -> bool:
    """Whether one text becomes the other by so many edits."""
    return Levenshtein.distance(a, b, score_cutoff=most) <= most


def one_of_given(a: Facts, b: Facts) -> bool:
    """Whether surnames agree, and one character of the given names (domain notes: look-alike, dropped)."""
    if a.family != b.family or not a.family:
        return False
    one, two = sorted((a.given, b.given), key=len)
    if len(one) == len(two) == 2:
        return one[0] == two[0] or one[1] == two[1]
    return len(one) == 1 and len(two) == 2 and one in (two[0], two[1])


ONE_OF_GIVEN: Final = (
    "l.family <> '' AND l.family = r.family AND ("
    "(length(l.given) = 2 AND length(r.given) = 2"
    " AND (substr(l.given, 1, 1) = substr(r.given, 1, 1) OR substr(l.given, 2, 1) = substr(r.given, 2, 1)))"
    " OR (length(l.given) = 1 AND length(r.given) = 2"
    " AND (l.given = substr(r.given, 1, 1) OR l.given = substr(r.given, 2, 1)))"
    " OR (length(l.given) = 2 AND length(r.given) = 1"
    " AND (r.given = substr(l.given, 1, 1) OR r.given = substr(l.given, 2, 1))))"
)

LONG: Final = 12
"""Letters from which on a name may be cut by a short field."""
LONGEST: Final = 16
"""Letters from which on a name has room for two slips."""
BEGINNING: Final = 3
"""Letters by which a given name begins as its short form does (Rob, Robert)."""


def near_in_sound(a: str, b: str) -> bool:
    """Whether two readings are within a slip; long ones within two, or one is the beginning of the other."""
    short = min(len(a), len(b))
    if short >= LONG and (a.startswith(b) or b.startswith(a)):
        return True
    if short >= LONGEST and edits(a, b, 2):
        return True
    return len(a) > 4 and len(b) > 4 and edits(a, b, 1)


def near(a: str, b: str) -> bool:
    """Whether two words in letters are within one edit, or two of long ones."""
    if len(a) < BEGINNING or len(b) < BEGINNING:
        return False
    return edits(a, b, 2 if len(a) >= 5 and len(b) >= 5 else 1)


def near_sql(a: str, b: str) -> str:
    """The same of two columns."""
    return (
        f"(length({a}) >= {BEGINNING} AND length({b}) >= {BEGINNING} AND levenshtein({a}, {b})"
        f" <= CASE WHEN length({a}) >= 5 AND length({b}) >= 5 THEN 2 ELSE 1 END)"
    )


def near_in_letters(a: Facts, b: Facts) -> bool:
    """Whether both parts of a name in letters are near, or the given name begins alike; or crossed."""
    begins = len(a.forename) >= BEGINNING and a.forename[:BEGINNING] == b.forename[:BEGINNING]
    if (begins or near(a.forename, b.forename)) and near(a.surname, b.surname):
        return True
    return near(a.forename, b.surname) and near(a.surname, b.forename)


NEAR_IN_LETTERS: Final = (
    f"((length(l.forename) >= {BEGINNING}"
    f" AND substr(l.forename, 1, {BEGINNING}) = substr(r.forename, 1, {BEGINNING})"
    f" OR {near_sql('l.forename', 'r.forename')}) AND {near_sql('l.surname', 'r.surname')})"
    f" OR ({near_sql('l.forename', 'r.surname')} AND {near_sql('l.surname', 'r.forename')})"
)


CROSSED: Final = (("surname", "surname"), ("forename", "forename"), ("surname", "forename"), ("forename", "surname"))
ONE_NEAR: Final = " OR ".join(near_sql(f"l.{one}", f"r.{other}") for one, other in CROSSED)


def one_near(a: Facts, b: Facts) -> bool:
    """Whether any part of a name in letters is near any part of the other."""
    return any(near(getattr(a, one), getattr(b, other)) for one, other in CROSSED)


def turned(a: Facts, b: Facts) -> bool:
    """Whether one is the other with the given name first, as Wei Wang is 王伟."""
    return bool(a.surname) and a.surname + a.forename == b.reading


def given_only(a: Facts, b: Facts) -> bool:
    """Whether the given name agrees and is all that does, or all that one side says."""
    if a.forename and a.forename == b.forename:
        return True
    return (len(a.given) > 1 and a.given in (b.given, b.name)) or (len(b.given) > 1 and b.given == a.name)


def part_said(a: Facts, b: Facts) -> bool:
    """Whether the one part that a side says of its name agrees."""
    if a.surname and a.surname == b.surname and not (a.forename and b.forename):
        return True
    return bool(a.forename) and a.forename == b.forename and not (a.surname and b.surname)


def slipped(a: str, b: str) -> bool:
    """Whether two dates are a digit apart, or day and month exchanged, or 1 January stands for an unknown day."""
    if edits(a, b, 1) or (a[:4] == b[:4] and a[5:7] == b[8:] and a[8:] == b[5:7]):
        return True
    return a[:4] == b[:4] and "01-01" in (a[5:], b[5:])


# an ID says the birth date and is lent with the insurance card: what it brings with it is no second witness
SAME_NUMBER: Final = "l.number <> '' AND l.number = r.number"


def same_number(a: Facts, b: Facts) -> bool:
    """Whether two records have one valid ID."""
    return bool(a.number) and a.number == b.number


def typed_insurance(a: Facts, b: Facts) -> bool:
    """Whether two insurance numbers are within a slip, long ones within two."""
    one, two = a.insurance, b.insurance
    return len(one) > 5 and len(two) > 5 and edits(one, two, 2 if len(one) > 9 and len(two) > 9 else 1)


def two_slips(a: Facts, b: Facts) -> bool:
    """Whether two insurance numbers are equal or within two edits."""
    one, two = a.insurance, b.insurance
    return one == two or (len(one) > 5 and len(two) > 5 and edits(one, two, 2))


TWO_SLIPS: Final = "length(l.insurance) > 5 AND length(r.insurance) > 5 AND levenshtein(l.insurance, r.insurance) <= 2"

PLACES: Final = ("estate", "street")
IN_LETTERS: Final = "{"
"""Hanzi, and all else that is no letter, digit or sign of ASCII, come after it."""
START: Final = 4
"""Letters with which two ways of writing one street begin (Naas, Naas Road)."""


def near_places(one: str, other: str) -> bool:
    """Whether two names of places in letters are near, or begin alike."""
    letters = one < IN_LETTERS and other < IN_LETTERS and len(one) >= START and len(other) >= START
    return letters and (one[:START] == other[:START] or near(one, other))


def near_address(a: Facts, b: Facts) -> bool:
    """Whether streets or towns in letters are near."""
    return any(near_places(getattr(a, column), getattr(b, column)) for column in PLACES)


NEAR_ADDRESS: Final = " OR ".join(
    f"(l.{column} < '{IN_LETTERS}' AND r.{column} < '{IN_LETTERS}'"
    f" AND length(l.{column}) >= {START} AND length(r.{column}) >= {START}"
    f" AND (substr(l.{column}, 1, {START}) = substr(r.{column}, 1, {START})"
    f" OR {near_sql(f'l.{column}', f'r.{column}')}))"
    for column in PLACES
)


def same_place(a: Facts, b: Facts) -> bool:
    """Whether estates agree, and a level above."""
    if not a.estate or a.estate != b.estate:
        return False
    return bool(a.street and a.street == b.street) or bool(a.district and a.district == b.district)
