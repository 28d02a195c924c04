"""Health cards: the index of a person, the code that a telephone shows, the PIN of a paper card. Pure.

The index of the electronic health card is taken as the SM3 hash (GB/T 32905-2016) of the identity number, 64
hexadecimal digits. The formats of the national card (电子健康卡) and of the insurance certificate (医保电子凭证) are
given to admitted parties alone; what stands here is the house's own, and a reader of theirs joins the list in
``actions.scanning``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SM3, Hash

HOLDS: Final = timedelta(seconds=60)
"""How long a shown code holds."""
LASTS: Final = 730
"""Days that a paper card holds (our own choice)."""
MARK: Final = "DSQ1."
PIN: Final = re.compile(r"[0-9]{6}", re.ASCII)


def index(number: str) -> str:
    """The index of the holder of an identity number: SM3, 64 hexadecimal digits."""
    found = Hash(SM3())
    found.update(number.strip().upper().encode())
    return found.finalize().hex()


@dataclass(frozen=True, slots=True)
class Claim:
    """What a shown code says: which showing it is, whose, and until when it holds."""

    id: UUID
    resident: UUID
    until: datetime


def written(claim: Claim) -> str:
    """The inside of a shown code, which is sealed before it leaves the house."""
    return f"{claim.id.hex}{claim.resident.hex}{int(claim.until.timestamp())}"


def read(text: str, at: datetime) -> Claim | None:
    """What the inside of a code says; None where it is none, or its minute is over."""
    if not re.fullmatch(r"[0-9a-f]{64}[0-9]{1,12}", text, re.ASCII):
        return None
    claim = Claim(UUID(text[:32]), UUID(text[32:64]), datetime.fromtimestamp(int(text[64:]), UTC))
    return claim if at <= claim.until else None


def weak(pin: str) -> bool:
    """Whether a PIN is none: six digits, not all alike and not in a row up or down."""
    if not PIN.fullmatch(pin):
        return True
    steps = {ord(b) - ord(a) for a, b in pairwise(pin)}
    return len(steps) == 1 and steps <= {-1, 0, 1}
