"""Units of UCUM, as far as quantities of expressions are compared: a factor and the powers of base units."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from doorstep.fhir.fhirpath.trouble import NotEvaluated

_PREFIXES: Final = {
    "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
    "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
}  # fmt: skip
# unit: factor and what it is made of; those before the bar of each list take prefixes (UCUM, tables 1 to 9)
_METRIC: Final = {
    "m": "1 m", "g": "1 g", "s": "1 s", "K": "1 K", "C": "1 C", "rad": "1 rad", "cd": "1 cd",
    "mol": "6.02214076e23 1", "l": "0.001 m3", "L": "0.001 m3", "Hz": "1 s-1", "N": "1000 g.m.s-2",
    "Pa": "1000 g.m-1.s-2", "J": "1000 g.m2.s-2", "W": "1000 g.m2.s-3", "A": "1 C.s-1", "V": "1000 g.m2.s-2.C-1",
    "bar": "100000000 g.m-1.s-2", "cal": "4184 g.m2.s-2", "t": "1000000 g", "eq": "6.02214076e23 1",
    "osm": "6.02214076e23 1", "kat": "6.02214076e23 s-1", "U": "1.00369012666666666667e16 s-1", "Gy": "1 m2.s-2",
    "Sv": "1 m2.s-2", "Bq": "1 s-1", "m[H2O]": "9806650 g.m-1.s-2", "m[Hg]": "133322000 g.m-1.s-2",
    "[iU]": "1 [iU]", "[IU]": "1 [iU]",
}  # fmt: skip
_WHOLE: Final = {
    "1": "1 1", "%": "0.01 1", "10*": "10 1", "10^": "10 1", "[ppth]": "0.001 1", "[ppm]": "0.000001 1",
    "min": "60 s", "h": "3600 s", "d": "86400 s", "wk": "604800 s", "mo": "2629800 s", "a": "31557600 s",
    "[in_i]": "0.0254 m", "[ft_i]": "0.3048 m", "[yd_i]": "0.9144 m", "[mi_i]": "1609.344 m",
    "[lb_av]": "453.59237 g", "[oz_av]": "28.349523125 g", "[gr]": "0.06479891 g", "[pH]": "1 [pH]",
    # calendar durations (FHIRPath, time-valued quantities): months and years are no fixed number of days
    "week": "604800 s", "day": "86400 s", "hour": "3600 s", "minute": "60 s", "second": "1 s",
    "millisecond": "0.001 s", "month": "1 month", "year": "12 month",
}  # fmt: skip
_TERM: Final = re.compile(r"([./]?)(\d+(?=[./]|$)|(?:[^./\[\]{}()]|\[[^\]]*\])+?)([+-]?\d+)?((?:\{[^}]*\})?)(?=[./]|$)")
_NOTE: Final = re.compile(r"\{[^}]*\}")


class Unit(NamedTuple):
    """What one of a unit is: a number of base units, each with its power, in order of their names."""

    factor: Decimal
    powers: tuple[tuple[str, int], ...]

    def times(self, other: Unit, power: int = 1) -> Unit:
        """Return the product with the power of another."""
        powers = Counter(dict(self.powers))
        for base, count in other.powers:
            powers[base] += count * power
        return Unit(self.factor * other.factor**power, tuple(sorted((b, n) for b, n in powers.items() if n)))

    def code(self) -> str:
        """Return the code of its base units, without its factor."""
        return ".".join(base + (str(count) if count != 1 else "") for base, count in self.powers) or "1"


ONE: Final = Unit(Decimal(1), ())


@lru_cache(maxsize=1024)
def unit(code: str) -> Unit | None:
    """Return what a UCUM code or a calendar duration stands for; None where it is not among those known here."""
    plain = _NOTE.sub("", code) or "1"
    found, place = ONE, 0
    while place < len(plain):
        term = _TERM.match(plain, place)
        atom = _atom(term[2]) if term else None
        if term is None or atom is None:
            return None
        power = int(term[3] or 1) * (-1 if term[1] == "/" else 1)
        if abs(power) > 30:
            raise NotEvaluated("a unit to a power that is no unit")
        found, place = found.times(atom, power), term.end()
    return found


@lru_cache(maxsize=1024)
def _atom(name: str) -> Unit | None:
    if name.isdecimal():
        return Unit(Decimal(name), ())
    known = _WHOLE.get(name) or _METRIC.get(name)
    if known:
        return _made(known)
    for size in (1, 2):
        base = _METRIC.get(name[size:])
        if base and name[:size] in _PREFIXES:
            made = _made(base)
            return made._replace(factor=made.factor.scaleb(_PREFIXES[name[:size]]))
    return None


def _made(text: str) -> Unit:
    factor, parts = text.split()
    powers = []
    for part in parts.split("."):
        base, count = re.fullmatch(r"(\[\w+\]|[A-Za-z]+|1)(-?\d+)?", part).groups()  # type: ignore[union-attr] # own table
        if base != "1":
            powers.append((base, int(count or 1)))
    return Unit(Decimal(factor), tuple(sorted(powers)))
