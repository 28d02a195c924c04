"""What is told to others when something has happened; where nobody is to be told it, nothing is looked up."""

from __future__ import annotations

from uuid import UUID

from doorstep.events.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AppointmentReplaced,
    ClinicStopped,
    OfAppointment,
)
from doorstep.events.exchange import RecordsArrived
from doorstep.events.residents import RecordsMoved, ResidentsMerged, ResidentsUnmerged
from doorstep.kernel.call import Call
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.actions import telling
from doorstep.record.endpoints.rules.outward import Carry


def on_merged(call: Call, event: ResidentsMerged) -> None:
    """Tell that one is the other."""
    if reads.carrying(Carry.MERGES):
        telling.tell_merge(call, kept=event.kept, gone=event.gone, patients=event.patient_ids)


def on_unmerged(call: Call, event: ResidentsUnmerged) -> None:
    """Tell that they are two."""
    if reads.carrying(Carry.MERGES):
        telling.tell_move(
            call, now=event.restored, before=event.kept, patients=event.patient_ids, restored=True
        )  # fmt: skip


def on_moved(call: Call, event: RecordsMoved) -> None:
    """Tell whose the records are now."""
    if reads.carrying(Carry.MERGES, event.organisations):
        telling.tell_move(call, now=event.after, before=event.before, patients=event.patient_ids, restored=False)


def on_arrived(call: Call, event: RecordsArrived) -> None:
    """Pass changes and results on."""
    if event.changed and reads.carrying(Carry.CHANGES):
        telling.tell_changes(call, patients=event.changed)
    if event.reports and reads.carrying(Carry.RESULTS):
        telling.tell_results(call, reports=event.reports)


def on_booked(call: Call, event: AppointmentBooked) -> None:
    """Tell the clinic's system who comes; of one that takes the place of another ``on_replaced`` tells."""
    if event.replaces is None:
        _tell(call, event, "S12")


def on_replaced(call: Call, event: AppointmentReplaced) -> None:
    """Tell it that one that was stopped is at another time now."""
    _tell(call, event, "S13", former=event.replaced)


def on_cancelled(call: Call, event: AppointmentCancelled) -> None:
    """Tell it who does not."""
    _tell(call, event, "S15")


def on_stopped(call: Call, event: ClinicStopped) -> None:
    """Tell it whose appointment is stopped."""
    _tell(call, event, "S15")


def on_missed(call: Call, event: AppointmentMissed) -> None:
    """Tell it who did not come."""
    _tell(call, event, "S26")


def _tell(call: Call, event: OfAppointment, trigger: str, former: UUID | None = None) -> None:
    if reads.carrying(Carry.APPOINTMENTS, [event.organisation]):
        telling.tell_appointment(
            call, appointment=event.appointment, organisation=event.organisation, resident=event.resident,
            trigger=trigger, former=former,
        )  # fmt: skip
