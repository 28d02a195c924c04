"""What runs over all records tell, and what is shown of matching models. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from doorstep.registers.residents.rules.modelling import Weight


@dataclass(frozen=True, slots=True)
class Fresh:
    """The records that are compared with all: those that are new or changed since a time, or one institution's."""

    since: datetime | None = None
    organisation: UUID | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run over all records is: its stage, a count, and at the end (``done``) what it did."""

    stage: str
    done: int = 0
    total: int = 0
    outcome: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Linked:
    """What a batch did: residents merged, records moved alone, groups left because they changed meanwhile, merges that
    two resident IDs forbid, doubtful pairs put into the queue, and those that wait for the next batch."""

    merged: int
    moved: int
    skipped: int
    refused: int
    doubts: int
    left: int


@dataclass(frozen=True, slots=True)
class MatchModelPage:
    """A matching model: who made it and when, its figures, its comparison with the rule that held then, precision and
    recall in percent (None: nothing to count), whether it matches now and since when, and its weights."""

    id: int
    made_at: datetime
    made_by: str
    figures: Mapping[str, Any]
    shadow: Mapping[str, Any]
    precision: float | None
    recall: float | None
    used_from: datetime | None
    used_by: str
    in_use: bool
    since: datetime | None
    weights: tuple[Weight, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A run over all records: what, of which model, asked by whom, how far, and how it ended. ``late``: it did
    not."""

    id: int
    kind: str
    model: int | None
    asked_at: datetime
    asked_by: str
    stage: str
    percent: int
    ended_at: datetime | None
    outcome: Mapping[str, Any]
    error: str
    late: bool
