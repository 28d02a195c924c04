"""What a post may hold, what keeps duties apart (三员分立, GB/T 22239-2019 §8.1.4), and what is never granted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Final

from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.registers.staff.rules.roles import GIVES_RIGHTS, OWN, ROLES, Duty, Reach

_UNBOUNDED = ("trail.", "outbox.")
_READING = frozenset({"read", "raw"})
_APART = frozenset(
    {
        frozenset({Duty.AUDIT, Duty.SYSTEM}),
        frozenset({Duty.AUDIT, Duty.BUSINESS}),
        frozenset({Duty.AUDIT, Duty.SECURITY}),
        frozenset({Duty.SYSTEM, Duty.SECURITY}),
    }
)
GRANTABLE = frozenset[str]().union(
    *(role.permissions for role in ROLES.values() if role.reach is not Reach.DISTRICT)
) - {"staff.edit"}
"""What a grant can add: what some role short of the whole district holds, but never the right to give rights."""

Span = tuple[date, date | None]


def reads_only(permission: str) -> bool:
    """Whether a permission lets its holder look and change nothing; what is not known to is taken to change."""
    return permission.rpartition(".")[2] in _READING


def held(role: str, changed: Iterable[str] | None, granted: Iterable[str]) -> frozenset[str]:
    """What a post may do: the seed of its role or what administrators made of it, and what was granted besides.

    A post of the whole district is granted nothing: an extra right at one institution would hold at all of them.
    """
    own = ROLES[role].permissions if changed is None else frozenset(changed)
    return own if ROLES[role].reach is Reach.DISTRICT else own | (frozenset(granted) & GRANTABLE)


def fit(role: str, permissions: Collection[str], declared: Collection[str]) -> Decision:
    """Whether a role may hold these permissions: declared by a room, within its reach, and none that an auditor writes
    with (GB/T 22239-2019 §8.1.4: audit administrators only examine)."""
    if role not in ROLES:
        return refuse("role.unknown", role=role)
    if unknown := sorted(frozenset(permissions) - frozenset(declared)):
        return refuse("role.undeclared", permission=unknown[0])
    if OWN & frozenset(permissions):
        return refuse("role.outside")
    if ROLES[role].duty is Duty.AUDIT and not all(map(reads_only, permissions)):
        return refuse("role.audit_writes")
    if ROLES[role].reach is not Reach.DISTRICT and any(p.startswith((*_UNBOUNDED, "staff.roles")) for p in permissions):
        return refuse("role.unbounded")
    return allow()


def apart(role: str, span: Span, others: Iterable[tuple[str, Span]]) -> Decision:
    """Whether one person may hold this post beside their others: no auditor also works or runs what they audit."""
    for other, (since, until) in others:
        together = (until is None or span[0] <= until) and (span[1] is None or since <= span[1])
        if together and other in ROLES and frozenset({ROLES[role].duty, ROLES[other].duty}) in _APART:
            return refuse("role.apart")
    return allow()


def oneself(actor: str, person: object) -> Decision:
    """Whether somebody gives a right to another: nobody gives one to themselves."""
    return refuse("role.oneself") if actor == f"staff:{person}" else allow()


WATCHING: Final = frozenset({Duty.AUDIT, Duty.SECURITY})


def watching(roles: Iterable[str]) -> str:
    """The role by which somebody watches over those who run the system; "" for who does not."""
    return next((role for role in sorted(roles) if role in ROLES and ROLES[role].duty in WATCHING), "")


def alone(actor: str, roles: Iterable[str]) -> Decision:
    """Whether one person alone may do what would let them sign in as the holder of these roles: not as one who audits
    or guards (三员分立, GB/T 22239-2019 §8.1.4). Whoever has the command line has the database."""
    return refuse("account.two_persons") if watching(roles) and not actor.startswith("system:") else allow()


def grantable(role: str, permission: str, declared: Collection[str]) -> Decision:
    """Whether a permission may be granted to a post of this role."""
    if permission not in declared or permission not in GRANTABLE:
        return refuse("grant.never")
    return refuse("grant.district") if ROLES[role].reach is Reach.DISTRICT else allow()


def keepers(permissions_of: Mapping[str, Collection[str]]) -> Decision:
    """Whether at least two roles still give rights, so that each can be mended by a holder of the other."""
    return allow() if sum(GIVES_RIGHTS in held for held in permissions_of.values()) >= 2 else refuse("role.keepers")
