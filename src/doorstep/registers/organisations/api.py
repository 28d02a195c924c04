"""The door of the room: what other rooms, the ways in and the command line may ask of it and do in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Decision
from doorstep.registers.organisations import rules
from doorstep.registers.organisations.access import Sides, may_manage
from doorstep.registers.organisations.actions.loading import load
from doorstep.registers.organisations.reads.bounds import (
    by_uscc,
    consortia_of,
    leaders,
    members,
    names,
    reach,
    source,
)
from doorstep.registers.organisations.reads.directory import (
    area_names,
    department_names,
    departments,
    directory,
    line,
)
from doorstep.registers.organisations.shapes import (
    AgreementIn,
    AreaIn,
    ConsortiumIn,
    DepartmentIn,
    DepartmentLine,
    DirectoryIn,
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
    "DepartmentIn",
    "DepartmentLine",
    "DirectoryIn",
    "Facts",
    "Line",
    "Loaded",
    "MembershipIn",
    "OrganisationIn",
    "area_names",
    "by_uscc",
    "consortia_of",
    "department_names",
    "departments",
    "get",
    "grade_of_words",
    "last_day",
    "leaders",
    "load",
    "managed",
    "may_manage_one",
    "members",
    "names",
    "reach",
    "source",
]

grade_of_words = rules.grade_of_words
last_day = rules.last_day


def get(scope: Scope, keys: Collection[UUID]) -> Mapping[UUID, Line]:
    """Institutions of the directory by id; unknown ids are left out, and all for a caller without a post."""
    rows = list(directory(scope).filter(id__in=keys))
    areas = area_names({row.area for row in rows}, clock.today())
    return {row.id: line(row, areas) for row in rows}


def may_manage_one(call: Call, organisation: UUID) -> Decision:
    """Whether the caller may change what belongs to the institution (people, keys): itself, its lead, the district."""
    return may_manage(call, Sides(organisation, leaders((organisation,), clock.today())[organisation]))


def managed(call: Call, organisations: Collection[UUID]) -> frozenset[UUID]:
    """Those of the institutions that the caller may manage; one query."""
    leads = leaders(organisations, clock.today())
    return frozenset(o for o in organisations if may_manage(call, Sides(o, leads[o])).allowed)
