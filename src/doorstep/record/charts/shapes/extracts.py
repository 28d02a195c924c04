"""What a letter takes from a chart, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Measured:
    """The newest value of a code: ``unit`` as units are compared, ``text`` as a person reads it."""

    code: str
    number: Decimal | None
    unit: str
    text: str
    flagged: bool


@dataclass(frozen=True, slots=True)
class Paper:
    """An entry that may be enclosed: type and id, what it is, its day."""

    kind: str
    key: str
    title: str
    on: str
    flagged: bool


@dataclass(frozen=True, slots=True)
class Extract:
    """Problems, medicines and allergies that hold now, the newest values, and what may be enclosed, newest first."""

    problems: tuple[str, ...]
    medicines: tuple[str, ...]
    allergies: tuple[str, ...]
    values: tuple[Measured, ...]
    papers: tuple[Paper, ...]
