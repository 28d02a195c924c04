"""Which rule decided whether two records are one resident's. Pure."""

from __future__ import annotations

from typing import Final

from doorstep.linkage.conflicts import conflict
from doorstep.linkage.facts import Facts
from doorstep.linkage.keys import KEYS
from doorstep.registers.residents.rules.placing import Rule, Weighed, sure

JUDGED: Final = ("same", "different")
"""States of a doubt in which a person's word holds."""


def shared(a: Facts, b: Facts) -> tuple[str, ...]:
    """The names of the keys that two records share: without one they are never compared."""
    return tuple(key.name for key in KEYS if (value := key.value(a)) and value == key.value(b))


def verdict(a: Facts, other: Weighed, rule: Rule, said: tuple[str, str], numbered: bool) -> tuple[str, str]:
    """The rule that decides of a pair, and a detail of it, the strongest first.

    ``said`` is the state and the detail of their doubt, empty where there is none; ``numbered``: one came to the other
    by a number. Answers ``same``, ``different`` (a person's word), ``two_ids``, ``ranks``, ``conflict`` (with what
    contradicts), ``number``, ``sure``, ``weak`` (heavy, but nothing in it is enough to join by), ``review``, ``no_key``
    or ``low``.
    """
    b, bits = other.near.facts, other.score.bits
    if said[0] in JUDGED:
        return said
    if a.number and b.number and a.number != b.number:
        return "two_ids", ""
    if a.rank and b.rank and a.rank != b.rank:
        return "ranks", ""
    if why := conflict(a, b):
        return "conflict", why
    if numbered:
        return "number", ""
    if not shared(a, b):
        return "no_key", ""
    if bits >= rule.link:
        return ("sure" if sure(a, other, rule) else "weak"), ""
    return ("review" if bits >= rule.review else "low"), ""
