"""How sure it is that a person described is the one of a record, in FHIR's grades of a match."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from doorstep.linkage.conflicts import conflict
from doorstep.linkage.facts import Facts
from doorstep.registers.residents.rules.facts import Identifier, Kind, is_trusted
from doorstep.registers.residents.rules.placing import Rule, Weighed, opposed, sure

CERTAIN, PROBABLE, POSSIBLE = "certain", "probable", "possible"
_CONTRADICTED: Final = 0.5
"""The score of one whose number speaks for it and whose name, sex or birth date against it, at most."""
MOST_NUMBERS: Final = 50
"""Numbers of a description that are looked up: the first."""


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade of the FHIR extension ``match-grade`` and a score from 0 to 1, by which matches are ordered."""

    code: str
    score: float


def own_numbers(identifiers: Iterable[Identifier], own: Facts) -> list[Identifier]:
    """The numbers that speak for the person by themselves; a hospital number needs the system that it is of."""
    found = [
        each
        for each in identifiers
        if is_trusted(each)
        and (each.kind is not Kind.HOSPITAL or each.system)
        and not (each.kind is Kind.RESIDENT_ID and each.value == own.parent)
    ]
    return found[:MOST_NUMBERS]


def grade(own: Facts, other: Weighed, numbered: bool | None, rule: Rule) -> Grade | None:
    """How a record stands to the person described; ``numbered``: they share a trusted number, and nothing contradicts
    it (True) or something does (False). None for two people, and where too little speaks for one."""
    facts, score = other.near.facts, other.score
    if opposed(own, facts):
        return None
    if numbered:
        return Grade(CERTAIN, max(score.probability, 1 / (1 + 2**-rule.link)))
    if numbered is False or conflict(own, facts):
        return Grade(POSSIBLE, min(score.probability, _CONTRADICTED))
    if sure(own, other, rule):
        return Grade(CERTAIN, score.probability)
    if score.bits >= (rule.review + rule.link) / 2:
        return Grade(PROBABLE, score.probability)
    return Grade(POSSIBLE, score.probability) if score.bits >= rule.review else None
