"""Who asks, from which post, within which bounds, for what purpose, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from doorstep.fhir.smart import Clinical
from doorstep.kernel.decision import Decision, allow, refuse


@dataclass(frozen=True, slots=True)
class Scope:
    """The institutions whose data a query may touch; ``everywhere`` only for the district itself and the system."""

    organisations: frozenset[UUID] = frozenset()
    everywhere: bool = False

    def holds(self, organisation: UUID) -> bool:
        """Whether the institution lies within the bounds."""
        return self.everywhere or organisation in self.organisations


@dataclass(frozen=True, slots=True)
class Grant:
    """What a call was let in for that comes through an app's token (SMART App Launch): it can only narrow the call.

    ``patients`` are the FHIR ids of the person in context, ``whole`` says that their records may be read whoever sent
    them. ``letters`` are those of the interaction under way; with none of them nothing is read.
    """

    app: str
    scopes: tuple[Clinical, ...]
    patients: tuple[str, ...] = ()
    whole: bool = False
    letters: str = ""


NOWHERE = Scope()
EVERYWHERE = Scope(everywhere=True)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: made once at the door, handed down unchanged.

    ``actor`` is ``staff:<id>``, ``resident:<id>``, ``source:<organisation id>`` or ``system:<what>``; ``purpose`` is a
    code of HL7 v3 PurposeOfUse (TREAT, HOPERAT, PUBHLTH, HMARKT…); ``at`` is aware. ``factors`` says by how many
    factors the session was opened, ``confirmed`` when the person last proved who they are, and ``owes`` what they must
    do before they may do anything (a reason of a refusal), or nothing. ``resident``: whose own record the call is
    about, where a resident calls for themselves or a guardian for another; then the scope is empty and only what is
    theirs is seen. ``grant`` is there where an app asks in the caller's name.
    """

    actor: str
    name: str
    at: datetime
    scope: Scope
    permissions: frozenset[str] = frozenset()
    post: UUID | None = None
    organisation: UUID | None = None
    role: str = ""
    purpose: str = "TREAT"
    request: str = ""
    factors: int = 0
    confirmed: datetime | None = None
    owes: str = ""
    grant: Grant | None = None
    resident: UUID | None = None

    def may(self, permission: str) -> Decision:
        """Whether the caller holds the permission; nothing is held by default."""
        if permission in self.permissions:
            return allow()
        return refuse(self.owes or "permission", permission=str(permission))

    def has_confirmed(self, within: timedelta) -> Decision:
        """Whether a person has proved who they are within that time; systems have their key and are not asked."""
        if self.actor.partition(":")[0] in {"source", "system"}:
            return allow()
        fresh = self.confirmed is not None and self.at - self.confirmed <= within
        return allow() if fresh else refuse("confirm.first", minutes=int(within.total_seconds() // 60))
