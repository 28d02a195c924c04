"""The golden identity: which of several sayings about a person stands on the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce

from doorstep.linkage import names, numbers
from doorstep.linkage.numbers import IdFacts

_RANK = {"official": 0, "usual": 1, "": 2, "temp": 4, "nickname": 5, "anonymous": 6, "maiden": 7, "old": 8}


@dataclass(frozen=True, slots=True)
class Person:
    """A person as told: name, sex (GB/T 2261.1), birth and day of death as far as known (ISO text), ethnic code.

    ``deceased`` is ``yes`` where no day is known, empty for the living.
    """

    name: str = ""
    sex: str = "0"
    birth: str = ""
    deceased: str = ""
    ethnic: str = ""


def best_name(said: Sequence[tuple[str, str]]) -> str:
    """The name to call a person by among (text, use): a person's own before a newborn's, official before others."""
    ranked = sorted(said, key=lambda n: (names.is_newborn(n[0]), _RANK.get(n[1], 3)))
    return ranked[0][0] if ranked else ""


def by_number(person: Person, facts: IdFacts | None) -> Person:
    """The person with the birth date and sex of a valid resident ID, which outweigh what was typed."""
    if facts is None:
        return person
    return replace(person, birth=facts.birth.isoformat(), sex=facts.sex)


def fold(said: Iterable[Person], number: str = "") -> Person:
    """The person whom records tell of, the earliest first; a valid resident ID fixes birth date and sex."""
    read = numbers.read_id(number) if number else ""
    return by_number(reduce(settle, said, Person()), None if isinstance(read, str) else read)


def settle(current: Person, said: Person) -> Person:
    """The person after another saying, which fills blanks alone; a newborn's stand-in name gives way to a real one."""
    newborn = names.is_newborn(current.name)
    return Person(
        name=said.name if said.name and (newborn or not current.name) else current.name,
        sex=_sex(current) or _sex(said) or current.sex or said.sex,
        birth=said.birth if len(said.birth) > len(current.birth) else current.birth,
        deceased=current.deceased or said.deceased,
        ethnic=current.ethnic or said.ethnic,
    )


def _sex(person: Person) -> str:
    return person.sex if person.sex in ("1", "2") else ""


def age(birth: date | None, on: date) -> int | None:
    """Whole years lived on a day; None where the birth date is unknown."""
    if birth is None:
        return None
    return max(0, on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day)))
