"""A trained model: how often records of one person, and of two, reach each level; and what that weighs (bits).

Fellegi and Sunter (1969): the weight of a level is log2(m / u). Where agreement on a rare value says more, u is the
value's own frequency (Winkler 2000). Two additions. Records of two persons may be of strangers or of one household,
which shares phone, address and guardian (and twins their birth date): a pair must weigh against both. And a level that
training never saw is refused, never zero evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log2
from typing import Any, Final, Literal

from doorstep.linkage.expected import EXPECTED_KIN, EXPECTED_M, EXPECTED_U, RELATIVES
from doorstep.linkage.facts import Facts
from doorstep.linkage.specification import COMPARISONS, SILENT, Comparison

JOIN: Final = 0.0
"""Bits from which on two records are more likely one person's than not: what a batch puts together."""
BRIDGE: Final = 4.0
"""Bits below which a pair joins a single record to a group, but not two groups."""
LINK: Final = 8.5
"""Bits from which on a pair is joined without a person looking, if it is no guess (`ambiguity.py`).

Four in a hundred thousand are wrong, at 0.7 to 0.9 % of records to look at (measured on made-up residents of a million
and of 20,000, `benchmarks/README.md`).
"""
REVIEW: Final = 0.0
"""Bits from which on a pair that is not joined is shown to a person; below, two records are two people's."""
Outcome = Literal["link", "review", "new"]
RAREST: Final = 1e-7
"""No value is taken for rarer than this: what nobody else had so far, somebody may have."""


class Untrained(ValueError):
    """A level of the specification has no m or u, or none that is a probability."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one comparison weighs in a score: its level (-1: silent) and its bits."""

    comparison: str
    level: int
    name: str
    bits: float


@dataclass(frozen=True, slots=True)
class Score:
    """How two records compare: bits in all, prior included, and what each comparison added to them.

    The part `household` is what is taken off because members of one household would agree likewise.
    """

    bits: float
    parts: tuple[Part, ...]

    @property
    def probability(self) -> float:
        """The probability that they are one person's."""
        return 1 / (1 + 2 ** -max(-1000.0, min(1000.0, self.bits)))

    @property
    def outcome(self) -> Outcome:
        """What is done with the pair if nothing forbids it: joined at once, shown to a person, or kept apart."""
        if self.bits >= LINK:
            return "link"
        return "review" if self.bits >= REVIEW else "new"


Frequencies = Mapping[str, Mapping[str, float]]
"""By column, how often a stranger has a value; values that are not in it are as rare as its ""."""


@dataclass(frozen=True, slots=True)
class Model:
    """m and u of every level, and `prior`: the probability that two records taken at random are one person's.

    `kin` is to two persons of one household what u is to strangers; `relatives` is how many pairs of such records there
    are for each pair of one person's.
    """

    m: Mapping[str, tuple[float, ...]]
    u: Mapping[str, tuple[float, ...]]
    prior: float
    comparisons: tuple[Comparison, ...] = field(default=COMPARISONS, repr=False)
    kin: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: EXPECTED_KIN)
    relatives: float = RELATIVES

    def __post_init__(self) -> None:
        if not 0 < self.prior < 1:
            raise Untrained(f"prior: {self.prior}")
        if not self.relatives > 0:
            raise Untrained(f"relatives: {self.relatives}")
        for comparison in self.comparisons:
            for kind, table in (("m", self.m), ("u", self.u), ("kin", self.kin)):
                if comparison.household and kind == "kin":
                    continue
                found = table.get(comparison.name, ())
                if len(found) != len(comparison.names) or not all(0 < each <= 1 for each in found):
                    raise Untrained(f"{kind} of {comparison.name}: {found}")

    def bits(self, comparison: Comparison, level: int, frequency: float | None = None) -> float:
        """The weight of a level against strangers; `frequency` is that of the value on which both agree."""
        if level == SILENT:
            return 0.0
        u = self.u[comparison.name][level]
        if frequency is not None:
            u = max(frequency, RAREST)
        return log2(self.m[comparison.name][level] / u)

    def kin_bits(self, comparison: Comparison, level: int) -> float:
        """The weight of a level against two persons of one household; nothing for what a household shares."""
        if level == SILENT or comparison.household:
            return 0.0
        return log2(self.m[comparison.name][level] / self.kin[comparison.name][level])

    def score(self, a: Facts, b: Facts, frequencies: Frequencies) -> Score:
        """Compare two records; symmetric in them."""
        parts, strangers, kin = [], log2(self.prior / (1 - self.prior)), -log2(self.relatives)
        for comparison in self.comparisons:
            level = comparison.level(a, b)
            bits = self.bits(comparison, level, _frequency(comparison, level, a, frequencies))
            name = comparison.names[level] if level != SILENT else "silent"
            parts.append(Part(comparison.name, level, name, bits))
            strangers += bits
            kin += self.kin_bits(comparison, level)
        # one person against both that it may not be: 1 / (1 / odds + 1 / odds), as logarithms
        low, high = sorted((strangers, kin))
        bits = low - log2(1 + 2 ** (low - high))
        parts.append(Part("household", 0, "capped", bits - strangers))
        return Score(bits, tuple(parts))

    def as_dict(self) -> dict[str, Any]:
        """The model as JSON has it: what `from_dict` reads."""
        told = {}
        for c in self.comparisons:
            tables = {"m": self.m, "u": self.u} if c.household else {"m": self.m, "u": self.u, "kin": self.kin}
            told[c.name] = {
                level: {kind: table[c.name][n] for kind, table in tables.items()} for n, level in enumerate(c.names)
            }
        return {"prior": self.prior, "relatives": self.relatives, "comparisons": told}

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Model:
        """Read a model; a comparison that is younger than it weighs what is expected of it.

        Untrained where a level of a comparison that it knows is not in it.
        """
        tables: dict[str, dict[str, tuple[float, ...]]] = {"m": {}, "u": {}, "kin": {}}
        expected = {"m": EXPECTED_M, "u": EXPECTED_U, "kin": EXPECTED_KIN}
        for comparison in COMPARISONS:
            levels = said["comparisons"].get(comparison.name)
            for kind, table in tables.items():
                if comparison.household and kind == "kin":
                    continue
                if levels is None:
                    table[comparison.name] = expected[kind][comparison.name]
                else:
                    table[comparison.name] = tuple(float(levels.get(n, {}).get(kind, 0)) for n in comparison.names)
        relatives = float(said.get("relatives", 0))
        return cls(tables["m"], tables["u"], float(said["prior"]), kin=tables["kin"], relatives=relatives)


def _frequency(comparison: Comparison, level: int, a: Facts, frequencies: Frequencies) -> float | None:
    if not 0 <= level < len(comparison.levels):
        return None
    column = comparison.levels[level].frequency
    known = frequencies.get(column)
    if known is None:
        return None
    return known.get(getattr(a, column)) or known.get("", RAREST)
