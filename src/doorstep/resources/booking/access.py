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
    MEMBERS = "booking.members"
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
    """Whether a clinic's rosters, sessions and sanctions are the caller's to keep: they are its institution's own, and
    of whoever is charged with those of the members (``Permission.MEMBERS``). To see a clinic is not to keep it."""
    if call.scope.holds(organisation) and call.may(Permission.MEMBERS).allowed:
        return allow()
    return may_serve(call, organisation)


def may_serve(call: Call, organisation: UUID) -> Decision:
    """Whether a clinic's desk is the caller's: who comes is checked in and called by the people of the house they come
    to, or by the clock. What lies outside the caller's bounds is not found."""
    if not call.scope.holds(organisation):
        return refuse("not_found", kind="Clinic")
    own = call.organisation == organisation or call.actor.startswith("system:")
    return allow() if own else refuse("elsewhere")


def may_own(call: Call, resident: UUID) -> Decision:
    """Whether something is the caller's own, or of whom they act for; whatever else they may know is not found."""
    return allow() if call.resident is not None and call.resident == resident else refuse("not_found", kind="Booking")
