"""What goes out by an endpoint: what it carries, at which hours, and when it is tried again."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from doorstep.kernel.clock import CHINA
from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.record.endpoints.rules.facts import Ordering

STANDARDS: Final = ("2.3.1", "2.4", "2.5", "2.5.1", "2.6")  # of MSH-12: what ``compose`` writes fits these
PATIENCE: Final = (1, 600)  # seconds for which an acknowledgement may be waited
LONGEST: Final = timedelta(minutes=1)  # between two tries to reach an endpoint
SLOWEST: Final = timedelta(minutes=10)  # between two tries of one message


class Direction(StrEnum):
    """Which way messages go, seen from here."""

    IN = "in"
    OUT = "out"


class Carry(StrEnum):
    """What is sent by itself: merges of residents (ADT A40, A43), their changes (ADT A31, or A08 for those who read no
    A31), results (ORU R01), appointments (SIU), and what has become of messages whose sender wants to be told (ACK)."""

    MERGES = "merges"
    CHANGES = "changes"
    UPDATES = "updates"
    RESULTS = "results"
    APPOINTMENTS = "appointments"
    ANSWERS = "answers"


ALSO: Final = {Carry.CHANGES: (Carry.CHANGES, Carry.UPDATES)}
"""What is told in one of several ways: whoever carries one of them is told."""


def key_of(ordering: Ordering, key: str, cause: str) -> str:
    """The key within which messages go one after the other: of a patient, one for the endpoint, or each its own.

    Never empty: the queue is walked from key to key.
    """
    if ordering is Ordering.ENDPOINT:
        return "*"
    return (key if ordering is Ordering.PATIENT and key else cause) or "*"


def is_open(now: datetime, opens: time | None, closes: time | None) -> bool:
    """Whether it may be sent at a moment; hours are China's and may go over midnight, without them always."""
    if opens is None or closes is None or opens == closes:
        return True
    at = now.astimezone(CHINA).time()
    return opens <= at < closes if opens < closes else at >= opens or at < closes


def hours(opens: time | None, closes: time | None) -> Decision:
    """Whether both ends of the hours are told, or neither."""
    return allow() if (opens is None) == (closes is None) else refuse("endpoint.hours")


def reach_again(fails: int, chance: float) -> timedelta:
    """How long an endpoint that was not reached so many times in a row is left alone; ``chance`` (0 to 1) spreads
    those that failed together."""
    return _backoff(fails, chance, LONGEST)


def try_again(tries: int, chance: float) -> timedelta:
    """How long a message that was tried so many times waits."""
    return _backoff(tries, chance, SLOWEST)


def _backoff(times: int, chance: float, most: timedelta) -> timedelta:
    return timedelta(seconds=min(2.0 ** min(times, 20), most.total_seconds()) * (0.5 + chance / 2))
