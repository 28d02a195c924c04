"""The life of what came in by an endpoint: kept before it is acknowledged, then applied, or resting until mended.

What a service must act on (a referral's message) is handed to it first, and applied, or rests, as that says.
"""

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
