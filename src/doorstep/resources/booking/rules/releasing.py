"""A release at a fixed hour for which many wait: who is before whom, and how often a page asks. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from uuid import UUID

MOST_A_SECOND: Final = 100
"""So many questions a second from all who wait are let come (our own choice: 2 cores answer them with ease)."""
SELDOM, OFTEN, LONGEST = 30.0, 2.0, 60.0


def drawn(seed: str, tickets: Iterable[UUID]) -> tuple[UUID, ...]:
    """The order of those who came before the hour: by a hash of the seed, which nobody knows before the hour, and the
    ticket. Who came first, or asked most often, gains nothing; with the seed anybody can draw it again."""
    return tuple(sorted(tickets, key=lambda one: (sha256(f"{seed}:{one}".encode()).digest(), one)))


def ask_again(waiting: int, to_go: float, dice: float) -> float:
    """After how many seconds a page asks where one stands: seldom while the hour is far (``to_go`` seconds), and then
    spread by ``dice`` (0 to 1) over as long as it takes that not all come at once."""
    spread = min(LONGEST, max(OFTEN, waiting / MOST_A_SECOND))
    if to_go > 0:
        return min(SELDOM * (1 + dice), to_go + OFTEN + spread * dice) if to_go > SELDOM else to_go + spread * dice + 1
    return spread * (0.5 + dice) if spread > OFTEN else OFTEN


def left(before: int, answered: int, seconds: float) -> int | None:
    """How many seconds it takes until those before are answered, as fast as it went so far; None where nobody can
    say yet."""
    if answered <= 0 or seconds <= 0:
        return None
    return round(before * seconds / answered)
