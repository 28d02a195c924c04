"""Whose a study is: by the numbers on it and by its order, where nothing that stands on it speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Candidate:
    """A resident to whom something leads: a record of theirs, and what on the study is another's (``name``, ``sex``,
    ``birth_date``, or empty)."""

    patient: str
    resident: UUID
    against: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known: whether the study has a number, whether it says a name or a birth date, how many studies bear its
    UID, whom its numbers lead to, and whose the order of its accession number is."""

    has_number: bool
    is_described: bool
    copies: int = 1
    by_number: Sequence[Candidate] = ()
    by_order: Sequence[Candidate] = ()


@dataclass(frozen=True, slots=True)
class Placing:
    """The record of whose person it is, or why that is not certain."""

    patient: str = ""
    reason: str = ""
    params: dict[str, object] = field(default_factory=dict)


REASONS: Final = (
    "two-patients", "ambiguous", "contradicts", "order-contradicts", "order-other", "too-little", "no-number",
    "unknown", "changed", "untied", "no-record",
)  # fmt: skip
"""Why a study rests; the last three are not of ``place``."""


def place(facts: Facts) -> Placing:
    """Where a study belongs. A wrong picture in a chart is worse than one that waits: any doubt is a person's."""
    if facts.copies > 1:
        return Placing(reason="two-patients", params={"copies": facts.copies})
    numbered, ordered = _sure(facts.by_number), _sure(facts.by_order)
    if _people(numbered) > 1:
        return Placing(reason="ambiguous", params={"residents": _people(numbered)})
    if facts.by_order and not ordered:
        return Placing(reason="order-contradicts", params={"against": facts.by_order[0].against})
    led = [*numbered, *ordered]
    if _people(led) > 1:
        return Placing(reason="order-other")
    if led:
        return Placing(led[0].patient) if facts.is_described else Placing(reason="too-little")
    return _nobody(facts)


def _nobody(facts: Facts) -> Placing:
    if facts.by_number:
        return Placing(reason="contradicts", params={"against": facts.by_number[0].against})
    return Placing(reason="unknown" if facts.has_number else "no-number")


def _sure(led: Sequence[Candidate]) -> list[Candidate]:
    return [each for each in led if not each.against]


def _people(led: Sequence[Candidate]) -> int:
    return len({each.resident for each in led})
