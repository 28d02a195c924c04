"""Deadlines, as dated parameters (rule set ``referrals.terms``). Pure.

Only the two weeks are a norm's (基本公共卫生服务规范 2017: follow-up within two weeks of an emergency referral
of hypertension or diabetes); the others are what platforms of the field use, and a county may say its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from doorstep.kernel import clock
from doorstep.services.referrals.rules.kinds import Urgency

CODE: Final = "referrals.terms"


@dataclass(frozen=True, slots=True)
class Terms:
    """Minutes to answer by urgency; hours of the return letter after discharge and of the first contact after it; days
    that a referral is valid and until follow-up; ``soon_minutes``: from when on a deadline is called near;
    ``care_days``: how long after its last move a referral in care still opens the chart (assumed)."""

    emergency_minutes: int = 15
    urgent_minutes: int = 120
    routine_minutes: int = 24 * 60
    valid_days: int = 7
    letter_hours: int = 24
    contact_hours: int = 72
    follow_up_days: int = 14
    soon_minutes: int = 120
    care_days: int = 90


def terms(parameters: Mapping[str, Any]) -> Terms:
    """The terms that a rule set says; what it does not say is as above."""
    known = Terms()
    names = [name for name in Terms.__slots__ if name in parameters]
    return Terms(**{name: int(parameters.get(name, getattr(known, name))) for name in names})


def answer_due(sent_at: datetime, urgency: Urgency, within: Terms) -> datetime:
    """By when the destination answers; emergencies do not wait for Monday, so all count plain time."""
    minutes = {
        Urgency.EMERGENCY: within.emergency_minutes,
        Urgency.URGENT: within.urgent_minutes,
        Urgency.ROUTINE: within.routine_minutes,
    }[urgency]
    return sent_at + timedelta(minutes=minutes)


def valid_until(at: datetime, starts: datetime | None, within: Terms) -> datetime:
    """Until when a referral holds that nobody moves: some days from now, never less than a day past its appointment."""
    plain = at + timedelta(days=within.valid_days)
    return plain if starts is None else max(plain, starts + timedelta(days=1))


def letter_due(discharged_at: datetime, within: Terms) -> datetime:
    """By when the return letter is written."""
    return clock.add_hours(discharged_at, within.letter_hours)


def contact_due(reported_at: datetime, within: Terms) -> datetime:
    """By when the primary side has been in touch with the patient."""
    return clock.add_hours(reported_at, within.contact_hours)


def follow_up_due(sent_at: datetime, owed: bool, within: Terms) -> date | None:
    """The last day of the follow-up that the norm asks for, counted from the referral; None where it asks for none."""
    return sent_at.astimezone(clock.CHINA).date() + timedelta(days=within.follow_up_days) if owed else None


def is_soon(due: datetime | None, at: datetime, within: Terms) -> bool:
    """Whether a deadline that has not passed is near."""
    return due is not None and at <= due <= at + timedelta(minutes=within.soon_minutes)
