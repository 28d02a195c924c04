"""The life of a message. What came in is kept before it is acknowledged, then applied, or rests until it is mended;
what a service must act on (a referral's message) is handed to it first. What goes out waits until the other side has
taken it, or rests until a person decides."""

from __future__ import annotations

from enum import StrEnum

from doorstep.kernel.flow import Flow, Move


class State(StrEnum):
    """Where a message stands."""

    KEPT = "kept"
    HANDED = "handed"
    APPLIED = "applied"
    RESTING = "resting"
    MENDED = "mended"
    DISMISSED = "dismissed"


FLOW: Flow[State, None] = Flow(
    "message of an endpoint",
    State,
    State.KEPT,
    frozenset({State.APPLIED, State.MENDED, State.DISMISSED}),
    (
        Move("apply", frozenset({State.KEPT, State.HANDED}), State.APPLIED, "endpoints.mend"),
        Move("hand", frozenset({State.KEPT}), State.HANDED, "endpoints.mend"),
        Move("rest", frozenset({State.KEPT, State.HANDED}), State.RESTING, "endpoints.mend"),
        Move("replay", frozenset({State.RESTING}), State.KEPT, "endpoints.mend"),
        Move("mend", frozenset({State.RESTING}), State.MENDED, "endpoints.mend"),
        Move("dismiss", frozenset({State.RESTING}), State.DISMISSED, "endpoints.mend"),
    ),
)
DONE = FLOW.ends


class Sending(StrEnum):
    """Where a message that goes out stands."""

    WAITING = "waiting"
    TAKEN = "taken"
    RESTING = "resting"
    DISMISSED = "dismissed"


OUTWARD: Flow[Sending, None] = Flow(
    "message to an endpoint",
    Sending,
    Sending.WAITING,
    frozenset({Sending.TAKEN, Sending.DISMISSED}),
    (
        Move("take", frozenset({Sending.WAITING}), Sending.TAKEN, "endpoints.mend"),
        Move("rest", frozenset({Sending.WAITING}), Sending.RESTING, "endpoints.mend"),
        Move("replay", frozenset({Sending.RESTING}), Sending.WAITING, "endpoints.mend"),
        Move("dismiss", frozenset({Sending.WAITING, Sending.RESTING}), Sending.DISMISSED, "endpoints.mend"),
    ),
)
