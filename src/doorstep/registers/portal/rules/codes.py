"""Codes by short message: how they are made, how long they hold, and how asking and guessing is slowed. Pure.

A code is never kept, neither as it is nor as a hash: it follows by a keyed hash from the row that was asked for, so
the worker that sends it and the page that checks it each make it afresh, and a copy of the database gives no code.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from doorstep.linkage import numbers

LASTS: Final = timedelta(minutes=5)
"""How long a code holds."""
TRIES: Final = 5
DIGITS: Final = 6
PROVED: Final = timedelta(minutes=10)
"""How long a right code waits for its person to say who they are."""
FORGET: Final = timedelta(days=1)


def code(key: str, row: UUID) -> str:
    """The six digits of a row: HMAC-SHA256 (RFC 2104) under the key of the house."""
    found = hmac.new(key.encode(), b"portal.code\n" + row.bytes, hashlib.sha256).digest()
    return f"{int.from_bytes(found[:16]) % 10**DIGITS:0{DIGITS}d}"


def is_right(key: str, row: UUID, given: str) -> bool:
    """Whether a given text is the code, in a time that does not tell how nearly."""
    return hmac.compare_digest(code(key, row).encode(), "".join(given.split()).encode())


def holds(asked: datetime, tries: int, used: bool, at: datetime) -> bool:
    """Whether a code can still be tried: in its time, not used, not tried five times."""
    return not used and tries < TRIES and timedelta() <= at - asked <= LASTS


def mobile(text: str) -> str:
    """A mainland mobile number in its one form, eleven digits that begin with 1; "" for any other. Which ranges are in
    use changes every year; the carrier knows."""
    plain = numbers.phone(text[:40])
    return plain if len(plain) == 11 and plain[0] == "1" else ""


def digest(key: str, phone: str) -> str:
    """Under what a telephone is looked up: keyed, for there are few enough numbers to try them all."""
    return hmac.new(key.encode(), b"portal.phone\n" + phone.encode(), hashlib.sha256).hexdigest()


def tail(phone: str) -> str:
    """What is shown of a number: its last four digits."""
    return phone[-4:]


@dataclass(frozen=True, slots=True)
class Terms:
    """The dated parameters (rule set ``portal.sessions``); the defaults are our own choice, no norm says them.

    ``idle_minutes`` on a device that others use too, ``own_days`` on one's own telephone, both since the last use.
    """

    idle_minutes: int = 30
    own_days: int = 30


def terms(said: Mapping[str, Any]) -> Terms:
    """The terms that a rule set says; what it does not say is as above."""
    known = Terms()
    return Terms(int(said.get("idle_minutes", known.idle_minutes)), int(said.get("own_days", known.own_days)))


def idle(within: Terms, *, own: bool) -> timedelta:
    """How long a session lives without use."""
    return timedelta(days=within.own_days) if own else timedelta(minutes=within.idle_minutes)


def is_over(within: Terms, *, own: bool, seen: datetime, at: datetime) -> bool:
    """Whether a session has ended by itself."""
    return at - seen > idle(within, own=own)
