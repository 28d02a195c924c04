"""How often what happens in the made-up resident records: one table, each rate with where it comes from.

No public Chinese figures were found for most of them; "assumed" says so, and belongs beside every result.
"""

from __future__ import annotations

from typing import NamedTuple


class Rate(NamedTuple):
    """A share, of what it is a share, and its source."""

    value: float
    of: str
    source: str


ASSUMED = "assumed"
MPS = "MPS 2019 (Ministry of Public Security); shares within the 100, and of characters, assumed"
TWINS = "1.7 % of births, as in the tried generator"

RATES = {
    # People.
    "RECORDS_A_PERSON": Rate(2.5, "mean", ASSUMED),
    "SURNAMES": Rate(0.859, "persons with one of the top 100", MPS),
    "TWIN_BIRTHS": Rate(0.017, "births", TWINS),
    "ADULT_TWINS_BOTH_HERE": Rate(0.017, "households whose head or wife has a twin next door", ASSUMED),
    "TWINS_SAME_SEX": Rate(0.65, "pairs of twins", ASSUMED),
    "MOTHERS_SURNAME": Rate(0.07, "households with children", ASSUMED),
    "GENERATION_CHARACTER": Rate(0.22, "households with children", ASSUMED),
    "RARE_CHARACTER": Rate(0.06, "characters of given names", ASSUMED),
    "MINORITY_HOUSEHOLDS": Rate(0.008, "households with names written with ·", ASSUMED),
    "FOREIGNERS": Rate(0.07, "households of one, with a passport", ASSUMED),
    "BORN_ELSEWHERE": Rate(0.08, "persons, by the region of their ID", ASSUMED),
    "WIFE_BORN_ELSEWHERE": Rate(0.26, "wives, by the region of their ID", ASSUMED),
    "OWN_PHONE": Rate(0.96, "persons of 13 to 74", ASSUMED),
    "OWN_PHONE_OLD": Rate(0.55, "persons of 75 and older", ASSUMED),
    "RECYCLED_PHONE": Rate(0.05, "old phones that are another person's now", ASSUMED),
    "MOVED_WITHIN_DISTRICT": Rate(0.6, "moves", ASSUMED),
    # How a record is made.
    "CARD_READ": Rate(0.35, "records of 16 and older, card in the reader", ASSUMED),
    "NEWBORN_RECORD": Rate(0.031, "records, named after the mother", ASSUMED),
    "RENAME": Rate(0.0023, "records under a former name", ASSUMED),
    "DIVORCE_RENAME": Rate(0.5, "renamed children who take another surname", ASSUMED),
    "SAME_SOURCE_AGAIN": Rate(0.2, "second records of a person where the first is, left there", ASSUMED),
    # Names.
    "HOMOPHONE": Rate(0.0075, "records", ASSUMED),
    "LOOK_ALIKE": Rate(0.0025, "records", ASSUMED),
    "TRADITIONAL": Rate(0.0029, "records", ASSUMED),
    "NAME_SPACE": Rate(0.012, "records, half- or full-width", ASSUMED),
    "PINYIN_ONLY": Rate(0.0012, "records", ASSUMED),
    "SWAPPED_CHARACTERS": Rate(0.0003, "records", ASSUMED),
    "DROPPED_CHARACTER": Rate(0.0003, "records", ASSUMED),
    "UNWRITABLE_CHARACTER": Rate(0.0004, "records, as ?, pinyin or a private code point", ASSUMED),
    "NAME_REMARK": Rate(0.0005, "records, as (男) or *", ASSUMED),
    "MINORITY_VARIANT": Rate(0.35, "records of names with ·", ASSUMED),
    "MINORITY_SPELLING": Rate(0.08, "records of names with ·", ASSUMED),
    "FOREIGN_ORDER": Rate(0.25, "records of foreigners, in another order or case", ASSUMED),
    # Resident IDs.
    "ID_MISSING": Rate(0.138, "records, newborns' too", ASSUMED),
    "ID_TYPO": Rate(0.0063, "records", ASSUMED),
    "ID_FORMAT": Rate(0.004, "records: small x, spaces, full-width digits", ASSUMED),
    "ID_PARENT": Rate(0.0067, "records, on a child's", ASSUMED),
    "ID_LENT": Rate(0.0007, "records, another person's card", ASSUMED),
    "ID_15_DIGITS": Rate(0.02, "records of the old", ASSUMED),
    "NEWBORN_MOTHERS_ID": Rate(0.06, "newborn records (within ID_PARENT)", ASSUMED),
    # Birth date and sex.
    "BIRTH_DIGIT": Rate(0.0046, "records", ASSUMED),
    "BIRTH_JANUARY_1": Rate(0.0051, "records, only the year is known", ASSUMED),
    "BIRTH_SWAPPED": Rate(0.001, "records, day and month", ASSUMED),
    "BIRTH_LUNAR": Rate(0.0023, "records, 18 to 50 days before the ID's", ASSUMED),
    "BIRTH_MISSING": Rate(0.009, "records", ASSUMED),
    "SEX_WRONG": Rate(0.003, "records (sex equal in 99.4 % of true pairs)", ASSUMED),
    "SEX_MISSING": Rate(0.005, "records", ASSUMED),
    # Phone.
    "PHONE_MISSING": Rate(0.08, "records", ASSUMED),
    "PHONE_OLD": Rate(0.135, "records", ASSUMED),
    "CHANGED_PHONE": Rate(0.3, "persons, who alone have old phones in records", ASSUMED),
    "WITH_ANOTHERS_PHONE": Rate(0.25, "persons, who alone have another's phone in records", ASSUMED),
    "PHONE_ANOTHERS": Rate(0.09, "records, of the household, a neighbour or the desk", ASSUMED),
    "PHONE_DESK": Rate(0.05, "another's phones that are the institution's own", ASSUMED),
    "PHONE_FAKE": Rate(0.008, "records", ASSUMED),
    "PHONE_TYPO": Rate(0.004, "records", ASSUMED),
    "PHONE_FORMAT": Rate(0.02, "records: +86, hyphens, spaces, full-width digits", ASSUMED),
    # Insurance number.
    "INSURANCE_MISSING": Rate(0.385, "records", ASSUMED),
    "INSURANCE_TYPO": Rate(0.003, "records", ASSUMED),
    "INSURANCE_ANOTHERS": Rate(0.003, "records, of the household", ASSUMED),
    # Address.
    "ADDRESS_MISSING": Rate(0.109, "records", ASSUMED),
    "ADDRESS_OLD": Rate(0.094, "records", ASSUMED),
    "MOVED": Rate(0.25, "persons, who alone have old addresses in records", ASSUMED),
    "ADDRESS_TYPO": Rate(0.01, "records, a homophone or another room", ASSUMED),
    "ADDRESS_FULL_WIDTH": Rate(0.02, "records", ASSUMED),
    "ADDRESS_HOUSE_STYLE": Rate(0.6, "records in the style of their institution", ASSUMED),
    # Guardian.
    "GUARDIAN_MISSING": Rate(0.15, "records of children", ASSUMED),
    "GUARDIAN_SECOND": Rate(0.2, "records of children, the other parent", ASSUMED),
    "GUARDIAN_TYPO": Rate(0.01, "records of children, a homophone", ASSUMED),
    "GUARDIAN_ID": Rate(0.12, "records of children with a guardian", ASSUMED),
    "GUARDIAN_RELATION": Rate(0.7, "records that name a guardian, and say who it is", ASSUMED),
    "PARENTS_PRIMARY": Rate(
        0.6, "primary institutions' records under 7: vaccination and child health ask both", ASSUMED
    ),
    "PARENTS_PRIMARY_LATER": Rate(0.4, "their records of 7 to 17, kept since", ASSUMED),
    "PARENTS_WARD": Rate(0.5, "newborn records; the contact beside the mother is mostly the father", ASSUMED),
    "PARENTS_HOSPITAL": Rate(0.1, "hospitals' records under 18, newborns' not counted", ASSUMED),
    # Number of the certificate of birth.
    "CERTIFICATE_WARD": Rate(0.6, "newborn records; the rest are opened before it is issued, and not changed", ASSUMED),
    "CERTIFICATE_PRIMARY": Rate(
        0.7, "primary institutions' records under 7: vaccination and child health ask", ASSUMED
    ),
    "CERTIFICATE_PRIMARY_LATER": Rate(0.3, "their records of 7 to 17, kept since", ASSUMED),
    "CERTIFICATE_HOSPITAL": Rate(0.15, "hospitals' records under 7, in place of an ID", ASSUMED),
    "CERTIFICATE_HOSPITAL_LATER": Rate(0.02, "their records of 7 to 17", ASSUMED),
    "CERTIFICATE_TYPO": Rate(0.0073, "records that say it, as IDs that are typed", ASSUMED),
    "CERTIFICATE_TWINS": Rate(0.01, "twins' records that say it: the other twin's", ASSUMED),
    "CERTIFICATE_SIBLINGS": Rate(0.001, "others that say it: a sibling's, whose birth date stands on it", ASSUMED),
    "CERTIFICATE_FORMAT": Rate(0.02, "records that say it: a small letter, a space, full-width digits", ASSUMED),
    # Twins' rank.
    "RANK_NEWBORN": Rate(0.75, "newborn records of twins", ASSUMED),
    "RANK_CHILD": Rate(0.08, "later records of twins under 7", ASSUMED),
}


def rate(name: str) -> float:
    """The share of that name."""
    return RATES[name].value


def table() -> str:
    """All rates as lines of text."""
    return "\n".join(f"{name:<24}{r.value:>8.4f}  {r.of:<58}{r.source}" for name, r in RATES.items())
