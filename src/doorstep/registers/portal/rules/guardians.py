"""For whom a guardian may act today, and what of it is the ward's own. Pure.

Parents are the guardians of minors (民法典 art. 27); one is of age at 18 (art. 17); adults who cannot act for
themselves have a guardian of their own (art. 28). So a guardianship that began before the ward came of age ends that
day, and one for the adult is registered anew. From 14 on a child's consent is the child's own (个人信息保护法 art. 31
asks for the parents' below 14 alone).
"""

from __future__ import annotations

from datetime import date
from typing import Final

OF_AGE: Final = 18
CONSENTS: Final = 14


def birthday(birth: date, years: int) -> date:
    """The day on which somebody is so many years old; who was born on 29 February, on 1 March of other years."""
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 3, 1)


def acts(*, birth: date | None, start: date | None, end: date | None, deceased: bool, on: date) -> bool:
    """Whether a registered guardianship lets its guardian act on a day.

    The last day does not count: whoever ends it at a desk ends it at once. Without a birth date nothing is known of
    the ward's age, and nobody acts; without a first day it counts as begun at birth.
    """
    if deceased or birth is None or (end is not None and end <= on) or (start is not None and start > on):
        return False
    of_age = birthday(birth, OF_AGE)
    return on < of_age or (start is not None and start >= of_age)


def consents_for(birth: date | None, on: date) -> bool:
    """Whether a guardian may consent in the ward's place: below 14, and for adults who have one; between, the child
    does. Without a birth date nobody does."""
    if birth is None:
        return False
    return on < birthday(birth, CONSENTS) or on >= birthday(birth, OF_AGE)
