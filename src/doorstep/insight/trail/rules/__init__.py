"""What is unusual in the trail: the kinds, their bounds, office hours, surnames, who lives near whom.

None of these says that a look was wrong: they say which looks a person should be asked about. Unusual access by a
controller's own people is to be found by regular audits (Personal Information Protection Law art. 54; GB/T 22239-2019
8.1.5.2, analysis of audit records).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from doorstep.linkage import names

BULK: Final = 50  # residents that one person looks up in a day before it is told
REFUSED: Final = 3  # refusals of one person in a day
OPENS, CLOSES = 7, 20  # hours between which an institution is at work on a working day
LONGEST: Final = 31  # days that are looked at together
ADDRESS: Final = 6  # letters of an address that say more than a street
TOWNSHIP: Final = 9  # digits of a division code that name a township or street (GB/T 10114)


class Kind(StrEnum):
    """A kind of unusual look."""

    BULK = "bulk"
    NEIGHBOURS = "neighbours"
    WATCHED = "watched"
    OFF_HOURS = "off_hours"
    NAMESAKES = "namesakes"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Dwelling:
    """A person as the register knows them: who, by which name, in which household, at which addresses."""

    resident: UUID
    name: str
    household: object = None
    addresses: frozenset[str] = field(default_factory=frozenset)
    divisions: frozenset[str] = field(default_factory=frozenset)


def surname(name: str) -> str:
    """The surname of a Chinese name; "" where it has none."""
    return names.split(names.one_form(name))[0]


def same_surname(one: str, other: str) -> bool:
    """Whether two names have one surname."""
    return surname(one) != "" and surname(one) == surname(other)


def are_near(one: Dwelling, other: Dwelling) -> bool:
    """Whether two people are one, live in one household or at one address, or, where no household and address is known
    of either, in one township under one surname."""
    if one.resident == other.resident or (one.household is not None and one.household == other.household):
        return True
    mine, others = _places(one.addresses), _places(other.addresses)
    if mine and others:
        return bool(mine & others)
    return bool(_townships(one) & _townships(other)) and same_surname(one.name, other.name)


def _places(addresses: Iterable[str]) -> set[str]:
    texts = ("".join(text.split()) for text in addresses)
    return {text for text in texts if len(text) >= ADDRESS}


def _townships(person: Dwelling) -> set[str]:
    return {code[:TOWNSHIP] for code in person.divisions if len(code) >= TOWNSHIP}


def period(since: date | None, until: date | None, today: date) -> tuple[date, date]:
    """First and last day that are looked at: the last week unless said, at most ``LONGEST`` days, the last of them."""
    last = min(until or today, today)
    first = since or last - timedelta(days=6)
    return max(min(first, last), last - timedelta(days=LONGEST - 1)), last


def is_off_hours(at: datetime, free: Collection[date]) -> bool:
    """Whether a moment (in China's time) is outside the hours of work; ``free`` are the days without work."""
    return at.date() in free or not OPENS <= at.hour < CLOSES
