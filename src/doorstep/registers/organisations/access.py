"""Who may see and who may change institutions and consortia."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, allow, refuse


class Permission(StrEnum):
    """What a role may hold in this room."""

    READ = "organisations.read"
    EDIT = "organisations.edit"
    CONSORTIA = "organisations.consortia"


@dataclass(frozen=True, slots=True)
class Sides:
    """An institution (or None for one not yet there) and the leads of the close-knit consortia it is in today."""

    organisation: UUID | None
    leaders: frozenset[UUID] = frozenset()


def may_manage(call: Call, sides: Sides) -> Decision:
    """Whether the caller may change what belongs to the institution.

    That is the district, the institution itself, or the lead of its close-knit consortium; a member never manages its
    lead, however far it sees.
    """
    if call.scope.everywhere:
        return allow()
    if call.organisation is None or sides.organisation is None:
        return refuse("not_yours")
    if call.organisation == sides.organisation or call.organisation in sides.leaders:
        return allow()
    return refuse("not_yours")


def may_join(call: Call, sides: Sides) -> Decision:
    """Whether the caller may make the institution a member: the district, or who manages it already.

    A membership lets the lead manage the institution and all members see its people, so that no lead takes in one that
    is not asked.
    """
    return allow() if may_manage(call, sides).allowed else refuse("not_asked")


def may_arrange(call: Call, lead: UUID | None) -> Decision:
    """Whether the caller may change who is in a consortium and what it agreed: the district, or its lead."""
    if call.scope.everywhere or (lead is not None and call.organisation == lead):
        return allow()
    return refuse("not_lead")
