"""Residents of the demo: households with names, ages, identifiers, addresses and guardians, by seed.

Household types, ages at marriage and birth, and shares of phones are assumed, so that about 18 % are 65 or
older as in an ageing inland county. The first n residents are the same whatever number is asked for.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from datetime import date
from itertools import accumulate
from random import Random
from typing import NamedTuple

from doorstep.site.demo import names
from doorstep.site.demo.numbers import BIRTH_REGIONS, insurance_number, mobile, resident_id_check
from doorstep.site.demo.places import ESTATES
from doorstep.site.demo.shapes import Area, District

ADULT = 18


class Person(NamedTuple):
    """A resident; `relation` to the head of the household by GB/T 4761, `ethnicity` by GB/T 3304."""

    number: int
    name: str
    family_name: str
    given_name: str
    sex: str
    birth: date
    resident_id: str
    insurance_number: str
    archive_number: str
    phone: str
    ethnicity: str
    marital: str
    village: str
    address: str
    household: str
    relation: str
    guardian: int
    guardian_name: str
    guardian_phone: str
    guardian_relation: str


class _Draft(NamedTuple):
    """A member of a household before names and numbers: relation, sex, birth as an ordinal, and whose child it is."""

    relation: str
    sex: str
    born: int
    parent: int = -1
    marital: str = "10"


_TYPES = ("elder", "elder_couple", "couple", "nuclear", "three", "single", "left_behind", "single_parent")
_TYPE_SUMS = tuple(accumulate((8, 13, 9, 30, 20, 8, 8, 4)))


def _sex(rng: Random) -> str:
    return "male" if rng.random() < 0.516 else "female"


def _born(rng: Random, today: int, low: int, high: int) -> int:
    """An ordinal of a birth so that the age lies between `low` and `high` years."""
    return today - int((low + rng.random() * (high - low)) * 365.25) - 1


def _pair(rng: Random, today: int, low: int, high: int) -> list[_Draft]:
    """A married couple; four heads in five are the husband."""
    man = _born(rng, today, low, high)
    woman = min(man + int((rng.random() * 8 - 2) * 365), today - 21 * 365)
    if rng.random() < 0.8:
        return [_Draft("02", "male", man, marital="20"), _Draft("12", "female", woman, marital="20")]
    return [_Draft("02", "female", woman, marital="20"), _Draft("11", "male", man, marital="20")]


def _children(rng: Random, today: int, mother_born: int, relations: tuple[str, str], parent: int) -> list[_Draft]:
    """Children who still live at home; every sixtieth birth is of twins."""
    wanted = (rng.random() < 0.93) + (rng.random() < 0.62) + (rng.random() < 0.12)
    born = mother_born + int((21 + rng.random() * 9) * 365.25)
    made: list[_Draft] = []
    for _ in range(wanted):
        age = (today - born) / 365.25
        if 0 < age < 19 or (19 <= age < 30 and rng.random() < 0.35):
            for _ in range(2 if rng.random() < 0.017 else 1):
                sex = _sex(rng)
                made.append(_Draft(relations[sex == "female"], sex, born, parent))
        born += int((1.5 + rng.random() * 5) * 365.25)
    return made


def _elders(rng: Random, today: int, child_born: int) -> list[_Draft]:
    """Parents of the head who live with the family; some are widowed."""
    father = child_born - int((22 + rng.random() * 12) * 365.25)
    mother = father + int((rng.random() * 6 - 1) * 365.25)
    fate = rng.random()
    members = []
    if fate < 0.62 and today - father < 100 * 365:
        members.append(_Draft("51", "male", father, marital="20" if fate < 0.45 else "30"))
    if not 0.45 <= fate < 0.62 and today - mother < 103 * 365:
        members.append(_Draft("52", "female", mother, marital="20" if fate < 0.45 else "30"))
    return members


def _family(rng: Random, today: int, kind: str) -> list[_Draft]:
    """A couple with children, and in a household of three generations with the head's parents."""
    pair = _pair(rng, today, 25, 54)
    if kind == "couple":
        return _pair(rng, today, 27, 66)
    mother = next(p for p in pair if p.sex == "female")
    members = pair + _children(rng, today, mother.born, ("20", "30"), 0)
    if kind == "single_parent":
        members = [members[0]._replace(marital="40"), *members[2:]]
    if kind == "three":
        members += _elders(rng, today, pair[0].born)
    return members


def _household(rng: Random, today: int) -> list[_Draft]:
    """The members of one household, the head first."""
    kind = _TYPES[bisect(_TYPE_SUMS, rng.random() * _TYPE_SUMS[-1])]
    if kind == "elder":
        sex = "male" if rng.random() < 0.37 else "female"
        return [_Draft("02", sex, _born(rng, today, 64, 93), marital="30")]
    if kind == "elder_couple":
        return _pair(rng, today, 61, 86)
    if kind == "single":
        return [_Draft("02", _sex(rng), _born(rng, today, 20, 62), marital="10" if rng.random() < 0.7 else "40")]
    if kind == "left_behind":
        pair = _pair(rng, today, 52, 74)
        parent_born = pair[0].born + 24 * 365
        return pair + [c for c in _children(rng, today, parent_born, ("41", "42"), 0) if today - c.born < 17 * 365]
    return _family(rng, today, kind)


class _Register:
    """Gives out what must be unique: sequences of IDs by region, day and sex, serials of archives by village."""

    def __init__(self) -> None:
        self._sequences: dict[tuple[str, int, str], int] = {}
        self._archives: dict[str, int] = {}

    def resident_id(self, region: str, born: int, birth: date, sex: str) -> str:
        """A new ID; when a region has given all 500 of a day and sex, the next made-up region gives it."""
        regions = (region, *BIRTH_REGIONS)
        used = 500
        for place in regions:
            used = self._sequences.get((place, born, sex), 0)
            if used < 500:
                region = place
                break
        if used >= 500:
            raise OverflowError(f"no resident ID is left for {birth} {sex}")
        self._sequences[region, born, sex] = used + 1
        sequence = (born * 37 + used * 7) % 500 * 2 + (sex == "male")
        body = f"{region}{birth.year}{birth.month:02d}{birth.day:02d}{sequence:03d}"
        return body + resident_id_check(body)

    def archive_number(self, village: str) -> str:
        """A new 17-digit archive number: 12 digits of the village and a serial."""
        serial = self._archives.get(village, 0) + 1
        self._archives[village] = serial
        return f"{village}{serial:05d}"


def _address(rng: Random, village: Area) -> str:
    """A flat in an estate in town, a group and a number in the country."""
    if village.urban:
        estate = ESTATES[int(rng.random() * len(ESTATES))]
        block, unit = 1 + int(rng.random() * 18), 1 + int(rng.random() * 3)
        room = (1 + int(rng.random() * 11)) * 100 + 1 + int(rng.random() * 4)
        return f"{village.full_name}{estate}{block}栋{unit}单元{room}室"
    return f"{village.full_name}{1 + int(rng.random() * 12)}组{1 + int(rng.random() * 86)}号"


class _Naming:
    """Names of one household: children and the head's father bear the father's surname, wives keep their own."""

    def __init__(self, rng: Random, head: _Draft) -> None:
        self._rng = rng
        self._head = head
        self._uyghur = rng.random() < 0.0015
        self.ethnicity = "05" if self._uyghur else "01" if rng.random() < 0.955 else rng.choice(("15", "06", "03"))
        self._line = names.surname(rng)
        # The line of the head's own parents: another one where the head is a wife.
        self._own = names.surname(rng) if head.sex == "female" and head.marital == "20" else self._line
        self._generation = names.given(rng, "male", 2000)[-1] if rng.random() < 0.22 else ""
        self._father = names.uyghur(rng, "male")[0] if self._uyghur else ""

    def _surname(self, draft: _Draft) -> str:
        if draft.parent >= 0 or draft.relation == "11":
            return self._line
        if draft is self._head or draft.relation == "51":
            return self._own
        return names.surname(self._rng)

    def __call__(self, draft: _Draft) -> tuple[str, str, str]:
        """The whole name, the family name (or the father's, for a name with ·) and the given name."""
        if self._uyghur:
            own, father = names.uyghur(self._rng, draft.sex, self._father if draft.parent >= 0 else "")
            return f"{own}·{father}", father, own
        family = self._surname(draft)
        year = date.fromordinal(draft.born).year
        given = names.given(self._rng, draft.sex, year, self._generation if draft.parent >= 0 else "")
        return family + given, family, given


def _phone(rng: Random, number: int, age: int) -> str:
    """A number of one's own; children have none, and of the very old half."""
    share = 0.0 if age < 13 else 0.96 if age < 75 else 0.55
    return mobile(number) if rng.random() < share else ""


def _region(rng: Random, relation: str) -> str:
    """Where the ID was issued; wives come from elsewhere more often."""
    share = 0.74 if relation in {"12", "52"} else 0.92
    return BIRTH_REGIONS[0] if rng.random() < share else BIRTH_REGIONS[1 + int(rng.random() * 3)]


def _guardian_relation(child: _Draft, guardian: _Draft) -> str:
    """GB/T 4761 as seen from the child: father, mother, grandfather, grandmother."""
    old = child.relation in {"41", "42"}
    return {("male", False): "51", ("female", False): "52", ("male", True): "61"}.get((guardian.sex, old), "62")


def _people(rng: Random, register: _Register, village: Area, first: int, today: int) -> Iterator[Person]:
    """One household's members, numbered from `first`."""
    drafts = _household(rng, today)
    naming, address, household = _Naming(rng, drafts[0]), _address(rng, village), f"H{first:08d}"
    head: Person | None = None
    for i, draft in enumerate(drafts):
        birth = date.fromordinal(draft.born)
        age = int((today - draft.born) / 365.2425)
        name, family, given = naming(draft)
        guarded = head is not None and age < ADULT
        person = Person(
            number=first + i, name=name, family_name=family, given_name=given, sex=draft.sex, birth=birth,
            resident_id=register.resident_id(_region(rng, draft.relation), draft.born, birth, draft.sex),
            insurance_number=insurance_number(first + i), archive_number=register.archive_number(village.code),
            phone=_phone(rng, first + i, age), ethnicity=naming.ethnicity, marital=draft.marital,
            village=village.code, address=address, household=household, relation=draft.relation,
            guardian=head.number if head and guarded else 0, guardian_name=head.name if head and guarded else "",
            guardian_phone=head.phone if head and guarded else "",
            guardian_relation=_guardian_relation(draft, drafts[0]) if guarded else "",
        )  # fmt: skip
        head = head or person
        yield person


def residents(district: District, count: int, seed: int = 1) -> Iterator[Person]:
    """The first `count` residents, household by household, in villages by their population; numbered from 1."""
    rng = Random(seed * 7919 + 17)  # noqa: S311  made-up data must be the same again for a seed
    register = _Register()
    villages = district.villages
    sums = tuple(accumulate(v.population for v in villages))
    today, made = district.today.toordinal(), 0
    while made < count:
        village = villages[bisect(sums, rng.random() * sums[-1])]
        for person in _people(rng, register, village, made + 1, today):
            if made == count:
                return
            made += 1
            yield person
