"""The made-up residents themselves, before any record of them: names, numbers, phones and homes of one part."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np

from benchmarks.parts import people_homes, people_names, people_numbers, people_places
from benchmarks.parts.people_homes import CHILDREN, FATHER, LEFT, MOTHER, SINGLE, SIZE, WIFE, Homes, Members
from benchmarks.parts.people_names import ALL_SURNAMES, GIVEN, SEXES, Flags, Ints, Texts
from benchmarks.parts.people_rates import rate

OLD_SERIALS = 300_000_000


@dataclass(slots=True)
class Persons:
    """One part's persons as columns; indices are within the part, and -1 is nobody."""

    number: Ints
    members: Members
    name: Texts
    cut: Ints
    former: Texts
    minority: Flags
    foreign: Flags
    resident_id: Texts
    phone: Texts
    old_phone: Texts
    insurance: Texts
    certificate: Texts
    rooms: people_places.Rooms
    guardian: Ints
    second: Ints
    bearer: Ints
    housemate: Ints


def _fashion(born: Ints) -> Ints:
    """The demo's cohorts of given names, by day of birth."""
    year = born.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return np.searchsorted((1950, 1970, 1995), year, side="right")


def _apart(one: Texts, two: Texts, pairs: list[tuple[Ints, Ints]], others: Texts) -> None:
    """Children of one household do not bear the same name: the later one's last character is changed."""
    for elder, younger in pairs:
        both = np.flatnonzero((elder >= 0) & (younger >= 0))
        elder, younger = elder[both], younger[both]
        same = younger[(one[elder] == one[younger]) & (two[elder] == two[younger])]
        two[same] = others[same]


def _given(rng: np.random.Generator, homes: Homes, members: Members) -> tuple[Texts, Texts]:
    """Given names as two characters, of which the first may be none."""
    fashion, count = _fashion(members.born), len(members.home)
    one, two, spare = (people_names.given_characters(rng, members.female, fashion) for _ in range(3))
    one[rng.random(count) < people_names.SINGLE[fashion]] = ""
    line = GIVEN[0, 3][rng.integers(0, GIVEN.shape[2], len(homes.kind))]
    lined = (rng.random(len(homes.kind)) < rate("GENERATION_CHARACTER"))[members.home]
    child = (members.place >= CHILDREN[0]) & (members.place < FATHER)
    one = np.where(lined & child, line[members.home], one)
    places = members.sister.T
    alike = [(places[p - 2], places[p - 1]) for p in CHILDREN]
    for elder, younger in alike:
        both = np.flatnonzero((elder >= 0) & (younger >= 0) & (rng.random(len(elder)) < 0.5))
        one[younger[both]] = one[elder[both]]
    pairs = [(places[i], places[j]) for j in range(1, 6) for i in range(j)]
    pairs.append((np.arange(count), np.where(child, -1, members.twin)))
    _apart(one, two, pairs, spare)
    return one, two


def _former(rng: np.random.Generator, members: Members, one: Texts, two: Texts, able: Flags) -> Texts:
    """Names before a change, for the few who have changed theirs; of children often the surname."""
    count = len(one)
    # Four records in ten of such a person are of the time before.
    changed = np.flatnonzero(able & (rng.random(count) < rate("RENAME") / 0.4))
    divorce = (members.age[changed] < 25) & (rng.random(len(changed)) < rate("DIVORCE_RENAME"))
    surname = ALL_SURNAMES[np.where(divorce, people_names.surnames(rng, len(changed)), members.surname[changed])]
    fresh = people_names.given_characters(rng, members.female[changed], _fashion(members.born[changed]))
    first = np.where(divorce, one[changed], np.where(rng.random(len(changed)) < 0.5, fresh, ""))
    last = np.where(divorce | (first != ""), two[changed], fresh)
    former = np.full(count, "", dtype="<U6")
    former[changed] = np.strings.add(np.strings.add(surname, first), last)
    return former


def _other_peoples(dice: Random, name: Texts, members: Members, minority: Flags, foreign: Flags) -> None:
    """Names written with ·, the father's name after the own, and names of passports."""
    own: dict[int, str] = {}
    for i in np.flatnonzero(minority).tolist():
        sex = SEXES[int(members.female[i])]
        name[i], own[i] = people_names.minority(dice, sex, own.get(int(members.father[i]), ""))
    for i in np.flatnonzero(foreign).tolist():
        name[i] = people_names.foreign(dice, SEXES[int(members.female[i])])


def _ids(rng: np.random.Generator, members: Members, minority: Flags, home: Ints, part: int) -> Texts:
    """Resident IDs, of the region where each was registered at first; twins were at the same."""
    count = len(home)
    moved = np.where(np.isin(members.place, (WIFE, MOTHER)), rate("WIFE_BORN_ELSEWHERE"), rate("BORN_ELSEWHERE"))
    before = members.born < people_homes.TODAY - 31 * people_homes.YEAR
    regions = np.where(before, people_numbers.FORMER[home], people_numbers.HOME[home])
    regions = np.where(rng.random(count) < moved, rng.choice(people_numbers.ELSEWHERE, count), regions)
    regions = np.where(minority, rng.choice(people_numbers.UYGHUR_LANDS, count), regions)
    twin = members.twin >= 0
    elder = np.where(twin, np.minimum(np.arange(count), members.twin), np.arange(count))
    return people_numbers.resident_ids(rng, regions[elder], day_number(members.born), members.female, twin, part)


def day_number(born: Ints) -> Ints:
    """Days as numbers like 19491231."""
    days = born.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    of_month = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    number = months.astype(np.int64)
    whole: Ints = (1970 + number // 12) * 10_000 + (number % 12 + 1) * 100 + of_month
    return whole


def _bearers(rng: np.random.Generator, members: Members) -> Ints:
    """Whose phone each person gives as their own: theirs, a parent's, or the first in the household; -1 for none."""
    count, age = len(members.home), members.age
    share = np.where(age < 13, 0, np.where(age < 75, rate("OWN_PHONE"), rate("OWN_PHONE_OLD")))
    owns = rng.random(count) < share
    owners = np.flatnonzero(owns)
    homes, first = np.unique(members.home[owners], return_index=True)
    at = np.full(int(members.home[-1]) + 1, -1)
    at[homes] = owners[first]
    bearer = at[members.home]
    for parent in (members.father, members.mother):
        bearer = np.where((parent >= 0) & owns[parent], parent, bearer)
    return np.where(owns, np.arange(count), bearer)


def _housemates(rng: np.random.Generator, home: Ints) -> Ints:
    """For each person somebody else of the household, or a neighbour of those who live alone."""
    starts = np.flatnonzero(np.r_[True, home[1:] != home[:-1]])
    sizes = np.diff(np.r_[starts, len(home)])
    start, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    step = 1 + (rng.random(len(home)) * np.maximum(size - 1, 1)).astype(np.int64)
    inside = start + (np.arange(len(home)) - start + step) % size
    mates: Ints = np.where(size > 1, inside, (np.arange(len(home)) + step * 5) % len(home))
    return mates


def persons(rng: np.random.Generator, dice: Random, part: int) -> Persons:
    """All persons of a part, always the same for its seed and number."""
    homes, members = people_homes.members(rng)
    count = len(members.home)
    minority = (rng.random(len(homes.kind)) < rate("MINORITY_HOUSEHOLDS"))[members.home]
    alone = (homes.kind == SINGLE) & (rng.random(len(homes.kind)) < rate("FOREIGNERS"))
    foreign = alone[members.home] & ~minority & (members.twin < 0)
    one, two = _given(rng, homes, members)
    surname = ALL_SURNAMES[members.surname]
    name = np.strings.add(np.strings.add(surname, one), two).astype("<U28")
    _other_peoples(dice, name, members, minority, foreign)
    recycled = rng.random(count) < rate("RECYCLED_PHONE")
    rooms = people_places.rooms(rng, len(homes.kind))[members.home]
    number = part * SIZE + 1 + np.arange(count)
    bearer = _bearers(rng, members)
    ids = _ids(rng, members, minority, rooms[:, 0, 0], part)
    for i in np.flatnonzero(foreign).tolist():
        ids[i] = people_numbers.passport(dice)
    current = people_numbers.phones(number)
    old = np.where(recycled, rng.permutation(current), people_numbers.phones(number + OLD_SERIALS, key=83))
    guarded = members.age < 18
    by_mother = (members.mother >= 0) & ((members.father < 0) | (rng.random(count) < 0.6))
    guardian = np.where(guarded, np.where(by_mother, members.mother, members.father), -1)
    second = np.where(guarded, np.where(by_mother, members.father, members.mother), -1)
    members.mother = np.where(homes.kind[members.home] == LEFT, -1, members.mother)
    return Persons(
        number=number, members=members, name=name, cut=np.strings.str_len(surname).astype(np.int64),
        former=_former(rng, members, one, two, ~minority & ~foreign), minority=minority, foreign=foreign,
        resident_id=ids, phone=np.where(bearer >= 0, current[bearer], ""),
        old_phone=np.where(bearer >= 0, old[bearer], ""),
        insurance=people_numbers.insurance(number),
        certificate=people_numbers.certificates(day_number(members.born), part), rooms=rooms, guardian=guardian,
        second=np.where(second >= 0, second, guardian), bearer=bearer, housemate=_housemates(rng, members.home),
    )  # fmt: skip
