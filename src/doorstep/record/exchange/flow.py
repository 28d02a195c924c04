"""The life of a message: applied at once, or set aside until a person mends or dismisses it."""

from __future__ import annotations

from enum import StrEnum

from doorstep.kernel.flow import Flow, Move


class State(StrEnum):
    """Where a message stands; ``KEPT`` is the moment between being kept and being applied."""

    KEPT = "kept"
    APPLIED = "applied"
    SET_ASIDE = "set_aside"
    MENDED = "mended"
    DISMISSED = "dismissed"


FLOW: Flow[State, None] = Flow(
    "exchange message",
    State,
    State.KEPT,
    frozenset({State.APPLIED, State.MENDED, State.DISMISSED}),
    (
        Move("apply", frozenset({State.KEPT}), State.APPLIED, "exchange.send"),
        Move("set_aside", frozenset({State.KEPT}), State.SET_ASIDE, "exchange.send"),
        Move("retry", frozenset({State.SET_ASIDE}), State.APPLIED, "exchange.send"),
        Move("mend", frozenset({State.SET_ASIDE}), State.MENDED, "exchange.mend"),
        Move("dismiss", frozenset({State.SET_ASIDE}), State.DISMISSED, "exchange.mend"),
    ),
)
