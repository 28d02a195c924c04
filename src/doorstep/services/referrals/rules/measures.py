"""Measures of referral, each as numerator and denominator; a zero denominator is "no data". Pure.

Names follow the monitoring indicators of close-knit county consortia (紧密型县域医共体监测指标) where they have
one; in-time, arrival, closure and return are the consortium's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


def _(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Rate:
    """A share, kept as its two numbers."""

    numerator: int
    denominator: int

    @property
    def share(self) -> float | None:
        """The share in per cent; None where nothing was counted."""
        return 100 * self.numerator / self.denominator if self.denominator else None


RATES: Final[Mapping[str, tuple[str, str, str]]] = {
    "up": (_("上转占比"), "up", "sent"),
    "down": (_("下转占比"), "down", "sent"),
    "across": (_("平级转诊占比"), "across", "sent"),
    "outpatient": (_("门诊转诊占比"), "outpatient", "sent"),
    "inpatient": (_("住院转诊占比"), "inpatient", "sent"),
    "in_time": (_("按时答复率"), "answered_in_time", "answer_due"),
    "accepted": (_("接收率"), "accepted", "answered"),
    "arrived": (_("到诊率"), "arrived", "arrival_due"),
    "missed": (_("爽约率"), "missed", "arrival_due"),
    "returned": (_("回转率"), "reported", "arrived"),
    "letter_in_time": (_("回转单按时率"), "reported_in_time", "reported"),
    "closed": (_("闭环率"), "closed", "sent"),
}
"""For each measure its words and which counts it is made of (names of ``Counts``)."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of the referrals that were sent in a period: all, by direction and by what was asked; answered,
    those whose answer was due, answered in time, accepted; arrivals due (accepted and answered for), arrived, missed;
    reported, in time; closed."""

    sent: int = 0
    up: int = 0
    down: int = 0
    across: int = 0
    outpatient: int = 0
    inpatient: int = 0
    answered: int = 0
    answer_due: int = 0
    answered_in_time: int = 0
    accepted: int = 0
    arrival_due: int = 0
    arrived: int = 0
    missed: int = 0
    reported: int = 0
    reported_in_time: int = 0
    closed: int = 0


def rates(counted: Counts) -> Mapping[str, Rate]:
    """Every measure of the counts."""
    return {
        name: Rate(getattr(counted, above), getattr(counted, below)) for name, (_words, above, below) in RATES.items()
    }
