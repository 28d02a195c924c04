"""The life of an import: checked without changing anything, applied, and taken back once."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from doorstep.kernel.flow import Flow, Move


class State(StrEnum):
    """Where an import stands."""

    CHECKING = "checking"
    CHECKED = "checked"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    DROPPED = "dropped"


_S = State
FLOW: Final[Flow[State, None]] = Flow(
    "import of a sheet",
    State,
    _S.CHECKING,
    frozenset({_S.UNDONE, _S.DROPPED}),
    (
        Move("checked", frozenset({_S.CHECKING}), _S.CHECKED, "sheets.use"),
        Move("again", frozenset({_S.CHECKED}), _S.CHECKING, "sheets.use"),
        Move("drop", frozenset({_S.CHECKED}), _S.DROPPED, "sheets.use"),
        Move("apply", frozenset({_S.CHECKED}), _S.APPLYING, "sheets.use"),
        Move("applied", frozenset({_S.APPLYING}), _S.APPLIED, "sheets.use"),
        Move("undo", frozenset({_S.APPLIED}), _S.UNDOING, "sheets.use"),
        Move("undone", frozenset({_S.UNDOING}), _S.UNDONE, "sheets.use"),
    ),
)
WORK: Final = {_S.CHECKING: "checked", _S.APPLYING: "applied", _S.UNDOING: "undone"}
"""The states in which the worker has it, and the move with which each ends."""
LIVE: Final = (_S.CHECKING, _S.CHECKED, _S.APPLYING, _S.UNDOING)
