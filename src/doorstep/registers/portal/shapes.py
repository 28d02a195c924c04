"""What leaves the room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Step(StrEnum):
    """What comes next for one who signs in."""

    IN = "in"
    CODE = "code"
    WHO = "who"
    AGAIN = "again"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a step of signing in; ``wait`` are seconds."""

    step: Step
    wait: int = 0


@dataclass(frozen=True, slots=True)
class Proved:
    """A telephone that has shown its code in this browser: the code's row, and under what the number is looked up."""

    code: UUID
    digest: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A session as the door sees it."""

    id: UUID
    resident: UUID
    acting_for: UUID | None
    own: bool
    seen: datetime
    how: str


@dataclass(frozen=True, slots=True)
class Person:
    """One of those whom a telephone may open: the binding, and the name as far as it is shown."""

    binding: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Ward:
    """One for whom somebody may act today."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """A session in the list of its person."""

    id: UUID
    device: str
    address: str
    own: bool
    how: str
    since: datetime
    seen: datetime


@dataclass(frozen=True, slots=True)
class Bound:
    """A telephone that opens a resident's record, as the desk and the resident see it."""

    id: UUID
    tail: str
    how: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Acting:
    """Who has signed in, for whom they act now (None: themselves), and for whom they might."""

    name: str
    ward: Ward | None
    wards: tuple[Ward, ...]


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A health card as a telephone shows it: the text of its code, until when it holds, the index of its holder."""

    text: str
    until: datetime
    index: str
