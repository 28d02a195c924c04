"""Coding, Quantity and Period: the three shapes in which the field's facts travel (FHIR R4 datatypes)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Coding:
    """A code of a code system; the bare code is never exchanged without its system and its words."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured amount with its UCUM unit."""

    value: Decimal
    unit: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """From a day to a day, both included; an open end is None. Raises ``ValueError`` where the end is first."""

    start: date
    end: date | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end < self.start:
            raise ValueError("period ends before it starts")

    def holds(self, day: date) -> bool:
        """Whether the day lies within the period."""
        return self.start <= day and (self.end is None or day <= self.end)
