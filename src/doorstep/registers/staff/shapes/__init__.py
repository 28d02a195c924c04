"""The frozen records that enter and leave the room."""

from __future__ import annotations

from doorstep.registers.staff.shapes.given import (
    Entered,
    LicenceIn,
    Loaded,
    PersonFacts,
    PersonIn,
    PostFacts,
    PostIn,
    Qualified,
)
from doorstep.registers.staff.shapes.published import Qualification, Rank, Work, Worker
from doorstep.registers.staff.shapes.rights import GrantFacts, GrantLine, ProposalLine, RoleLine, RoleVersion
from doorstep.registers.staff.shapes.seen import (
    Filters,
    KeyLine,
    LicenceLine,
    PersonDetail,
    PersonLine,
    PostLine,
    Standing,
    TitleLine,
)
from doorstep.registers.staff.shapes.signing import Factors, PasskeyLine, SessionLine, Signed, SignedIn

__all__ = [
    "Entered",
    "Factors",
    "Filters",
    "GrantFacts",
    "GrantLine",
    "KeyLine",
    "LicenceIn",
    "LicenceLine",
    "Loaded",
    "PasskeyLine",
    "PersonDetail",
    "PersonFacts",
    "PersonIn",
    "PersonLine",
    "PostFacts",
    "PostIn",
    "PostLine",
    "ProposalLine",
    "Qualification",
    "Qualified",
    "Rank",
    "RoleLine",
    "RoleVersion",
    "SessionLine",
    "Signed",
    "SignedIn",
    "Standing",
    "TitleLine",
    "Work",
    "Worker",
]
