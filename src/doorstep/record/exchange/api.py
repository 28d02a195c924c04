"""The door of exchange for other rooms and for the site: send pieces in, try again what waits."""

from __future__ import annotations

from doorstep.record.exchange.actions import (
    StillWrong,
    dismiss,
    interact,
    mend,
    retry,
    retry_waiting,
    set_aside_fault,
    take,
)
from doorstep.record.exchange.reads import counts, detail, say, set_aside, set_aside_numbers, stored
from doorstep.record.exchange.rules import advice, issue_of
from doorstep.record.exchange.shapes import TO_READ, Answer, EntryAnswer, Interaction, Piece, Problem, Receipt

__all__ = [
    "TO_READ",
    "Answer",
    "EntryAnswer",
    "Interaction",
    "Piece",
    "Problem",
    "Receipt",
    "StillWrong",
    "advice",
    "counts",
    "detail",
    "dismiss",
    "interact",
    "issue_of",
    "mend",
    "retry",
    "retry_waiting",
    "say",
    "set_aside",
    "set_aside_fault",
    "set_aside_numbers",
    "stored",
    "take",
]
