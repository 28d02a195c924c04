"""One move of a flow on a locked row."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol, TypeVar

from doorstep.kernel.decision import demand
from doorstep.kernel.flow import Flow

S = TypeVar("S", bound=StrEnum)
F = TypeVar("F")


class Standing(Protocol):
    """A row that stands somewhere in a flow."""

    status: str
    version: int


def step(row: Standing, flow: Flow[S, F], move: str, facts: F) -> S:
    """Make the move, or raise ``Refused``; where the row stands then, which the caller writes."""
    verdict, after = flow.step(move, flow.states(row.status), facts)
    demand(verdict)
    row.status, row.version = after.value, row.version + 1
    return after
