"""How often the demo's residents are ill and seen, by age band and sex.

Recorded (diagnosed and known to a clinician) shares, not prevalence. They are assumed: the national surveys' prevalence
as remembered (hypertension about 27 % of adults, diabetes 12 %, COPD 14 % and stroke 3 % from 40 on) times a share who
know of it (a half, a third, a tenth, most). For a plausible look only, never for epidemiology.
"""

from __future__ import annotations

from random import Random

# Bands: 18 to 44, 45 to 59, 60 to 74, 75 and over; then how much more often in men.
_CHRONIC = (
    ("I10", (0.025, 0.17, 0.37, 0.45), 1.05), ("E11.9", (0.006, 0.06, 0.125, 0.12), 1.05),
    ("J44.9", (0.001, 0.008, 0.03, 0.05), 1.9), ("I69.3", (0.0005, 0.008, 0.035, 0.05), 1.3),
    ("I25.1", (0.001, 0.018, 0.065, 0.11), 1.15), ("E78.5", (0.006, 0.04, 0.06, 0.05), 1.0),
    ("F20.9", (0.004, 0.005, 0.004, 0.002), 1.0), ("K29.5", (0.015, 0.03, 0.035, 0.03), 1.0),
    ("M17.9", (0.001, 0.02, 0.06, 0.08), 0.6), ("H25.9", (0, 0.002, 0.03, 0.09), 0.8),
    ("G47.0", (0.008, 0.02, 0.03, 0.04), 0.7),
)  # fmt: skip
_MEN_ONLY = ("N40", (0.0, 0.015, 0.07, 0.12))
_WOMEN_ONLY = ("M81.0", (0.0, 0.015, 0.05, 0.08))
# Conditions that are followed up by the primary institution (public-health.md §1.3 to §1.5, §1.10) or nearly so.
FOLLOWED = frozenset(("I10", "E11.9", "J44.9", "I69.3", "I25.1", "F20.9"))
TOGETHER = {"E11.9": 1.6, "I69.3": 1.7, "I25.1": 1.6, "E78.5": 2.0}

FOLLOWED_UP = 0.62
CHECK_UP_A_YEAR = 0.58
INFLUENZA_A_YEAR = 0.2
ALLERGIC = 0.045


def band(age: int) -> int:
    """The age band of an adult."""
    return (age >= 45) + (age >= 60) + (age >= 75)


def chronic(rng: Random, age: int, sex: str) -> list[str]:
    """The recorded chronic conditions of a person; diabetes, stroke, heart disease oftener with hypertension."""
    if age < 18:
        return []
    at, found = band(age), []
    special = _MEN_ONLY if sex == "male" else _WOMEN_ONLY
    pressed = False
    for code, shares, men in _CHRONIC:
        share = shares[at] * (men if sex == "male" else 1)
        if pressed:
            share *= TOGETHER.get(code, 1)
        if rng.random() < share:
            found.append(code)
            pressed = pressed or code == "I10"
    if rng.random() < special[1][at]:
        found.append(special[0])
    return found


def acute_a_year(age: int) -> float:
    """Visits for passing illness to a primary institution that reach the record, a year."""
    return 0.8 if age < 7 else 0.3 if age < 45 else 0.4 if age < 65 else 0.6


def admission(age: int, ill: bool) -> float:
    """The chance of a stay in hospital within three years that reaches the record."""
    share = 0.07 if age < 15 else 0.06 if age < 45 else 0.1 if age < 65 else 0.24
    return share * (1.5 if ill else 0.8)


def specialist(ill: bool) -> float:
    """The chance of being seen in a hospital's clinic within three years."""
    return 0.38 if ill else 0.09
