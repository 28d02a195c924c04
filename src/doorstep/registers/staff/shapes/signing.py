"""What leaves the room about sign-in: answers, sessions, and how a person's factors stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorstep.registers.staff.rules import signing as rules


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The answer to a try: the account where it was right, else how many seconds to wait; ``second`` where a second
    factor is still asked for."""

    account: UUID | None
    wait: int = 0
    second: bool = False


@dataclass(frozen=True, slots=True)
class Signed:
    """The session of a request, and what of its account decides what it may do."""

    id: UUID
    since: datetime
    seen: datetime
    factors: int
    confirmed: datetime | None
    has_factor: bool
    must_change: bool
    password_at: datetime


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session in the list of its person."""

    id: UUID
    device: str
    address: str
    since: datetime
    seen: datetime
    factors: int

    @property
    def device_name(self) -> str:
        """Browser and system in a few words."""
        return rules.device(self.device)


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    """A passkey as its owner sees it."""

    id: UUID
    name: str
    since: datetime
    used: datetime | None


@dataclass(frozen=True, slots=True)
class Factors:
    """How an account proves who it is."""

    password_at: datetime
    has_password: bool
    totp_since: datetime | None
    passkeys: tuple[PasskeyLine, ...]
    recovery_left: int

    @property
    def second(self) -> bool:
        """Whether there is any second factor (recovery codes are only spare keys to one)."""
        return self.totp_since is not None or bool(self.passkeys)
