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


class ExportState(StrEnum):
    """Where an export stands; ``RUNNING`` only once nothing older than its time can still be written."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


LIVE = (ExportState.ACCEPTED, ExportState.RUNNING, ExportState.DONE)
AT_WORK = frozenset(LIVE[:2])
ENDED = frozenset({ExportState.DONE, ExportState.FAILED})

EXPORT_FLOW: Flow[ExportState, None] = Flow(
    "bulk export",
    ExportState,
    ExportState.ACCEPTED,
    frozenset({ExportState.CANCELLED, ExportState.EXPIRED}),
    (
        Move("start", frozenset({ExportState.ACCEPTED}), ExportState.RUNNING, "exchange.export"),
        Move("finish", frozenset({ExportState.RUNNING}), ExportState.DONE, "exchange.export"),
        Move("fail", AT_WORK, ExportState.FAILED, "exchange.export"),
        Move("cancel", AT_WORK | ENDED, ExportState.CANCELLED, "exchange.export"),
        Move("expire", ENDED, ExportState.EXPIRED, "exchange.export"),
    ),
)
