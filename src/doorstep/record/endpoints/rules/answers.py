"""What the other side says of a message: taken, to be tried again, or refused (HL7 v2.5.1, chapter 2.9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from doorstep.adapters.hl7v2 import codec

TAKEN: Final = frozenset({"AA", "CA"})
AGAIN: Final = frozenset({"AE", "CE"})
REFUSED: Final = frozenset({"AR", "CR"})
WORDS: Final = 500  # letters of what the other side says, kept


class Outcome(StrEnum):
    """What becomes of a message by its answer."""

    TAKEN = "taken"
    AGAIN = "again"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer comes to: its code, and where it is no yes the reason in this room's words, with ``params``
    (``error``: the code of table 0357; ``said``: the other side's own words, which may tell of a person)."""

    outcome: Outcome
    code: str = ""
    reason: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


class Unreachable(Exception):
    """Nothing was sent: the other side is not there, or TLS failed. ``detail``: what the system says."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class Unanswered(Unreachable):
    """It was sent, at least in part, and no answer came: the other side may have it."""


def judge(control: str, answer: bytes) -> Verdict:
    """What an acknowledgement says of the message with this control id; one that cannot be read, or is another's, is no
    answer to it and it is tried again."""
    try:
        message = _read(answer)
    except codec.Unreadable:
        return Verdict(Outcome.AGAIN, reason="answer-unreadable")
    code = message.get("MSA-1").strip().upper()
    if code not in TAKEN | AGAIN | REFUSED:
        return Verdict(Outcome.AGAIN, reason="answer-unreadable")
    if message.get("MSA-2").strip() != control:
        return Verdict(Outcome.AGAIN, code, "answer-of-another")
    if code in TAKEN:
        return Verdict(Outcome.TAKEN, code)
    error = message.get("ERR-3.1") or message.get("ERR-1.4.1") or message.get("MSA-6.1")
    said = [message.get(place) for place in ("MSA-3", "ERR-8", "ERR-7", "ERR-3.2")]
    params = {"code": code, "error": error[:20], "said": "；".join(dict.fromkeys(filter(None, said)))[:WORDS]}
    if code in AGAIN:
        return Verdict(Outcome.AGAIN, code, "answered-error", params)
    return Verdict(Outcome.REFUSED, code, "answered-refused", params)


def _read(answer: bytes) -> codec.Message:
    """An acknowledgement; one whose words are in no known character set is still read for its code and its id."""
    try:
        return codec.parse(answer)
    except codec.Unreadable as why:
        if why.reason not in ("not-in-charset", "charset-unknown"):
            raise
        return codec.parse(answer, "8859/1")


def move_of(verdict: Verdict, tries: int, most: int) -> str:
    """What becomes of a message that was sent so many times (this one among them): ``take``, ``rest``, or nothing,
    and then it is tried again."""
    if verdict.outcome is Outcome.TAKEN:
        return "take"
    return "rest" if verdict.outcome is Outcome.REFUSED or tries >= most else ""
