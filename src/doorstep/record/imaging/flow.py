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
"""Of a person, and of the worker, which holds every permission of the rooms."""
FLOW: Final[Flow[State, None]] = Flow(
    "study",
    State,
    _S.SEEN,
    frozenset(),
    (
        Move("place", frozenset(_S), _S.PLACED, _TIE),
        Move("rest", frozenset(_S), _S.RESTING, _TIE),
        Move("lose", frozenset(_S), _S.GONE, _TIE),
        Move("tie", frozenset({_S.RESTING}), _S.PLACED, _TIE),
        Move("untie", frozenset({_S.PLACED}), _S.RESTING, _TIE),
    ),
)
