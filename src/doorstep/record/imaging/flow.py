"""The life of a study: seen in an archive, placed with a resident or resting until a person says whose it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from doorstep.kernel.flow import Flow, Move


class State(StrEnum):
    """Where a study stands."""

    SEEN = "seen"
    PLACED = "placed"
    RESTING = "resting"
    GONE = "gone"


_S = State
_TIE: Final = "imaging.tie"
_SYSTEM: Final = "imaging.follow"
"""What the house does by itself, by the worker: no role holds it."""
FLOW: Final[Flow[State, None]] = Flow(
    "study",
    State,
    _S.SEEN,
    frozenset(),
    (
        Move("place", frozenset(_S), _S.PLACED, _SYSTEM),
        Move("rest", frozenset(_S), _S.RESTING, _SYSTEM),
        Move("lose", frozenset(_S), _S.GONE, _SYSTEM),
        Move("tie", frozenset({_S.RESTING}), _S.PLACED, _TIE),
        Move("untie", frozenset({_S.PLACED}), _S.RESTING, _TIE),
    ),
)
