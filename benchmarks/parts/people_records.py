"""The records that institutions keep of the made-up residents: who is recorded where, and what goes wrong with it.

Every error is dealt out by `Deal`, which meets its share of all records whatever part of them can have it; careless
institutions get more of them.
"""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random

import numpy as np
import pyarrow as pa

from benchmarks.parts import people_names, people_numbers, people_places, people_typing
from benchmarks.parts.people_homes import TODAY
from benchmarks.parts.people_names import Flags, Ints
from benchmarks.parts.people_persons import Persons, persons
from benchmarks.parts.people_rates import rate

SOURCES = 30
# Three hospitals of the city, one of each district, and two primary institutions of each.
CITY, COUNTY, PRIMARY = 0, 3, 12
_HABIT = 0.4 + np.arange(SOURCES) * 7 % SOURCES / (SOURCES - 1) * 1.2
_CARDS = np.array([1.5] * COUNTY + [1.2] * (PRIMARY - COUNTY) + [0.7] * (SOURCES - PRIMARY))
STRATA = ("adult", "elder", "child", "newborn", "twin", "minority")
Weights = np.ndarray[tuple[int], np.dtype[np.float64]]
Change = Callable[[Random, str], str]
SCHEMA = pa.schema(
    [("record_id", pa.int64()), ("person_id", pa.int64()), ("source", pa.int16()), ("name", pa.string())]
    + [(c, pa.string()) for c in ("sex", "birth_date", "resident_id", "phone", "insurance", "address", "guardian")]
    + [("guardian_id", pa.string()), ("rank", pa.int8()), ("stratum", pa.string())]
    + [("certificate", pa.string()), ("mother", pa.string()), ("father", pa.string())]
)


@dataclass(slots=True)
class Deal:
    """Records of a part: whose each is, where it is kept, whether a card was read; and the dice for their errors."""

    rng: np.random.Generator
    dice: Random
    people: Persons
    of: Ints
    newborn: Flags
    source: Ints
    typed: Flags

    def strike(self, able: Flags, wanted: float, weight: Weights | float = 1.0) -> list[int]:
        """Which of the `able` records it happens to, so that it is the wanted share of all records."""
        chance = _HABIT[self.source] * able * weight
        total = chance.sum()
        if wanted <= 0 or total == 0:
            return []
        struck: list[int] = np.flatnonzero(self.rng.random(len(able)) < chance * (wanted * len(able) / total)).tolist()
        return struck

    def some(self, share: float) -> Flags:
        """The records of a share of the persons."""
        chosen: Flags = self.rng.random(len(self.people.number)) < share
        return chosen[self.of]

    def change(self, values: list[str], free: Flags, able: Flags, wanted: float, how: Change) -> None:
        """Change the wanted share of values; one that is changed is not `free` for a second error."""
        for i in self.strike(able & free, wanted):
            values[i] = how(self.dice, values[i])
            free[i] = False


def _sources(rng: np.random.Generator, home: Ints, household: Ints, newborn: Flags) -> Ints:
    """The institution of each record: mostly the primary one of the district, births only hospitals."""
    count = len(home)
    kind = np.where(newborn, rng.random(count) * 0.5, rng.random(count))
    city, county = rng.integers(0, COUNTY, count), COUNTY + home
    near = np.where(kind < 0.2, city, np.where(kind < 0.5, county, PRIMARY + 2 * home + household % 2))
    anywhere = (rng.random(count) < 0.08) & ~newborn
    sources: Ints = np.where(anywhere, rng.integers(0, SOURCES, count), near)
    return sources


def _spread(rng: np.random.Generator, of: Ints, source: Ints, home: Ints) -> Ints:
    """An institution mostly keeps one record of a person: most second ones are moved to others of the district."""
    source = source.copy()
    again = rng.random(len(of)) < rate("SAME_SOURCE_AGAIN")
    for _ in range(3):
        keys = of * SOURCES + source
        first = np.zeros(len(of), dtype=bool)
        first[np.unique(keys, return_index=True)[1]] = True
        move = np.flatnonzero(~first & ~again)
        near = np.stack([move * 0, move * 0 + 1, move * 0 + 2, COUNTY + home[move], PRIMARY + 2 * home[move]])
        near = np.vstack([near, near[4] + 1, rng.integers(0, SOURCES, len(move))])
        source[move] = near[rng.integers(0, len(near), len(move)), np.arange(len(move))]
    return source


def deal(rng: np.random.Generator, dice: Random, people: Persons) -> Deal:
    """How many records each person has, and where; children born here have one of the maternity ward beside."""
    members = people.members
    count, age = len(people.number), members.age
    mean = rate("RECORDS_A_PERSON")
    births = (age < 15) & (members.mother >= 0)
    newborn = births & (rng.random(count) < rate("NEWBORN_RECORD") * mean * count / births.sum())
    elder = np.where(members.twin >= 0, np.minimum(np.arange(count), members.twin), np.arange(count))
    newborn = births & newborn[elder]  # one ward keeps both twins
    more = np.where(age >= 65, 1.4, np.where(age < 7, 1.2, 0.9)) * rng.gamma(2.0, 0.5, count)
    times = 1 + rng.poisson(more * (mean - 1 - newborn.mean()) / more.mean())
    # Who was born within the last two months has no other record yet.
    times = np.where(newborn & (members.born > TODAY - 60), 0, times)
    of = np.r_[np.repeat(np.arange(count), times), np.flatnonzero(newborn)]
    ward = np.arange(len(of)) >= times.sum()
    mixed = rng.permutation(len(of))
    of, ward = of[mixed], ward[mixed]
    home = people.rooms[of, 0, 0]
    source = _sources(rng, home, members.home[of], ward)
    at_birth = np.zeros(count, dtype=source.dtype)
    at_birth[of[ward]] = source[ward]
    source = np.where(ward, at_birth[elder[of]], _spread(rng, of, source, home))
    carried = (age[of] >= 16) & ~people.foreign[of]
    chance = _CARDS[source] * carried
    typed = rng.random(len(of)) >= chance * (rate("CARD_READ") * carried.mean() / chance.mean())
    return Deal(rng, dice, people, of, ward, source, typed)


def _ranks(d: Deal) -> Ints:
    """The twin's rank where the record says it."""
    rank, age = d.people.members.twin_rank[d.of], d.people.members.age[d.of]
    says = np.where(d.newborn, rate("RANK_NEWBORN"), np.where(age < 7, rate("RANK_CHILD"), 0))
    return np.where(d.rng.random(len(rank)) < says, rank, 0)


def _names(d: Deal, ranks: Ints) -> list[str]:
    """Names as they stand in the records."""
    p = d.people
    names: list[str] = p.name[d.of].tolist()
    cuts = p.cut[d.of]
    former = p.former[d.of].tolist()
    free = ~d.newborn
    for i in d.strike((p.former[d.of] != "") & free, rate("RENAME")):
        names[i] = former[i]
    mothers, girls = p.members.mother[d.of], p.members.female[d.of]
    for i in np.flatnonzero(d.newborn).tolist():
        sex = people_names.SEXES[int(girls[i])]
        names[i] = people_names.newborn(d.dice, str(p.name[mothers[i]]), sex, int(ranks[i]))
    _other_names(d, names)
    plain = d.typed & ~p.minority[d.of] & ~p.foreign[d.of]
    later, always = plain & ~d.newborn, np.ones(len(names), dtype=bool)
    free = always.copy()
    tests = (people_typing.has_look_alike, people_typing.has_traditional, people_typing.may_be_unwritable)
    similar, other, rare = (np.array([test(str(n)) for n in p.name])[d.of] for test in tests)
    for how, able in (
        ("PINYIN_ONLY", later), ("SWAPPED_CHARACTERS", later & (np.strings.str_len(p.name[d.of]) - cuts == 2)),
        ("DROPPED_CHARACTER", later), ("UNWRITABLE_CHARACTER", later & rare), ("LOOK_ALIKE", plain & similar),
        ("TRADITIONAL", plain & other), ("HOMOPHONE", plain), ("NAME_REMARK", later), ("NAME_SPACE", plain),
    ):  # fmt: skip
        for i in d.strike(able & free, rate(how)):
            names[i] = people_typing.NAME_ERRORS[how](d.dice, names[i], int(cuts[i]))
            free[i] = False
    return names


def _other_names(d: Deal, names: list[str]) -> None:
    """Variants of names with · and of passports' names, which are shares of those records only."""
    minority, foreign = d.people.minority[d.of] & ~d.newborn, d.people.foreign[d.of]
    everyone = len(names)
    for able, share, how in (
        (minority, rate("MINORITY_SPELLING"), people_typing.minority_spelling),
        (minority, rate("MINORITY_VARIANT"), people_typing.minority_variant),
        (foreign, rate("FOREIGN_ORDER"), people_typing.foreign_variant),
    ):
        for i in d.strike(able, share * able.sum() / everyone):
            names[i] = how(d.dice, names[i])


def _ids(d: Deal, lent: list[int]) -> list[str]:
    """Resident IDs as they stand in the records; of newborns none, or the mother's."""
    p, count = d.people, len(d.of)
    ids: list[str] = np.where(d.newborn, "", p.resident_id[d.of]).tolist()
    everybody = p.resident_id
    age, guardian = p.members.age[d.of], p.guardian[d.of]
    wards = d.newborn.mean()
    mothers = d.strike(d.newborn, rate("NEWBORN_MOTHERS_ID") * wards)
    for i in mothers:
        ids[i] = str(everybody[p.members.mother[d.of[i]]])
    free = ~d.newborn
    rest = rate("ID_PARENT") - len(mothers) / count
    for i in d.strike((guardian >= 0) & free, rest, np.where(age < 7, 3.0, 1.0)):
        ids[i], free[i] = str(everybody[guardian[i]]), False
    for i in lent:
        ids[i], free[i] = str(everybody[p.housemate[d.of[i]]]), False
    empty = wards - len(mothers) / count
    for i in d.strike(d.typed & free, rate("ID_MISSING") - empty, np.where(age < 16, 2.0, 1.0)):
        ids[i], free[i] = "", False
    local = d.typed & ~p.foreign[d.of]
    d.change(ids, free, local, rate("ID_TYPO"), people_numbers.typo)
    old = local & (age >= 60)
    d.change(ids, free, old, rate("ID_15_DIGITS") * (age >= 60).mean(), lambda _, text: text[:6] + text[8:17])
    d.change(ids, free, local, rate("ID_FORMAT"), people_numbers.id_format)
    return ids


def wrong_digit(dice: Random, text: str) -> str:
    """A birth date with one digit replaced, which is still a date and not to come."""
    for _ in range(30):
        at = dice.choice((2, 3, 3, 5, 6, 8, 9, 9))
        other = text[:at] + dice.choice("0123456789") + text[at + 1 :]
        try:
            known = date.fromisoformat(other).toordinal() - date(1970, 1, 1).toordinal() < TODAY
        except ValueError:
            continue
        if other != text and known:
            return other
    return text


def _births(d: Deal) -> list[str]:
    """Birth dates as they stand in the records."""
    born = d.people.members.born[d.of]
    births: list[str] = np.datetime_as_string(born.astype("datetime64[D]"), unit="D").tolist()
    numbers = d.people.members.born[d.of]
    free = np.ones(len(births), dtype=bool)
    day = np.array([int(b[8:]) for b in births])
    month = np.array([int(b[5:7]) for b in births])
    able = d.typed & ~d.newborn
    d.change(births, free, d.typed, rate("BIRTH_MISSING"), lambda _, text: "")
    d.change(births, free, d.typed, rate("BIRTH_DIGIT"), wrong_digit)
    d.change(births, free, able, rate("BIRTH_JANUARY_1"), lambda _, text: f"{text[:4]}-01-01")
    swappable = able & (day <= 12) & (day != month)
    d.change(births, free, swappable, rate("BIRTH_SWAPPED"), lambda _, text: f"{text[:4]}-{text[8:]}-{text[5:7]}")
    for i in d.strike(able & free, rate("BIRTH_LUNAR"), np.where(d.people.members.age[d.of] >= 45, 3.0, 1.0)):
        births[i] = str(np.datetime64(int(numbers[i]) - d.dice.randint(18, 50), "D"))
    return births


def _sexes(d: Deal) -> list[str]:
    """The sex as it stands in the records."""
    female = d.people.members.female[d.of].copy()
    wrong = d.strike(d.typed, rate("SEX_WRONG"))
    female[wrong] = ~female[wrong]
    sexes: list[str] = np.where(female, "female", "male").tolist()
    for i in d.strike(d.typed, rate("SEX_MISSING"), np.where(d.newborn, 4.0, 1.0)):
        sexes[i] = ""
    return sexes


def _phones(d: Deal) -> list[str]:
    """Phones as they stand in the records."""
    p = d.people
    phones: list[str] = p.phone[d.of].tolist()
    free = p.phone[d.of] != ""
    everybody, old = p.phone.tolist(), p.old_phone.tolist()
    desks = people_numbers.phones(590_000_000 + np.arange(SOURCES)).tolist()
    able = np.ones(len(phones), dtype=bool)
    d.change(phones, free, able, rate("PHONE_MISSING") - float((~free).mean()), lambda _, text: "")
    d.change(phones, free, able, rate("PHONE_FAKE"), lambda dice, _: people_numbers.fake_phone(dice))
    for i in d.strike(free & d.some(rate("CHANGED_PHONE")), rate("PHONE_OLD")):
        phones[i], free[i] = old[d.of[i]], False
    mates = p.housemate[d.of]
    for i in d.strike(free & d.some(rate("WITH_ANOTHERS_PHONE")), rate("PHONE_ANOTHERS")):
        mate = int(mates[i])
        # A household with one number cannot lend another; then it is a neighbour's.
        other = everybody[mate] if everybody[mate] != phones[i] else everybody[mate - 17]
        desk = d.dice.random() < rate("PHONE_DESK")
        phones[i], free[i] = desks[d.source[i]] if desk else other or phones[i], False
    d.change(phones, free, able, rate("PHONE_TYPO"), people_numbers.typo)
    d.change(phones, free, able, rate("PHONE_FORMAT"), people_numbers.phone_format)
    return phones


def _insurance(d: Deal, lent: list[int]) -> list[str]:
    """Insurance numbers as they stand in the records; who lends an ID mostly lends the card too."""
    p = d.people
    numbers: list[str] = np.where(d.newborn, "", p.insurance[d.of]).tolist()
    everybody = p.insurance.tolist()
    free = ~d.newborn
    able = free.copy()
    for i in [*(i for i in lent if d.dice.random() < 0.7), *d.strike(free, rate("INSURANCE_ANOTHERS"))]:
        numbers[i], free[i] = everybody[p.housemate[d.of[i]]], False
    d.change(numbers, free, able, rate("INSURANCE_MISSING") - float(d.newborn.mean()), lambda _, text: "")
    d.change(numbers, free, able & d.typed, rate("INSURANCE_TYPO"), people_numbers.typo)
    return numbers


def _mistaken(dice: Random, text: str) -> str:
    """An address with a homophone, another digit, or the block in Chinese numerals."""
    kind = dice.random()
    if kind < 0.3:
        return people_typing.homophone(dice, text, 0)
    if kind < 0.6:
        return people_places.in_chinese(text)
    places = [i for i, c in enumerate(text) if c.isdigit()]
    at = dice.choice(places) if places else 0
    return text[:at] + dice.choice("123456789") + text[at + 1 :] if places else text


def _addresses(d: Deal) -> list[str]:
    """Addresses as they stand in the records."""
    count = len(d.of)
    which = np.zeros(count, dtype=np.int64)
    old = d.strike(d.some(rate("MOVED")), rate("ADDRESS_OLD"))
    which[old] = 1 + d.of[old] % 2
    house = d.rng.random(count) < rate("ADDRESS_HOUSE_STYLE")
    styles = np.where(house, d.source * 5 % people_places.STYLES, d.rng.integers(0, people_places.STYLES, count))
    homes = d.people.rooms[d.of, which].tolist()
    missing = np.zeros(count, dtype=bool)
    missing[d.strike(~missing, rate("ADDRESS_MISSING"))] = True
    lines = [
        "" if gone else people_places.line(style, home)
        for gone, style, home in zip(missing.tolist(), styles.tolist(), homes, strict=True)
    ]
    free = ~missing
    d.change(lines, free, free.copy(), rate("ADDRESS_TYPO"), _mistaken)
    d.change(
        lines, free, free.copy(), rate("ADDRESS_FULL_WIDTH"), lambda _, text: text.translate(people_numbers.FULL_WIDTH)
    )
    return lines


def _guardians(d: Deal) -> tuple[list[str], list[str], Ints]:
    """The parent named on a child's record, mostly the same one, now and then the parent's ID, and who it is."""
    p, count = d.people, len(d.of)
    guarded = p.guardian[d.of] >= 0
    share = guarded.mean()
    second = np.zeros(count, dtype=bool)
    second[d.strike(guarded & ~d.newborn, rate("GUARDIAN_SECOND") * share)] = True
    who = np.where(d.newborn, p.members.mother[d.of], np.where(second, p.second[d.of], p.guardian[d.of]))
    said = guarded.copy()
    said[d.strike(guarded, rate("GUARDIAN_MISSING") * share)] = False
    names: list[str] = np.where(said, p.name[who], "").tolist()
    for i in d.strike(said, rate("GUARDIAN_TYPO") * share):
        names[i] = people_typing.homophone(d.dice, names[i], 1)
    known = np.zeros(count, dtype=bool)
    known[d.strike(said, rate("GUARDIAN_ID") * said.mean())] = True
    return names, np.where(known, p.resident_id[who], "").tolist(), who


def _parents(d: Deal, guardians: list[str], who: Ints) -> tuple[list[str], list[str]]:
    """Mother and father where a record says who is who: of the guardian it names, or of both; dealt out last."""
    p = d.people
    age, primary = p.members.age[d.of], d.source >= PRIMARY
    share = np.select(
        [d.newborn, primary & (age < 7), primary],
        [rate("PARENTS_WARD"), rate("PARENTS_PRIMARY"), rate("PARENTS_PRIMARY_LATER")],
        default=rate("PARENTS_HOSPITAL"),
    )
    both = (age < 18) & (d.rng.random(len(age)) < share)
    said = ~d.newborn & (d.rng.random(len(age)) < rate("GUARDIAN_RELATION"))
    found = []
    for parent in (p.members.mother[d.of], p.members.father[d.of]):
        beside, named = both & (parent >= 0), said & (parent >= 0) & (who == parent)
        names: list[str] = np.where(named, guardians, np.where(beside, p.name[parent], "")).tolist()
        for i in d.strike(beside & ~named, rate("GUARDIAN_TYPO") * float((beside & ~named).mean())):
            names[i] = people_typing.homophone(d.dice, names[i], 1)
        found.append(names)
    return found[0], found[1]


def _certificates(d: Deal) -> list[str]:
    """Numbers of children's certificates of birth as they stand in the records, dealt out last: all else is the same
    without them."""
    p = d.people
    age, primary = p.members.age[d.of], d.source >= PRIMARY
    child, small = age < 18, age < 7
    told = np.select(
        [d.newborn, child & primary & small, child & primary, child & small, child],
        [
            rate("CERTIFICATE_WARD"), rate("CERTIFICATE_PRIMARY"), rate("CERTIFICATE_PRIMARY_LATER"),
            rate("CERTIFICATE_HOSPITAL"), rate("CERTIFICATE_HOSPITAL_LATER"),
        ],
        default=0.0,
    )  # fmt: skip
    said = (d.rng.random(len(told)) < told) & (p.certificate[d.of] != "")
    numbers: list[str] = np.where(said, p.certificate[d.of], "").tolist()
    free, share = said.copy(), float(said.mean())
    twin = said & (p.members.twin[d.of] >= 0)
    swapped = d.strike(twin, rate("CERTIFICATE_TWINS") * float(twin.mean()))
    for i in [*swapped, *d.strike(said & ~twin, rate("CERTIFICATE_SIBLINGS") * float((said & ~twin).mean()))]:
        own = d.of[i]
        others = [p.members.twin[own], *p.members.sister[p.members.home[own]]]
        numbers[i] = next(
            (str(p.certificate[o]) for o in others if o not in (-1, own) and p.certificate[o]), numbers[i]
        )
        free[i] = False
    d.change(numbers, free, said, rate("CERTIFICATE_TYPO") * share, people_numbers.typo)
    d.change(numbers, free, said, rate("CERTIFICATE_FORMAT") * share, people_numbers.certificate_format)
    return numbers


def _strata(d: Deal) -> list[str]:
    """What kind of record it is: a newborn's name before twins, before names with ·, before age."""
    p = d.people
    age = p.members.age[d.of]
    kinds = np.select(
        [d.newborn, p.members.twin[d.of] >= 0, p.minority[d.of], age < 18, age >= 65], [3, 4, 5, 2, 1], default=0
    )
    return [STRATA[kind] for kind in kinds.tolist()]


def part(seed: int, number: int, most: int) -> pa.Table:
    """The records of a part's first `most` persons, always the same for a seed; without record numbers."""
    rng, dice = np.random.default_rng((seed, number)), Random(f"{seed} {number}")
    d = deal(rng, dice, persons(rng, dice, number))
    p = d.people
    ranks = _ranks(d)
    lent = d.strike((p.members.age[d.of] >= 16) & ~p.foreign[d.of], rate("ID_LENT"))
    guardian, guardian_id, who = _guardians(d)
    columns = {
        "record_id": np.zeros(len(d.of), dtype=np.int64), "person_id": p.number[d.of],
        "source": d.source.astype(np.int16), "name": _names(d, ranks), "sex": _sexes(d), "birth_date": _births(d),
        "resident_id": _ids(d, lent), "phone": _phones(d), "insurance": _insurance(d, lent),
        "address": _addresses(d), "guardian": guardian, "guardian_id": guardian_id, "rank": ranks.astype(np.int8),
        "stratum": _strata(d), "certificate": _certificates(d),
    }  # fmt: skip
    columns["mother"], columns["father"] = _parents(d, guardian, who)
    table = pa.table({f.name: pa.array(columns[f.name], f.type) for f in SCHEMA}, SCHEMA)
    return table.filter(pa.array(d.of < most)) if most < len(p.number) else table
