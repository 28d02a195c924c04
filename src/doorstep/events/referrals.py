"""What the room referrals tells the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ReferralSent:
    """A referral waits for an answer of the destination until ``due``; a redirected one is sent anew."""

    referral: UUID
    resident: UUID
    origin: UUID
    destination: UUID
    urgency: str
    due: datetime

    @property
    def subject(self) -> str:
        """Events of one referral keep their order."""
        return f"referral:{self.referral}"


@dataclass(frozen=True, slots=True)
class ReferralAccepted:
    """The destination takes the patient; ``starts`` is when they are expected, where a slot was taken."""

    referral: UUID
    resident: UUID
    origin: UUID
    destination: UUID
    starts: datetime | None

    @property
    def subject(self) -> str:
        """Events of one referral keep their order."""
        return f"referral:{self.referral}"


@dataclass(frozen=True, slots=True)
class ReferralReported:
    """The return letter is written: the primary side makes contact by ``contact_due``, and follows up by
    ``follow_up_due`` where a norm says so."""

    referral: UUID
    resident: UUID
    origin: UUID
    destination: UUID
    contact_due: datetime
    follow_up_due: date | None

    @property
    def subject(self) -> str:
        """Events of one referral keep their order."""
        return f"referral:{self.referral}"


@dataclass(frozen=True, slots=True)
class ReferralLapsed:
    """Nobody moved it while it was valid."""

    referral: UUID
    resident: UUID
    origin: UUID
    destination: UUID

    @property
    def subject(self) -> str:
        """Events of one referral keep their order."""
        return f"referral:{self.referral}"
