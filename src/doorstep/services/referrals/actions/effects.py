"""What each move writes into the row: its moments, and what is due next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final

from doorstep.events.referrals import ReferralAccepted, ReferralLapsed, ReferralReported, ReferralSent
from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.services.referrals.flow import Facts, Status
from doorstep.services.referrals.models import Referral, ReferralLetter
from doorstep.services.referrals.reads.rows import HOUSE
from doorstep.services.referrals.rules import letters, terms, triggers
from doorstep.services.referrals.rules.kinds import Consenter, Service, Urgency
from doorstep.services.referrals.rules.letters import Part
from doorstep.services.referrals.rules.places import needs_place
from doorstep.services.referrals.shapes import Answer

_FOLLOWED: Final = frozenset(t.code for t in triggers.TRIGGERS if t.follow_up)


@dataclass(frozen=True, slots=True)
class Taken:
    """A place that was taken for the referral in this transaction."""

    slot: Any
    appointment: Any
    starts: datetime
    words: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """A move under way."""

    call: Call
    answer: Answer
    within: terms.Terms
    taken: Taken | None = None

    @property
    def at(self) -> datetime:
        """When."""
        return self.call.at


def facts_of(row: Referral, now: Happening) -> Facts:
    """What the flow rests on."""
    answer = now.answer
    part = Part.BACK if row.arrived_at is not None else Part.OUT
    body = answer.letter if part is Part.BACK else _out(row)
    return Facts(
        missing=letters.missing(part, body),
        agreed=_agreed(row),
        elsewhere=_elsewhere(row, answer),
        criteria=bool(row.wish.get("criteria")),
        place=now.taken is not None or answer.outside or not needs_place(Service(row.service), Urgency(row.urgency)),
        reason=answer.reason,
        note=answer.note,
        follow_up_owed=row.follow_up_owed and row.status != Status.FOLLOWED_UP,
        expired=clock.is_overdue(row.valid_until, now.at),
    )


def _elsewhere(row: Referral, answer: Answer) -> bool:
    """Another institution is named; who is asked already cannot pass it on to themselves."""
    asked = row.destination_id if row.status == Status.SENT else None
    wanted = answer.destination if asked else answer.destination or row.destination_id
    return wanted is not None and wanted not in (row.origin_id, asked)


def _out(row: Referral) -> Mapping[str, str]:
    found = ReferralLetter.objects.unscoped(HOUSE).filter(referral=row.pk, part=Part.OUT).order_by("-revision").first()
    return found.body if found is not None else {}


def _agreed(row: Referral) -> bool:
    said = row.wish
    if said.get("consenter") == Consenter.UNABLE:
        return row.urgency == Urgency.EMERGENCY
    return bool(said.get("consenter") and said.get("consent_name") and said.get("consent_channel"))


def _sent(row: Referral, now: Happening) -> None:
    ReferralLetter.objects.unscoped(HOUSE).filter(referral=row.pk, part=Part.OUT, sent_at__isnull=True).update(
        sent_at=now.at
    )
    row.consent_at = row.consent_at or (now.at if row.wish.get("consenter") else None)
    row.follow_up_owed = bool(_FOLLOWED.intersection(row.wish.get("seen", ())))
    _asks(row, now)


def _asks(row: Referral, now: Happening) -> None:
    """An answer is due, of whom is asked now."""
    if now.answer.destination is not None and now.answer.destination != row.destination_id:
        row.destination_id = now.answer.destination
        row.department, row.department_name = now.answer.department, now.answer.department_name[:100]
        row.slot = None
    row.sent_at = row.sent_at or now.at
    row.answer_due = row.due_at = terms.answer_due(now.at, Urgency(row.urgency), now.within)
    row.valid_until = terms.valid_until(now.at, None, now.within)
    row.answered_at = row.accepted_at = row.missed_at = row.starts = row.appointment = None
    row.instead = now.answer.appointment


def _accepted(row: Referral, now: Happening) -> None:
    row.answered_at = row.accepted_at = now.at
    if now.taken is not None:
        row.slot, row.appointment, row.starts = now.taken.slot, now.taken.appointment, now.taken.starts
        row.wish = row.wish | {"place": now.taken.words}
    row.valid_until = terms.valid_until(now.at, row.starts, now.within)
    row.due_at = row.starts or row.valid_until


def _answered(row: Referral, now: Happening) -> None:
    row.answered_at, row.due_at = now.at, row.valid_until


def _arrived(row: Referral, now: Happening) -> None:
    row.arrived_at, row.letter_due = now.at, None
    if Service(row.service) in (Service.OUTPATIENT, Service.EXAMINATION):
        row.letter_due = terms.letter_due(now.at, now.within)  # a visit ends on the day it began
    row.due_at = row.letter_due


def _missed(row: Referral, now: Happening) -> None:
    row.missed_at, row.due_at = now.at, row.valid_until


def _reported(row: Referral, now: Happening) -> None:
    earlier = ReferralLetter.objects.unscoped(HOUSE).filter(referral=row.pk, part=Part.BACK).count()
    ReferralLetter.objects.create(
        referral=row, part=Part.BACK, revision=earlier + 1, body=letters.kept(Part.BACK, now.answer.letter),
        written_by=now.call.actor, written_name=now.call.name, written_at=now.at, sent_at=now.at,
    )  # fmt: skip
    row.discharged_at = row.discharged_at or now.answer.discharged_at or now.at
    row.letter_due = row.letter_due or terms.letter_due(row.discharged_at, now.within)
    row.reported_at, row.due_at = now.at, terms.contact_due(now.at, now.within)
    row.follow_up_due = terms.follow_up_due(row.sent_at or now.at, row.follow_up_owed, now.within)


def _received(row: Referral, now: Happening) -> None:
    last = row.follow_up_due
    row.received_at = now.at
    row.due_at = datetime.combine(last, time(23, 59), clock.CHINA) if last else None


def _closed(row: Referral, now: Happening) -> None:
    row.closed_at, row.due_at = now.at, None


def _nothing_due(row: Referral, now: Happening) -> None:
    row.due_at = None


def _goes_on(row: Referral, now: Happening) -> None:
    """What is due stays."""


APPLY: Final[Mapping[str, Callable[[Referral, Happening], None]]] = {
    "send": _sent, "take_in": _sent, "accept": _accepted, "give_back": _answered, "redirect": _asks,
    "decline": _answered, "resend": _asks, "arrive": _arrived, "miss": _missed, "reopen": _asks, "begin_care": _goes_on,
    "report": _reported, "receive": _received, "follow_up": _nothing_due, "close": _closed, "withdraw": _closed,
    "lapse": _closed,
}  # fmt: skip


def told_of(row: Referral, name: str) -> object | None:
    """The event of a move; None where nobody outside needs to know."""
    if row.destination_id is None:
        return None
    whom = (row.pk, row.resident_id, row.origin_id, row.destination_id)
    if name in ("send", "take_in", "redirect", "resend", "reopen") and row.due_at is not None:
        return ReferralSent(*whom, row.urgency, row.due_at)
    if name == "accept":
        return ReferralAccepted(*whom, row.starts)
    if name == "report" and row.due_at is not None:
        return ReferralReported(*whom, row.due_at, row.follow_up_due)
    return ReferralLapsed(*whom) if name == "lapse" else None
