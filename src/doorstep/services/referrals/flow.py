"""The two-sided workflow: its states, its moves, whose each move is, and whose turn a state is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.kernel.flow import Flow, Move
from doorstep.services.referrals.rules.kinds import Side


class Status(StrEnum):
    """Where a referral stands."""

    DRAFT = "draft"
    SENT = "sent"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    NO_SHOW = "no_show"
    ARRIVED = "arrived"
    IN_CARE = "in_care"
    REPORTED = "reported"
    RECEIVED = "received"
    FOLLOWED_UP = "followed_up"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Facts:
    """What moves rest on; what is not asked of a move may stay as it is."""

    missing: tuple[str, ...] = ()
    agreed: bool = False
    elsewhere: bool = False
    criteria: bool = False
    place: bool = False
    reason: str = ""
    note: str = ""
    follow_up_owed: bool = False
    expired: bool = False


def letter_is_complete(facts: Facts) -> Decision:
    """The letter has what it cannot do without."""
    return refuse("referral.letter", fields=list(facts.missing)) if facts.missing else allow()


def patient_agreed(facts: Facts) -> Decision:
    """The patient, or who answers for them, agreed (患者自愿); one who cannot speak is referred in an emergency."""
    return allow() if facts.agreed else refuse("referral.consent")


def is_elsewhere(facts: Facts) -> Decision:
    """A destination is named, and it is another institution."""
    return allow() if facts.elsewhere else refuse("referral.destination")


def has_criteria(facts: Facts) -> Decision:
    """By which criterion is said."""
    return allow() if facts.criteria else refuse("referral.criteria")


def place_is_held(facts: Facts) -> Decision:
    """The place was taken in this transaction, or what is asked needs none."""
    return allow() if facts.place else refuse("referral.place")


def reason_is_given(facts: Facts) -> Decision:
    """Why is said."""
    return allow() if facts.reason else refuse("referral.reason")


def note_is_given(facts: Facts) -> Decision:
    """It is said in words."""
    return allow() if facts.note.strip() else refuse("referral.note")


def nothing_is_owed(facts: Facts) -> Decision:
    """The follow-up that the norm asks for is done (基本公共卫生服务规范 2017: within two weeks)."""
    return refuse("referral.follow_up") if facts.follow_up_owed else allow()


def has_expired(facts: Facts) -> Decision:
    """It is no longer valid."""
    return allow() if facts.expired else refuse("referral.valid")


S = Status
_WAITS: Final = frozenset({S.SENT, S.RETURNED, S.ACCEPTED, S.DECLINED, S.NO_SHOW})

FLOW: Final[Flow[Status, Facts]] = Flow(
    "referral",
    Status,
    S.DRAFT,
    frozenset({S.CLOSED, S.WITHDRAWN, S.LAPSED}),
    (
        Move(
            "send", frozenset({S.DRAFT, S.RETURNED}), S.SENT, "referrals.send",
            (is_elsewhere, has_criteria, letter_is_complete, patient_agreed),
        ),
        Move(
            "take_in", frozenset({S.DRAFT, S.RETURNED, S.DECLINED, S.NO_SHOW}), S.SENT, "referrals.exchange",
            (is_elsewhere,),
        ),
        Move("accept", frozenset({S.SENT}), S.ACCEPTED, "referrals.triage", (place_is_held,)),
        Move("give_back", frozenset({S.SENT}), S.RETURNED, "referrals.triage", (note_is_given,)),
        Move("redirect", frozenset({S.SENT}), S.SENT, "referrals.triage", (is_elsewhere, note_is_given)),
        Move("decline", frozenset({S.SENT}), S.DECLINED, "referrals.triage", (reason_is_given,)),
        Move("resend", frozenset({S.DECLINED, S.NO_SHOW}), S.SENT, "referrals.send", (is_elsewhere,)),
        Move("arrive", frozenset({S.ACCEPTED, S.NO_SHOW}), S.ARRIVED, "referrals.receive"),
        Move("miss", frozenset({S.ACCEPTED}), S.NO_SHOW, "referrals.receive"),
        Move("reopen", frozenset({S.ACCEPTED}), S.SENT, "referrals.triage", (note_is_given,)),
        Move("begin_care", frozenset({S.ARRIVED}), S.IN_CARE, "referrals.receive"),
        Move("report", frozenset({S.ARRIVED, S.IN_CARE}), S.REPORTED, "referrals.report", (letter_is_complete,)),
        Move("receive", frozenset({S.REPORTED}), S.RECEIVED, "referrals.close"),
        Move("follow_up", frozenset({S.RECEIVED}), S.FOLLOWED_UP, "referrals.close", (note_is_given,)),
        Move("close", frozenset({S.RECEIVED, S.FOLLOWED_UP}), S.CLOSED, "referrals.close", (nothing_is_owed,)),
        Move("withdraw", _WAITS | {S.DRAFT}, S.WITHDRAWN, "referrals.send", (reason_is_given,)),
        Move("lapse", _WAITS, S.LAPSED, "referrals.expire", (has_expired,)),
    ),
)  # fmt: skip

MOVER: Final[Mapping[str, Side | None]] = {
    **dict.fromkeys(("send", "resend", "withdraw", "receive", "follow_up", "close"), Side.ORIGIN),
    **dict.fromkeys(("accept", "give_back", "redirect", "decline", "arrive", "miss"), Side.DESTINATION),
    **dict.fromkeys(("reopen", "begin_care", "report"), Side.DESTINATION),
    "lapse": None,
    "take_in": None,
}
"""Whose act each move is; what lapses, and what another platform asks by a message, the house itself moves."""

TURN: Final[Mapping[Status, Side | None]] = {
    **dict.fromkeys((S.DRAFT, S.RETURNED, S.DECLINED, S.NO_SHOW), Side.ORIGIN),
    **dict.fromkeys((S.REPORTED, S.RECEIVED, S.FOLLOWED_UP), Side.ORIGIN),
    **dict.fromkeys((S.SENT, S.ACCEPTED, S.ARRIVED, S.IN_CARE), Side.DESTINATION),
    **dict.fromkeys(FLOW.ends, None),
}
"""Whose turn it is: on whose desk the referral lies."""

OPEN: Final = frozenset(Status) - FLOW.ends - {S.DRAFT}
RELATED: Final = frozenset({S.SENT, S.ACCEPTED, S.NO_SHOW, S.ARRIVED, S.IN_CARE, S.REPORTED, S.RECEIVED, S.FOLLOWED_UP})
"""While it stands there, the destination has a reason to read the chart."""

DECLINES: Final = ("no_capacity", "no_capability", "not_indicated", "patient_refused", "other")
WITHDRAWALS: Final = ("patient_refused", "better", "elsewhere", "mistake", "died", "other")

NEXT: Final[Mapping[Status, tuple[str, ...]]] = {
    S.DRAFT: ("send",),
    S.SENT: ("accept",),
    S.RETURNED: ("send",),
    S.ACCEPTED: ("arrive",),
    S.DECLINED: ("resend",),
    S.NO_SHOW: ("resend",),
    S.ARRIVED: ("report",),
    S.IN_CARE: ("report",),
    S.REPORTED: ("receive",),
    S.RECEIVED: ("follow_up", "close"),
    S.FOLLOWED_UP: ("close",),
}
"""The next right act in each state, for whose turn it is: the most visible button. After the return letter was received
it depends on whether a follow-up is owed."""
