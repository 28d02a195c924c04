"""The life of a proposal: what is grave is proposed by one person and decided by another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.kernel.flow import Flow, Move

LASTS: Final = timedelta(days=7)
"""How long a proposal waits for a second person."""


class State(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the moves look at: whether the mover is who proposed it, whom it serves, and whether its time is over."""

    own: bool
    serves_mover: bool
    over: bool


def _another(facts: Facts) -> Decision:
    return refuse("proposal.own") if facts.own else allow()


def _unconcerned(facts: Facts) -> Decision:
    return refuse("proposal.concerned") if facts.serves_mover else allow()


def _proposer(facts: Facts) -> Decision:
    return allow() if facts.own else refuse("proposal.not_own")


def _in_time(facts: Facts) -> Decision:
    return refuse("proposal.over") if facts.over else allow()


def _too_late(facts: Facts) -> Decision:
    return allow() if facts.over else refuse("proposal.in_time")


_OPEN = frozenset({State.OPEN})
PROPOSAL: Flow[State, Facts] = Flow(
    "proposal",
    State,
    State.OPEN,
    frozenset({State.CONFIRMED, State.DECLINED, State.WITHDRAWN, State.EXPIRED}),
    (
        Move("confirm", _OPEN, State.CONFIRMED, "staff.roles", (_in_time, _another, _unconcerned)),
        Move("decline", _OPEN, State.DECLINED, "staff.roles", (_in_time, _another)),
        Move("withdraw", _OPEN, State.WITHDRAWN, "staff.roles", (_proposer,)),
        Move("expire", _OPEN, State.EXPIRED, "staff.roles", (_too_late,)),
    ),
)
