"""The life of a session, of an appointment, of a wish on the waiting list, and of a sanction."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.kernel.flow import Flow, Move


class Sitting(StrEnum):
    """Where a session stands (consortium.md §5, and 停诊)."""

    PLANNED = "planned"
    PUBLISHED = "published"
    SUSPENDED = "suspended"
    OPEN = "open"
    CLOSED = "closed"
    SUMMARISED = "summarised"
    STOPPED = "stopped"


class Status(StrEnum):
    """Where an appointment stands."""

    HELD = "held"
    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    CALLED = "called"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    EXPIRED = "expired"


class Wish(StrEnum):
    """Where a wish on a waiting list stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class Penalty(StrEnum):
    """Where a sanction stands; what was not appealed against ends by its date."""

    STANDING = "standing"
    APPEALED = "appealed"
    UPHELD = "upheld"
    LIFTED = "lifted"


class Turn(StrEnum):
    """Where somebody stands who waits for a release: for one answer."""

    WAITING = "waiting"
    GIVEN = "given"
    NONE_LEFT = "none_left"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class SittingFacts:
    """Of a session: whether its legal basis fits, whether its day has come, whether its time is over, whether anybody
    still waits in it."""

    lawful: bool = True
    today: bool = True
    over: bool = True
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Of an appointment or an offer: whether the time that it is held for is over, whether one may check in now (the
    decision of ``rules.queue``), whether its session is over."""

    over: bool = False
    check_in: Decision = field(default_factory=allow)
    ended: bool = False


def _lawful(facts: SittingFacts) -> Decision:
    return allow() if facts.lawful else refuse("basis.missing")


def _today(facts: SittingFacts) -> Decision:
    return allow() if facts.today else refuse("session.not_today")


def _over(facts: SittingFacts) -> Decision:
    return allow() if facts.over else refuse("session.not_over")


def _empty(facts: SittingFacts) -> Decision:
    return refuse("session.waiting") if facts.waiting else allow()


def _in_time(facts: Facts) -> Decision:
    return refuse("hold.over") if facts.over else allow()


def _too_late(facts: Facts) -> Decision:
    return allow() if facts.over else refuse("hold.in_time")


def _may_check_in(facts: Facts) -> Decision:
    return facts.check_in


def _ended(facts: Facts) -> Decision:
    return allow() if facts.ended else refuse("session.not_over")


_S, _A, _W, _B = Sitting, Status, Wish, Penalty
_ROSTER, _BOOK, _DESK, _RULE = "booking.roster", "booking.book", "booking.desk", "booking.rule"
SESSION: Final[Flow[Sitting, SittingFacts]] = Flow(
    "session", Sitting, _S.PLANNED, frozenset({_S.SUMMARISED, _S.STOPPED}),
    (
        Move("publish", frozenset({_S.PLANNED}), _S.PUBLISHED, _ROSTER, (_lawful,)),
        Move("suspend", frozenset({_S.PUBLISHED}), _S.SUSPENDED, _ROSTER),
        Move("resume", frozenset({_S.SUSPENDED}), _S.PUBLISHED, _ROSTER),
        Move("open", frozenset({_S.PUBLISHED}), _S.OPEN, _DESK, (_today,)),
        Move("close", frozenset({_S.OPEN}), _S.CLOSED, _DESK, (_over, _empty)),
        Move("summarise", frozenset({_S.CLOSED}), _S.SUMMARISED, _ROSTER),
        Move("stop", frozenset({_S.PLANNED, _S.PUBLISHED, _S.SUSPENDED, _S.OPEN}), _S.STOPPED, _ROSTER),
    ),
)  # fmt: skip
APPOINTMENT: Final[Flow[Status, Facts]] = Flow(
    "appointment", Status, _A.HELD, frozenset({_A.FULFILLED, _A.CANCELLED, _A.NO_SHOW, _A.EXPIRED}),
    (
        Move("confirm", frozenset({_A.HELD}), _A.BOOKED, _BOOK, (_in_time,)),
        Move("expire", frozenset({_A.HELD}), _A.EXPIRED, _BOOK, (_too_late,)),
        Move("release", frozenset({_A.HELD, _A.BOOKED}), _A.CANCELLED, _BOOK),
        Move("check_in", frozenset({_A.BOOKED}), _A.CHECKED_IN, _DESK, (_may_check_in,)),
        Move("call", frozenset({_A.CHECKED_IN}), _A.CALLED, _DESK),
        Move("pass_over", frozenset({_A.CALLED}), _A.CHECKED_IN, _DESK),
        Move("fulfil", frozenset({_A.CALLED}), _A.FULFILLED, _DESK),
        Move("miss", frozenset({_A.BOOKED}), _A.NO_SHOW, _DESK, (_ended,)),
        Move("leave", frozenset({_A.CHECKED_IN, _A.CALLED}), _A.NO_SHOW, _DESK, (_ended,)),
        Move("stop", frozenset({_A.HELD, _A.BOOKED, _A.CHECKED_IN, _A.CALLED}), _A.CANCELLED, _ROSTER),
    ),
)  # fmt: skip
WAITING: Final[Flow[Wish, Facts]] = Flow(
    "waiting", Wish, _W.WAITING, frozenset({_W.ACCEPTED, _W.DECLINED, _W.LAPSED, _W.WITHDRAWN}),
    (
        Move("offer", frozenset({_W.WAITING}), _W.OFFERED, _BOOK),
        Move("accept", frozenset({_W.OFFERED}), _W.ACCEPTED, _BOOK, (_in_time,)),
        Move("decline", frozenset({_W.OFFERED}), _W.DECLINED, _BOOK),
        Move("lapse", frozenset({_W.WAITING, _W.OFFERED}), _W.LAPSED, _BOOK, (_too_late,)),
        Move("put_back", frozenset({_W.OFFERED}), _W.WAITING, _ROSTER),
        Move("withdraw", frozenset({_W.WAITING}), _W.WITHDRAWN, _BOOK),
    ),
)  # fmt: skip
SANCTION: Final[Flow[Penalty, None]] = Flow(
    "sanction", Penalty, _B.STANDING, frozenset({_B.UPHELD, _B.LIFTED}),
    (
        Move("appeal", frozenset({_B.STANDING}), _B.APPEALED, _BOOK),
        Move("uphold", frozenset({_B.APPEALED}), _B.UPHELD, _RULE),
        Move("lift", frozenset({_B.STANDING, _B.APPEALED}), _B.LIFTED, _RULE),
    ),
)  # fmt: skip
QUEUE: Final[Flow[Turn, None]] = Flow(
    "queue", Turn, Turn.WAITING, frozenset({Turn.GIVEN, Turn.NONE_LEFT, Turn.REFUSED}),
    (
        Move("give", frozenset({Turn.WAITING}), Turn.GIVEN, "booking.own"),
        Move("run_out", frozenset({Turn.WAITING}), Turn.NONE_LEFT, "booking.own"),
        Move("refuse", frozenset({Turn.WAITING}), Turn.REFUSED, "booking.own"),
    ),
)  # fmt: skip
TAKES: Final = tuple(sorted(one.value for one in set(Status) - {_A.CANCELLED, _A.EXPIRED}))
"""An appointment in one of these has its place: a place has one of them at most."""
ONCE: Final = tuple(one for one in TAKES if one != _A.NO_SHOW.value)
"""Of these a person has one a day and department at most."""
GIVES: Final = frozenset({_S.PUBLISHED, _S.OPEN})
"""In these a session gives places away."""
