"""The life of an objection: a resident objects to looks at their record, it is taken up, answered, and closes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.kernel.flow import Flow, Move


class State(StrEnum):
    """Where an objection stands."""

    RAISED = "raised"
    TAKEN = "taken"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the moves look at: whether the mover is one of those objected to, whether words to the resident are there,
    whether it was opened again before, and whether the resident has been silent long enough."""

    concerned: bool = False
    said: bool = True
    reopened: bool = False
    quiet: bool = False


def _unconcerned(facts: Facts) -> Decision:
    """Nobody judges their own looks."""
    return refuse("objection.concerned") if facts.concerned else allow()


def _words(facts: Facts) -> Decision:
    """A refusal has its reasons (个人信息保护法 art. 50), and so has an answer that upholds."""
    return allow() if facts.said else refuse("objection.words")


def _once(facts: Facts) -> Decision:
    return refuse("objection.reopened") if facts.reopened else allow()


def _silent(facts: Facts) -> Decision:
    return allow() if facts.quiet else refuse("objection.waits")


_OPEN = frozenset({State.RAISED, State.TAKEN})
_DONE = frozenset({State.ANSWERED})
OBJECTION: Flow[State, Facts] = Flow(
    "objection",
    State,
    State.RAISED,
    frozenset({State.CLOSED}),
    (
        Move("take", frozenset({State.RAISED}), State.TAKEN, "trail.answer", (_unconcerned,)),
        Move("answer", frozenset({State.TAKEN}), State.ANSWERED, "trail.answer", (_unconcerned, _words)),
        Move("withdraw", _OPEN, State.CLOSED, "trail.own"),
        Move("accept", _DONE, State.CLOSED, "trail.own"),
        Move("reopen", _DONE, State.RAISED, "trail.own", (_words, _once)),
        Move("lapse", _DONE, State.CLOSED, "trail.answer", (_silent,)),
    ),
)
