"""The door of the room: what other rooms, the ways in and the command line may ask of it and do in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Decision
from doorstep.registers.organisations import rules
from doorstep.registers.organisations.actions.entering import enter, take_back
from doorstep.registers.organisations.actions.entering_parts import (
    enter_counts,
    enter_department,
    take_back_counts,
    take_back_department,
)
from doorstep.registers.organisations.actions.loading import load
from doorstep.registers.organisations.reads import bounds
from doorstep.registers.organisations.reads.bounds import (
    by_uscc,
    consortia_of,
    counted,
    credit_code,
    department_versions,
    leaders,
    members,
    names,
    places,
    reach,
    source,
    usccs,
    versions,
)
from doorstep.registers.organisations.reads.directory import (
    area_names,
    department_names,
    departments,
    departments_of,
    directory,
    line,
)
from doorstep.registers.organisations.rules import sheet
from doorstep.registers.organisations.shapes import (
    AgreementIn,
    AreaIn,
    ConsortiumIn,
    CountsEntered,
    DepartmentEntered,
    DepartmentIn,
    DepartmentLine,
    DirectoryIn,
    Entered,
    Facts,
    Line,
    Loaded,
    MembershipIn,
    OrganisationIn,
)

__all__ = [
    "AgreementIn",
    "AreaIn",
    "ConsortiumIn",
    "CountsEntered",
    "DepartmentEntered",
    "DepartmentIn",
    "DepartmentLine",
    "DirectoryIn",
    "Entered",
    "Facts",
    "Line",
    "Loaded",
    "MembershipIn",
    "OrganisationIn",
    "area_names",
    "by_uscc",
    "consortia_of",
    "counted",
    "credit_code",
    "department_names",
    "department_versions",
    "departments",
    "departments_of",
    "enter",
    "enter_counts",
    "enter_department",
    "get",
    "grade_of_words",
    "last_day",
    "leaders",
    "load",
    "manageable",
    "managed",
    "may_manage_one",
    "members",
    "names",
    "places",
    "reach",
    "sheet",
    "source",
    "take_back",
    "take_back_counts",
    "take_back_department",
    "usccs",
    "versions",
]

grade_of_words = rules.grade_of_words
last_day = rules.last_day


def get(scope: Scope, keys: Collection[UUID]) -> Mapping[UUID, Line]:
    """Institutions of the directory by id; unknown ids are left out, and all for a caller without a post."""
    rows = list(directory(scope).filter(id__in=keys))
    areas = area_names({row.area for row in rows}, clock.today())
    return {row.id: line(row, areas) for row in rows}


def may_manage_one(call: Call, organisation: UUID) -> Decision:
    """Whether the caller may change what belongs to the institution today: itself, its lead, the district may."""
    return bounds.may_manage_one(call, organisation, clock.today())


def managed(call: Call, keys: Collection[UUID]) -> frozenset[UUID]:
    """Those of the institutions that the caller may manage today."""
    return bounds.managed(call, keys, clock.today())


def manageable(call: Call) -> tuple[tuple[UUID, str], ...]:
    """All institutions that the caller may manage today, with their names: what a choice offers."""
    return bounds.manageable(call, clock.today())
