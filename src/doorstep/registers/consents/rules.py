"""Whether there is a reason to read a resident's record, and how much it opens. Pure.

A reason rests on facts that the reader cannot make: what the institution's own system sent, what another side or the
resident has done, or a break-glass that is told at once and reviewed (个人信息保护法 art. 13, 28–30;
医疗机构病历管理规定 art. 15–16: only those who take part in a patient's care read the record).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from doorstep.kernel import clock, sensitive
from doorstep.kernel.decision import Decision, allow, refuse


class Why(StrEnum):
    """What a reading rests on. Those of care are opened by rooms, encounters are read from what institutions sent;
    ``self`` and ``guardian`` are the resident's own reading (个人信息保护法 art. 45)."""

    OPERATIONS = "operations"
    ENCOUNTER = "encounter"
    REFERRAL = "referral"
    APPOINTMENT = "appointment"
    CONTRACT = "contract"
    CONSULTATION = "consultation"
    READING = "reading"
    CONSENT = "consent"
    BREAK_GLASS = "break_glass"
    OWN = "own"
    SELF = "self"
    GUARDIAN = "guardian"
    DENIAL = "denial"


CARE: Final = (Why.ENCOUNTER, Why.REFERRAL, Why.APPOINTMENT, Why.CONTRACT, Why.CONSULTATION, Why.READING)
OPENED: Final = (*CARE[1:], Why.CONSENT, Why.BREAK_GLASS, Why.DENIAL)
"""What is kept as a relation; an encounter is not: what its institution sent says it."""
NO_REASON: Final = "chart.no_reason"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is so at the moment of a reading: whether it is the house's own work, which relations are present between
    the resident and the reader's institution (or, for break-glass, the reader), whether that institution has itself
    sent a record of the resident, and which sensitive kinds the present relations name (a mark of
    ``kernel.sensitive``)."""

    operations: bool = False
    present: frozenset[Why] = frozenset()
    own: bool = False
    named: Mapping[Why, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a reading rests on; ``denied``: the resident has refused the institution more than its own records;
    ``kinds``: the sensitive kinds that it opens of what others have sent (a mark)."""

    why: Why
    denied: bool = False
    kinds: int = sensitive.NONE

    @property
    def whole(self) -> bool:
        """Whether the whole record opens, or only what the reader's own institution sent."""
        return self.why is not Why.OWN


def basis_of(facts: Facts) -> Basis | None:
    """What a reading rests on, the strongest reason first; None: there is no reason.

    A refusal of the resident's (个人信息保护法 art. 15, 44) ends every relation of that institution but break-glass:
    life goes before (art. 13 no. 4). Care alone opens no sensitive kind of what others have sent: the resident's
    consent must name it (art. 29: a separate consent), or the glass is broken (GB/T 39725-2020, level 5).
    """
    if facts.operations:
        return Basis(Why.OPERATIONS, kinds=facts.named.get(Why.OPERATIONS, sensitive.NONE))
    denied = Why.DENIAL in facts.present
    order = (Why.BREAK_GLASS,) if denied else (*CARE, Why.CONSENT, Why.BREAK_GLASS)
    kinds = 0
    for why in facts.present.intersection(order):
        kinds |= facts.named.get(why, 0)
    for why in order:
        if why in facts.present:
            return Basis(why, denied, kinds)
    return Basis(Why.OWN, denied) if facts.own else None


@dataclass(frozen=True, slots=True)
class Terms:
    """The dated parameters (rule set ``consents.access``); the defaults are assumed, for no norm says them.

    ``after_days``: how long an encounter that ended still counts; ``hours`` and ``most_hours``: of a break-glass.
    """

    after_days: int = 30
    hours: int = 4
    most_hours: int = 24


def terms(parameters: Mapping[str, Any]) -> Terms:
    """The terms that a rule set says; what it does not say is assumed."""
    known = Terms()
    return Terms(
        int(parameters.get("after_days", known.after_days)),
        int(parameters.get("hours", known.hours)),
        int(parameters.get("most_hours", known.most_hours)),
    )


NEVER: Final = frozenset({"planned", "cancelled", "entered-in-error"})
UNDER_WAY: Final = frozenset({"arrived", "triaged", "in-progress", "onleave"})


@dataclass(frozen=True, slots=True)
class Encounter:
    """An encounter as its institution sent it; ``end`` is the first moment after it, None where none is said."""

    status: str
    start: datetime
    end: datetime | None


def is_present(encounter: Encounter, at: datetime, after: timedelta) -> bool:
    """Whether an encounter makes a relation at a moment: from its start until some days after its end.

    One that is under way has no end yet; one that is over without an end was over when it began.
    """
    if encounter.status in NEVER or encounter.start > at:
        return False
    if encounter.end is None:
        return encounter.status in UNDER_WAY or at < encounter.start + after
    return at < encounter.end + after


def any_present(encounters: Iterable[Encounter], at: datetime, within: Terms) -> bool:
    """Whether one of them does."""
    return any(is_present(each, at, timedelta(days=within.after_days)) for each in encounters)


def due(opened: datetime) -> date:
    """By which day a break-glass is to be reviewed: the next working day in China (assumed; no norm says one)."""
    return clock.add_working_days(opened.astimezone(clock.CHINA).date() + timedelta(days=1), 0)


def glass(hours: int, words: str, within: Terms) -> Decision:
    """Whether a break-glass may be made: for some hours and with a reason in words."""
    if not 1 <= hours <= within.most_hours:
        return refuse("glass.hours", most=within.most_hours)
    return allow() if len(words.strip()) >= FEWEST else refuse("glass.words", fewest=FEWEST)


FEWEST: Final = 4
"""Characters of a reason in words: 抢救病人 has four."""


def review(*, waiting: bool, own: bool, verdict: str, words: str) -> Decision:
    """Whether a break-glass may be reviewed: once, by another than who made it, with words where it is found wrong."""
    if not waiting:
        return refuse("glass.reviewed")
    if own:
        return refuse("glass.own")
    if verdict not in ("justified", "unjustified"):
        return refuse("glass.verdict")
    return allow() if words.strip() else refuse("glass.review_words")


LONGEST_YEARS: Final = 100
"""A last day beyond a life is a slip of the pen; what has no end is left open."""
OF_AGE: Final = 14
"""Below it a guardian consents for the child (个人信息保护法 art. 31)."""


def consent(*, signer: str, age: int | None, permit: bool, until: date | None, today: date) -> Decision:
    """Whether what was signed may be recorded: by whom it must be signed, and that its last day is not past.

    A refusal takes no guardian: whoever asks for less is not to be turned away.
    """
    if permit and signer != "guardian" and age is not None and age < OF_AGE:
        return refuse("consent.guardian", age=OF_AGE)
    if until is not None and until.year > today.year + LONGEST_YEARS:
        return refuse("consent.far", years=LONGEST_YEARS)
    return refuse("consent.past") if until is not None and until < today else allow()
