"""Who may see and who may change staff, posts, accounts and keys of source systems."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.registers.staff.rules import ROLES, Reach


class Permission(StrEnum):
    """What a role may hold in this room."""

    READ = "staff.read"
    EDIT = "staff.edit"
    ROLES = "staff.roles"


def may_give(call: Call, role: str) -> Decision:
    """Whether the caller may give this role: roles of the whole district only by those who stand for it."""
    if role not in ROLES:
        return refuse("role.unknown", role=role)
    if ROLES[role].reach is Reach.DISTRICT and not call.scope.everywhere:
        return refuse("role.district", role=role)
    return allow()


def may_hold_account(call: Call, posts: Iterable[tuple[UUID, str]], managed: frozenset[UUID]) -> Decision:
    """Whether the caller may make an account, or set its password, for one who holds these posts (institution, role).

    All of them must lie with institutions that the caller manages: who sets a password could sign in as that person.
    """
    if call.scope.everywhere:
        return allow()
    found = list(posts)
    if not found or any(organisation not in managed for organisation, _role in found):
        return refuse("not_yours")
    return next((d for d in (may_give(call, role) for _org, role in found) if not d.allowed), allow())


def may_change_person(call: Call, posts: Iterable[tuple[UUID, str]], managed: frozenset[UUID]) -> Decision:
    """Whether the caller may change what is written down about one who holds these posts: one must be theirs."""
    if call.scope.everywhere or any(organisation in managed for organisation, _role in posts):
        return allow()
    return refuse("not_yours")


def at_once(call: Call, role: str) -> Decision:
    """Whether the caller may give this role without a second person: roles of the whole district are given by two
    (三员分立; the system's own command line is another fence, whoever holds it holds the database)."""
    if ROLES[role].reach is Reach.DISTRICT and not call.actor.startswith("system:"):
        return refuse("role.two_persons")
    return allow()
