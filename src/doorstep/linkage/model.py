"""A trained model: how often records of one person, and of two, reach each level; and what that weighs (bits).

Fellegi and Sunter (1969): the weight of a level is log2(m / u). Where agreement on a rare value says more, u is the
value's own frequency (Winkler 2000). Two additions: comparisons of one household are capped together, for phone,
address and guardian of siblings are the same; and a level that training never saw is refused, never zero evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log2
from typing import Any, Final

from doorstep.linkage.facts import Facts
from doorstep.linkage.specification import COMPARISONS, SILENT, Comparison

CAP: Final = 15.0
"""Bits that all comparisons of a household may add together."""
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
    """How two records compare: bits in all, prior included, and what each comparison added to them."""

    bits: float
    parts: tuple[Part, ...]

    @property
    def probability(self) -> float:
        """The probability that they are one person's."""
        return 1 / (1 + 2 ** -max(-1000.0, min(1000.0, self.bits)))


Frequencies = Mapping[str, Mapping[str, float]]
"""By column, the share of records that have a value; values that are not in it are rare."""


@dataclass(frozen=True, slots=True)
class Model:
    """m and u of every level, and `prior`: the probability that two records taken at random are one person's."""

    m: Mapping[str, tuple[float, ...]]
    u: Mapping[str, tuple[float, ...]]
    prior: float
    comparisons: tuple[Comparison, ...] = field(default=COMPARISONS, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.prior < 1:
            raise Untrained(f"prior: {self.prior}")
        for comparison in self.comparisons:
            for kind, table in (("m", self.m), ("u", self.u)):
                found = table.get(comparison.name, ())
                if len(found) != len(comparison.names) or not all(0 < each <= 1 for each in found):
                    raise Untrained(f"{kind} of {comparison.name}: {found}")

    def bits(self, comparison: Comparison, level: int, frequency: float | None = None) -> float:
        """The weight of a level; `frequency` is that of the value on which both agree."""
        if level == SILENT:
            return 0.0
        u = self.u[comparison.name][level]
        if frequency is not None:
            u = max(frequency, RAREST)
        return log2(self.m[comparison.name][level] / u)

    def score(self, a: Facts, b: Facts, frequencies: Frequencies) -> Score:
        """Compare two records; symmetric in them."""
        parts, together, alone = [], 0.0, log2(self.prior / (1 - self.prior))
        for comparison in self.comparisons:
            level = comparison.level(a, b)
            bits = self.bits(comparison, level, _frequency(comparison, level, a, frequencies))
            name = comparison.names[level] if level != SILENT else "silent"
            parts.append(Part(comparison.name, level, name, bits))
            if comparison.household:
                together += bits
            else:
                alone += bits
        if together > CAP:
            parts.append(Part("household", 0, "capped", CAP - together))
        return Score(alone + min(together, CAP), tuple(parts))

    def as_dict(self) -> dict[str, Any]:
        """The model as JSON has it: what `from_dict` reads."""
        told = {
            c.name: {
                level: {"m": self.m[c.name][n], "u": self.u[c.name][n]} for n, level in enumerate(c.names)
            }
            for c in self.comparisons
        }  # fmt: skip
        return {"prior": self.prior, "comparisons": told}

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Model:
        """Read a model; Untrained where a level of the specification is not in it."""
        tables: dict[str, dict[str, tuple[float, ...]]] = {"m": {}, "u": {}}
        for comparison in COMPARISONS:
            levels = said["comparisons"].get(comparison.name, {})
            for kind, table in tables.items():
                table[comparison.name] = tuple(float(levels.get(name, {}).get(kind, 0)) for name in comparison.names)
        return cls(tables["m"], tables["u"], float(said["prior"]))


def _frequency(comparison: Comparison, level: int, a: Facts, frequencies: Frequencies) -> float | None:
    if not 0 <= level < len(comparison.levels):
        return None
    column = comparison.levels[level].frequency
    return frequencies.get(column, {}).get(getattr(a, column), RAREST) if column else None
