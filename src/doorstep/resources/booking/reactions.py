"""What follows from events: broken appointments are weighed, places that came back are offered, merges followed."""

from __future__ import annotations

from doorstep.events.booking import (
    AppointmentCancelled,
    AppointmentMissed,
    ClinicStopped,
    ClinicSuspended,
    PlaceOffered,
)
from doorstep.events.residents import ResidentsMerged, ResidentsUnmerged
from doorstep.kernel.call import Call
from doorstep.resources.booking.actions import barring, following, notifying, waiting
from doorstep.resources.booking.reads.sessions import clinic_of


def on_missed(call: Call, event: AppointmentMissed) -> None:
    """Somebody did not come."""
    barring.weigh(call, resident=event.resident, organisation=event.organisation)


def on_cancelled(call: Call, event: AppointmentCancelled) -> None:
    """Somebody gave a place back: the next who waits is asked, and the rules are."""
    waiting.offer(call, clinic=clinic_of(event.session))
    barring.weigh(call, resident=event.resident, organisation=event.organisation)


def on_stopped(call: Call, event: ClinicStopped) -> None:
    """A clinic was stopped: the person is told."""
    notifying.stopped(call, event)


def on_suspended(call: Call, event: ClinicSuspended) -> None:
    """A clinic was suspended: the person is told."""
    notifying.suspended(call, event)


def on_offered(call: Call, event: PlaceOffered) -> None:
    """A place is offered from a waiting list: the person is told."""
    notifying.offered(call, event)


def on_merged(call: Call, event: ResidentsMerged) -> None:
    """One resident was found to be another."""
    following.follow_merge(call, kept=event.kept, gone=event.gone)


def on_unmerged(call: Call, event: ResidentsUnmerged) -> None:
    """They were found to be two after all."""
    following.follow_unmerge(call, restored=event.restored)
