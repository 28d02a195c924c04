"""What is told of a message: its header, its separators, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

NULL: Final = '""'
"""The value by which a sender says that there is nothing any more (HL7 v2.5.1, 2.5.3): other than an absent value."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong: a reason code, the place (``PID-3[1].4``, ``byte 17``, ``line 5``), and words or a value."""

    reason: str
    place: str = ""
    text: str = ""


class Unreadable(Exception):
    """Bytes that are no HL7 v2 message: why, and where."""

    def __init__(self, reason: str, place: str) -> None:
        super().__init__(f"{reason} at {place}")
        self.reason, self.place = reason, place

    @property
    def problem(self) -> Problem:
        """The same as a record."""
        return Problem(self.reason, self.place)


@dataclass(frozen=True, slots=True)
class Separators:
    """MSH-1 and MSH-2: field, component, repetition, escape, subcomponent; an empty one is not in use."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    encoding: str = "^~\\&"


@lru_cache(maxsize=64)
def separators_of(field: str, encoding: str) -> Separators | None:
    """The separators that a header declares; None where they cannot be told apart or are letters or digits."""
    marks = field + encoding
    if not 2 <= len(marks) <= 6 or len(set(marks)) != len(marks):
        return None
    if any(mark.isalnum() or mark == '"' or not 32 <= ord(mark) <= 126 for mark in marks):
        return None
    component, repetition, escape, subcomponent = (*encoding[:4], *("",) * (4 - len(encoding[:4])))
    return Separators(field, component, repetition, escape, subcomponent, encoding)


PLAIN: Final = Separators()


@dataclass(frozen=True, slots=True)
class Header:
    """MSH: who sends what to whom, and which acknowledgements are asked for.

    Sender and receiver (MSH-3 to 6) and ``charset`` (MSH-18) are as sent, with their components; ``at`` is MSH-7 (its
    sender may not have told a time zone); ``kind``, ``trigger`` and ``structure`` are MSH-9, ``accept_ack`` and
    ``application_ack`` MSH-15 and MSH-16. ``codec`` is what its bytes were read by.
    """

    sending_application: str = ""
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    at: str = ""
    kind: str = ""
    trigger: str = ""
    structure: str = ""
    control_id: str = ""
    processing: str = ""
    version: str = ""
    charset: str = ""
    accept_ack: str = ""
    application_ack: str = ""
    separators: Separators = PLAIN
    codec: str = "utf-8"
