"""Writers of institutions, their departments and counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from doorstep.events.organisations import OrganisationAdded, OrganisationChanged
from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import allow, demand, refuse
from doorstep.kernel.outbox import emit
from doorstep.kernel.pinyin import spelled
from doorstep.kernel.store import lock
from doorstep.registers.organisations import rules
from doorstep.registers.organisations.access import Permission, Sides, may_manage
from doorstep.registers.organisations.actions.publishing import PLAIN, publish_institutions
from doorstep.registers.organisations.models import CountedFact, Department, Organisation
from doorstep.registers.organisations.reads import bounds
from doorstep.registers.organisations.shapes import Facts

CIRCLES = "a circle of parents may run through institutions beyond the caller's bounds"
CLASHES = {
    "organisations_organisation_uscc_key": "uscc.taken",
    "organisations_organisation_short_code_key": "short_code.taken",
    "department_once_a_day": "department.overlap",
}


def demand_managed(call: Call, organisation: UUID) -> None:
    """Raise ``Refused`` unless the caller may change what belongs to the institution."""
    leads = bounds.leaders((organisation,), clock.today())[organisation]
    demand(may_manage(call, Sides(organisation, leads)))


def demand_sound(facts: Facts) -> None:
    """Raise ``Refused`` with the first thing that is wrong with the facts, by the rules of codes and places."""
    if facts.uscc:
        demand(rules.credit_code(facts.uscc))
    demand(rules.type_code(facts.type_code))
    demand(rules.area_code(facts.area))
    demand(rules.position(facts.longitude, facts.latitude))
    demand(allow() if facts.grade in ("", *rules.GRADES) else refuse("grade.unknown"))
    demand(allow() if facts.tier in rules.TIERS and facts.status in rules.STATUSES else refuse("code.unknown"))
    if facts.opened_on and facts.closed_on:
        demand(rules.period(facts.opened_on, facts.closed_on))


def columns(facts: Facts) -> dict[str, Any]:
    """The facts as columns of the table."""
    pinyin, initials = spelled(facts.name)
    coded = rules.grade(facts.grade) if facts.grade else None
    return {name: getattr(facts, name) for name in PLAIN} | {
        "uscc": facts.uscc or None,
        "short_code": facts.short_code or None,
        "pinyin": pinyin,
        "initials": initials,
        "grade_system": coded.system if coded else "",
        "grade_code": coded.code if coded else "",
        "grade_display": coded.display if coded else "",
        "level": rules.level_of(facts.grade),
        "parent_id": facts.parent,
    }


@action(Permission.EDIT, audits="organisations.add")
def add(call: Call, *, facts: Facts) -> UUID:
    """Enter an institution; only for the whole district."""
    demand(may_manage(call, Sides(None)))
    demand_sound(facts)
    with clashes(**CLASHES):
        row: Organisation = Organisation.objects.create(**columns(facts))
    about("Organisation", row.id, name=row.name)
    emit(OrganisationAdded(row.id, row.name))
    publish_institutions([row.id])
    return row.id


@action(Permission.EDIT, audits="organisations.edit")
def edit(call: Call, *, organisation: UUID, expect: int, facts: Facts) -> int:
    """Change an institution's facts; returns its new version."""
    about("Organisation", organisation)
    row = lock(Organisation, organisation, scope=call.scope, expect=expect)
    demand_managed(call, organisation)
    demand_sound(facts)
    if facts.parent and facts.parent != row.parent_id:
        demand(rules.hangs_under(_parents(), str(organisation), str(facts.parent)))
    fresh = columns(facts)
    changed = sorted(name for name, value in fresh.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, fresh[name])
    row.version += 1
    with clashes(**CLASHES):
        row.save()
    about("Organisation", organisation, changed=changed)
    emit(OrganisationChanged(organisation, row.name, row.status))
    publish_institutions([organisation])
    return row.version


def _parents() -> Mapping[str, str]:
    pairs = Organisation.objects.unscoped(CIRCLES).filter(parent__isnull=False).values_list("id", "parent")
    return {str(child): str(parent) for child, parent in pairs}


@action(Permission.EDIT, audits="organisations.count")
def count(call: Call, *, organisation: UUID, kind: rules.Count, number: int, counted_on: date) -> None:
    """Write down how many were counted on a day (not in the future); a second count of the day takes its place."""
    about("Organisation", organisation, counted=kind, number=number, counted_on=counted_on.isoformat())
    lock(Organisation, organisation, scope=call.scope)
    demand_managed(call, organisation)
    demand(allow() if number >= 0 else refuse("count.negative"))
    demand(allow() if counted_on <= clock.today() else refuse("count.future"))
    CountedFact.objects.unscoped("the institution is locked within the scope above").update_or_create(
        organisation_id=organisation, kind=kind, counted_on=counted_on, defaults={"number": number}
    )


@action(Permission.EDIT, audits="organisations.open_department")
def open_department(call: Call, *, organisation: UUID, code: str, name: str, since: date) -> UUID:
    """Open a department at an institution from a day; no second one of the same code at a time."""
    about("Organisation", organisation, department=code)
    lock(Organisation, organisation, scope=call.scope)
    demand_managed(call, organisation)
    with clashes(**CLASHES):
        row: Department = Department.objects.create(organisation_id=organisation, code=code, name=name, since=since)
    publish_institutions([organisation])
    return row.id


@action(Permission.EDIT, audits="organisations.close_department")
def close_department(call: Call, *, department: UUID, last_day: date) -> None:
    """Give a department its last day."""
    row = lock(Department, department, scope=call.scope)
    about("Organisation", row.organisation_id, department=row.code)
    demand_managed(call, row.organisation_id)
    demand(rules.period(row.since, last_day))
    row.until, row.version = last_day, row.version + 1
    row.save()
    publish_institutions([row.organisation_id])
