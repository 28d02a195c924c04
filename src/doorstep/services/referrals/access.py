"""Who may do what with referrals: the permissions, and which of the two sides a caller is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.services.referrals.rules.kinds import Side


class Permission(StrEnum):
    """The permissions of this room."""

    READ = "referrals.read"
    TALK = "referrals.talk"
    SEND = "referrals.send"
    TRIAGE = "referrals.triage"
    RECEIVE = "referrals.receive"
    REPORT = "referrals.report"
    CLOSE = "referrals.close"
    OVERSEE = "referrals.oversee"
    MEASURE = "referrals.measure"
    EXPIRE = "referrals.expire"
    EXCHANGE = "referrals.exchange"


@dataclass(frozen=True, slots=True)
class Sides:
    """The two institutions; a draft may not know where it goes. What is not sent is the origin's alone."""

    origin: UUID
    destination: UUID | None
    sent: bool = True


def side_of(call: Call, sides: Sides) -> Side | None:
    """Which side the caller's institution is; None for neither."""
    if call.organisation is None:
        return None
    if call.organisation == sides.origin:
        return Side.ORIGIN
    return Side.DESTINATION if sides.sent and call.organisation == sides.destination else None


def is_house(call: Call) -> bool:
    """Whether the house itself acts: its jobs and what follows from other rooms' events."""
    return call.actor.startswith("system:")


def may_see(call: Call, sides: Sides) -> Decision:
    """Both sides see it; so does the medical affairs office, once it was sent, within its own bounds."""
    if not call.may(Permission.READ).allowed:
        return call.may(Permission.READ)
    if is_house(call) or side_of(call, sides) is not None:
        return allow()
    bounded = call.scope.holds(sides.origin) or (sides.destination is not None and call.scope.holds(sides.destination))
    if sides.sent and bounded and call.may(Permission.OVERSEE).allowed:
        return allow()
    return refuse("not_found", kind="Referral")


def may_move(call: Call, mover: Side | None, permission: str, sides: Sides) -> Decision:
    """A move is made by its own side, with its permission; one that is nobody's is the house's."""
    held = call.may(permission)
    if not held.allowed:
        return held
    if is_house(call):
        return allow()
    if mover is None:
        return refuse("permission", permission=permission)
    return allow() if side_of(call, sides) is mover else refuse("referral.other_side")
