"""What the room does when other rooms tell something: it follows the appointment, which the receiver's desk moves."""

from __future__ import annotations

from uuid import UUID

from doorstep.events.booking import (
    AppointmentCancelled,
    AppointmentCheckedIn,
    AppointmentMissed,
    AppointmentReplaced,
    ClinicStopped,
    OfAppointment,
)
from doorstep.events.endpoints import MessageTaken
from doorstep.events.residents import ResidentsMerged, ResidentsUnmerged
from doorstep.kernel.call import Call
from doorstep.services.referrals.actions import following, messaging, moving
from doorstep.services.referrals.flow import FLOW, Status
from doorstep.services.referrals.reads.lists import of_appointment, of_kept
from doorstep.services.referrals.shapes import Answer


def on_checked_in(call: Call, event: AppointmentCheckedIn) -> None:
    """The receiver's desk has checked the patient in: they have arrived."""
    _follow(call, "arrive", event, Answer(reason="checked_in"))


def on_missed(call: Call, event: AppointmentMissed) -> None:
    """The patient did not come."""
    _follow(call, "miss", event, Answer(reason="missed"))


def on_stopped(call: Call, event: ClinicStopped) -> None:
    """The clinic was stopped: another place must be found, and why is told; which is kept for the patient to answer."""
    answer = Answer(reason="clinic_stopped", note=event.why or "停诊", appointment=event.instead)
    _follow(call, "reopen", event, answer)


def on_replaced(call: Call, event: AppointmentReplaced) -> None:
    """The patient has taken the place that was kept for them: the referral has it, and is accepted with it."""
    _make(call, "accept", of_kept(event.appointment), Answer(reason="replaced", appointment=event.appointment))


def on_cancelled(call: Call, event: AppointmentCancelled) -> None:
    """The place was given back, by the patient or a window: another must be found, or the referral withdrawn."""
    _follow(call, "reopen", event, Answer(reason="cancelled", note=event.why or "退号"))


def _follow(call: Call, name: str, event: OfAppointment, answer: Answer) -> None:
    """Make the move if a referral holds the appointment and stands where the move begins; else it is past that."""
    _make(call, name, of_appointment(event.appointment), answer)


def _make(call: Call, name: str, found: tuple[UUID, Status] | None, answer: Answer) -> None:
    if found is not None and found[1] in FLOW.move(name).at:
        moving.MOVES[name](call, referral=found[0], expect=None, answer=answer)


def on_merged(call: Call, event: ResidentsMerged) -> None:
    """One resident was found to be another."""
    following.follow_merge(call, kept=event.kept, gone=event.gone)


def on_unmerged(call: Call, event: ResidentsUnmerged) -> None:
    """They were found to be two after all."""
    following.follow_unmerge(call, restored=event.restored)


def on_message(call: Call, event: MessageTaken) -> None:
    """Another platform speaks of a referral: what it says is done, or it rests with the reason."""
    messaging.act_on(call, event)
