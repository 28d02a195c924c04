"""Numbers of the made-up residents: IDs with division codes and check digits, phones, insurance; and typing errors.

Division codes have a real province and county's digits about the city 99, which GB/T 2260 gives to none, so that no ID
is anybody's. Phones lie in segments of the shape of a mobile number which, as far as is known here, nobody has.
"""

from __future__ import annotations

from random import Random

import numpy as np

from benchmarks.parts.people_names import Flags, Ints, Texts

# Each part of a data set has four sequences of a day and county for itself, so that parts are made side by side.
SLICES = 250
# Certificates of birth: the first year of them, and how many of a year a part has for itself.
FIRST_YEAR, A_YEAR = 1996, 40_000
# District, its code, the code it had before (望城 to 2011, 宁乡 to 2017), and whether it is mostly countryside.
DISTRICTS = (
    ("芙蓉区", 430102, 430102, False), ("天心区", 430103, 430103, False), ("岳麓区", 430104, 430104, False),
    ("开福区", 430105, 430105, False), ("雨花区", 430111, 430111, False), ("望城区", 430112, 430122, True),
    ("长沙县", 430121, 430121, True), ("浏阳市", 430181, 430181, True), ("宁乡市", 430182, 430124, True),
)  # fmt: skip


def _nowhere(codes: list[int]) -> Ints:
    """The codes with the city 99: as many kinds as before, and nobody's."""
    found = np.array(codes)
    return found // 10_000 * 10_000 + 9_900 + found % 100


HOME = _nowhere([d[1] for d in DISTRICTS])
FORMER = _nowhere([d[2] for d in DISTRICTS])
_ELSEWHERE = (
    "430202 430203 430281 430302 430381 430405 430481 430502 430521 430602 430626 430702 430802 430902 430921 431002 "
    "431102 431202 431302 431321 420102 420106 421083 360102 360313 440103 440305 450102 510104 522301 410105 340104 "
    "370102 330106 320106 110105 310104 610103"
)
ELSEWHERE = np.unique(_nowhere([int(code) for code in _ELSEWHERE.split()]))
UYGHUR_LANDS = np.unique(_nowhere([653101, 653122, 652901, 653205, 650107, 652111, 654119]))

_WEIGHTS = np.array((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
_CHECKS = np.array([ord(c) for c in "10X98765432"], dtype=np.uint32)
_SEGMENTS = np.array((154, 161, 163, 164, 168, 169))
_FAKES = (
    "13800138000", "13800000000", "13888888888", "11111111111", "00000000000", "13000000000", "12345678901", "无", "1",
)  # fmt: skip
FULL_WIDTH = {ord("0") + d: chr(ord("０") + d) for d in range(10)} | {ord("-"): "－", ord("X"): "Ｘ"}


def digits(values: Ints, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Decimal digits, a row for each value."""
    return values[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10


def written(codes: np.ndarray[tuple[int, int], np.dtype[np.uint32]]) -> Texts:
    """Rows of code points as texts."""
    whole = np.ascontiguousarray(codes, dtype=np.uint32)
    return whole.view(f"<U{whole.shape[1]}").ravel()


def _ranks(groups: Ints, first: Flags) -> Ints:
    """The place of each row within its group; rows marked `first` come first."""
    order = np.lexsort((np.arange(len(groups)), ~first, groups))
    ordered = groups[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, np.diff(np.r_[starts, len(groups)]))
    return ranks


def resident_ids(rng: np.random.Generator, regions: Ints, born: Ints, female: Flags, twin: Flags, part: int) -> Texts:
    """Unique IDs; `born` is year, month and day as a number. A region with no sequence left hands over to others."""
    regions = regions.copy()
    while True:
        groups = (regions * 100_000_000 + born) * 2 + female
        ranks = _ranks(groups, twin)
        full = np.flatnonzero(ranks >= 2)
        if not len(full):
            break
        regions[full] = rng.choice(ELSEWHERE, len(full))
    # Mixed by region and day, lest the members of one household have sequences alike.
    slots = (part + regions * 7 + born * 13 + born // 100 * 31) % SLICES
    sequence = slots * 4 + ranks * 2 + ~female
    body = np.hstack([digits(regions, 6), digits(born, 8), digits(sequence, 3)])
    checks = _CHECKS[body @ _WEIGHTS % 11]
    return written(np.hstack([(body + ord("0")).astype(np.uint32), checks[:, None]]))


def valid(ids: list[str]) -> int:
    """How many of the texts are 18 characters with the right check digit."""
    shaped = [i for i in ids if len(i) == 18 and i.isascii() and i[:17].isdigit()]
    if not shaped:
        return 0
    codes = np.array(shaped, dtype="<U18").view(np.uint32).reshape(-1, 18)
    return int((_CHECKS[(codes[:, :17].astype(np.int64) - ord("0")) @ _WEIGHTS % 11] == codes[:, 17]).sum())


def _scrambled(serials: Ints, low: int, high: int, key: int) -> Ints:
    """Other numbers below low * high, different for different serials, and unlike those of neighbours or other keys."""
    left, right = (serials // low).astype(np.uint64), (serials % low).astype(np.uint64)
    for turn in range(3):
        left = (left + _hash(right, key + 2 * turn)) % np.uint64(high)
        right = (right + _hash(left, key + 2 * turn + 1)) % np.uint64(low)
    return (left * np.uint64(low) + right).astype(np.int64)


def _hash(values: np.ndarray[tuple[int], np.dtype[np.uint64]], key: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Numbers below 2**31 that look random."""
    mixed = (values + np.uint64(key * 1_000_003 + 1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed >> np.uint64(33)


def phones(serials: Ints, key: int = 11) -> Texts:
    """A number of its own for each serial below 600 million; of another `key` one that has nothing of it."""
    mixed = _scrambled(serials, 24_000, 25_000, key)
    numbers = _SEGMENTS[mixed // 100_000_000] * 100_000_000 + mixed % 100_000_000
    return written((digits(numbers, 11) + 48).astype(np.uint32))


def insurance(serials: Ints) -> Texts:
    """A number of 13 digits for each serial; the shape is assumed, real ones differ by province."""
    numbers = 4_300_000_000_000 + _scrambled(serials, 100_000, 100_000, 47)
    return written((digits(numbers, 13) + 48).astype(np.uint32))


def certificates(born: Ints, part: int) -> Texts:
    """Numbers of certificates of birth, a letter of the year and nine digits, dealt in the order of births, so that
    twins have neighbours; none for those born before 1996, when they began. The letters are assumed."""
    year = born // 10_000
    order = np.lexsort((np.arange(len(born)), born, year))
    starts = np.flatnonzero(np.r_[True, year[order][1:] != year[order][:-1]])
    rank = np.empty(len(born), dtype=np.int64)
    rank[order] = np.arange(len(born)) - np.repeat(starts, np.diff(np.r_[starts, len(born)]))
    turn, letter = np.divmod(year - FIRST_YEAR, 26)
    letters = (ord("A") + letter).astype(np.uint32)
    serials = 430_000_000 + (part * A_YEAR + turn * A_YEAR // 2 + rank) % 10_000_000
    numbers = written(np.hstack([letters[:, None], (digits(serials, 9) + 48).astype(np.uint32)]))
    return np.where(year < FIRST_YEAR, "", numbers)


def certificate_format(dice: Random, text: str) -> str:
    """The right number, typed in another way."""
    kind = dice.randrange(3)
    if kind == 0:
        return text.lower()
    return f"{text[:1]} {text[1:]}" if kind == 1 else text.translate(FULL_WIDTH)


def passport(dice: Random) -> str:
    """A passport's number of one of some shapes."""
    return dice.choice("EGKMPRSX") + "".join(dice.choice("0123456789") for _ in range(dice.choice((7, 8, 8))))


def fake_phone(dice: Random) -> str:
    """What is typed when the form insists."""
    if dice.random() < 0.25:
        return "1" + dice.choice("3578") + dice.choice("0123456789") * 9
    return dice.choice(_FAKES)


def typo(dice: Random, text: str) -> str:
    """One digit replaced, two exchanged, one lost or one too many."""
    if len(text) < 4:
        return text
    at, kind = dice.randrange(len(text) - 1), dice.random()
    if kind < 0.55:
        return text[:at] + dice.choice([d for d in "0123456789" if d != text[at]]) + text[at + 1 :]
    if kind < 0.82:
        differing = [i for i in range(len(text) - 1) if text[i] != text[i + 1]]
        at = dice.choice(differing or [at])
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at + 1 :] if kind < 0.92 else text[:at] + text[at] + text[at:]


def id_format(dice: Random, text: str) -> str:
    """The right ID, typed in another way."""
    kind = dice.randrange(4)
    if kind == 0:
        return text.lower() if text.endswith("X") else text + " "
    if kind == 1:
        return f"{text[:6]} {text[6:14]} {text[14:]}"
    return text.translate(FULL_WIDTH) if kind == 2 else f"'{text}"


def phone_format(dice: Random, text: str) -> str:
    """The right phone number, typed in another way."""
    kind = dice.randrange(5)
    if kind == 0:
        return f"+86{text}"
    if kind == 1:
        return f"{text[:3]}-{text[3:7]}-{text[7:]}"
    if kind == 2:
        return f"{text[:3]} {text[3:7]} {text[7:]}"
    return text.translate(FULL_WIDTH) if kind == 3 else f"86-{text}"
