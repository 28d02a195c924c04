"""What may be done with clinics and appointments, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, allow, refuse


class Permission(StrEnum):
    """The permissions of this room."""

    READ = "booking.read"
    ROSTER = "booking.roster"
    BOOK = "booking.book"
    DESK = "booking.desk"
    RULE = "booking.rule"
    OWN = "booking.own"


@dataclass(frozen=True, slots=True)
class Sides:
    """Whom an appointment concerns: the institution that gives it, the person, and whether an institution of the
    caller's scope knows that person."""

    organisation: UUID
    resident: UUID
    known: bool = False


def may_touch(call: Call, sides: Sides) -> Decision:
    """Whether an appointment is the caller's business: of their institutions, of somebody they look after, their own.

    What is not is not found: whoever guesses an id learns nothing.
    """
    own = call.resident is not None and call.resident == sides.resident
    if own or sides.known or call.scope.holds(sides.organisation):
        return allow()
    return refuse("not_found", kind="Appointment")


def may_keep(call: Call, organisation: UUID) -> Decision:
    """Whether a clinic is the caller's to keep: its rosters, sessions and desk are its institution's own."""
    return allow() if call.scope.holds(organisation) else refuse("not_found", kind="Clinic")


def may_own(call: Call, resident: UUID) -> Decision:
    """Whether something is the caller's own, or of whom they act for; whatever else they may know is not found."""
    return allow() if call.resident is not None and call.resident == resident else refuse("not_found", kind="Booking")
