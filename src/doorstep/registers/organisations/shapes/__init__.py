"""The frozen records that enter and leave the room."""

from __future__ import annotations

from doorstep.registers.organisations.shapes.given import (
    AgreementIn,
    AreaIn,
    ConsortiumIn,
    CountsEntered,
    DepartmentEntered,
    DepartmentIn,
    DirectoryIn,
    Entered,
    Facts,
    Loaded,
    MembershipIn,
    OrganisationIn,
)
from doorstep.registers.organisations.shapes.published import Alliance, Member
from doorstep.registers.organisations.shapes.seen import (
    AgreementLine,
    Branch,
    ConsortiumDetail,
    ConsortiumLine,
    Counted,
    DepartmentLine,
    Detail,
    Filters,
    Line,
    MembershipLine,
    Total,
)

__all__ = [
    "AgreementIn",
    "AgreementLine",
    "Alliance",
    "AreaIn",
    "Branch",
    "ConsortiumDetail",
    "ConsortiumIn",
    "ConsortiumLine",
    "Counted",
    "CountsEntered",
    "DepartmentEntered",
    "DepartmentIn",
    "DepartmentLine",
    "Detail",
    "DirectoryIn",
    "Entered",
    "Facts",
    "Filters",
    "Line",
    "Loaded",
    "Member",
    "MembershipIn",
    "MembershipLine",
    "OrganisationIn",
    "Total",
]
