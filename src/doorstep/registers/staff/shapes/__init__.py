"""The frozen records that enter and leave the room."""

from __future__ import annotations

from doorstep.registers.staff.shapes.given import (
    LicenceIn,
    Loaded,
    PersonFacts,
    PersonIn,
    PostFacts,
    PostIn,
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
    SignedIn,
    Standing,
    TitleLine,
)

__all__ = [
    "Filters",
    "GrantFacts",
    "GrantLine",
    "KeyLine",
    "LicenceIn",
    "LicenceLine",
    "Loaded",
    "PersonDetail",
    "PersonFacts",
    "PersonIn",
    "PersonLine",
    "PostFacts",
    "PostIn",
    "PostLine",
    "ProposalLine",
    "Qualification",
    "Rank",
    "RoleLine",
    "RoleVersion",
    "SignedIn",
    "Standing",
    "TitleLine",
    "Work",
    "Worker",
]
