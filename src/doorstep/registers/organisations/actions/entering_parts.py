"""Departments and counts of institutions that come row by row from a table, and the way back of one row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from django.db.models import ProtectedError

from doorstep.adapters.sheets.columns import day
from doorstep.kernel.act import about, action, withdraw
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, Stale, allow, demand, refuse
from doorstep.kernel.store import lock
from doorstep.registers.organisations.access import Permission
from doorstep.registers.organisations.actions.institutions import (
    close_department,
    count,
    demand_managed,
    open_department,
)
from doorstep.registers.organisations.actions.publishing import publish_institutions
from doorstep.registers.organisations.models import CountedFact, Department, Organisation
from doorstep.registers.organisations.reads.bounds import by_uscc, counted
from doorstep.registers.organisations.rules import Count, sheet
from doorstep.registers.organisations.shapes import CountsEntered, DepartmentEntered

LOCKED = "the institution is locked within the caller's scope"


@action(Permission.EDIT, audits="organisations.enter_department")
def enter_department(call: Call, *, said: Mapping[str, str]) -> DepartmentEntered:
    """Open the department of a row (``rules.sheet.DEPARTMENTS``), or give the one that is there its last day."""
    place = _whose(call, said)
    since, until = day(said["since"]), day(said.get("until", ""))
    assert since is not None, "the column is needed"
    row = Department.objects.unscoped(LOCKED).filter(organisation=place, code=said["code"], since=since).first()
    before, outcome = None, "same"
    if row is None:
        made = open_department(call, organisation=place, code=said["code"], name=said["name"], since=since)
        row, outcome = Department.objects.unscoped(LOCKED).get(pk=made), "new"
    demand(allow() if row.name == said["name"] else refuse("department.unlike", name=row.name))
    if until and until != row.until:
        before, outcome = row.until, "new" if outcome == "new" else "changed"
        close_department(call, department=row.id, last_day=until)
        row.refresh_from_db()
    about("Organisation", place, department=row.code, outcome=outcome)
    return DepartmentEntered(row.id, outcome, row.version, before.isoformat() if before else None)


@action(Permission.EDIT, audits="organisations.take_back_department")
def take_back_department(call: Call, *, entered: DepartmentEntered) -> None:
    """Bring a department to what it was before ``enter_department``, where it still stands as that left it.

    Raises ``Refused`` ("in_use") where something has come to hang on it, ``Stale`` where it was changed.
    """
    row = lock(Department, entered.department, scope=call.scope, expect=entered.version)
    about("Organisation", row.organisation_id, department=row.code, outcome=entered.outcome)
    demand_managed(call, row.organisation_id)
    if entered.outcome == "new":
        withdraw("Organization", str(row.id), source=row.organisation_id)
        try:
            row.delete()
        except ProtectedError:
            raise Refused(refuse("in_use")) from None
    else:
        row.until, row.version = day(entered.until or ""), row.version + 1
        row.save()
    publish_institutions([row.organisation_id])


@action(Permission.EDIT, audits="organisations.enter_counts")
def enter_counts(call: Call, *, said: Mapping[str, str]) -> CountsEntered:
    """Write down the counts of a row (``rules.sheet.RETURN``); what was left empty stays as it is."""
    place, given = _whose(call, said), sheet.counts(said)
    day = date.fromisoformat(said["counted_on"])
    old = counted([(place, day)]).get((place, day), {})
    fresh = {kind: number for kind, number in given.items() if old.get(kind) != number}
    for kind, number in fresh.items():
        count(call, organisation=place, kind=kind, number=number, counted_on=day)
    outcome = "same" if not fresh else "changed" if old else "new"
    about("Organisation", place, counted_on=day.isoformat(), outcome=outcome)
    numbers = {str(kind): number for kind, number in fresh.items()}
    return CountsEntered(place, day.isoformat(), outcome, numbers, {str(kind): old.get(kind) for kind in fresh})


@action(Permission.EDIT, audits="organisations.take_back_counts")
def take_back_counts(call: Call, *, entered: CountsEntered) -> None:
    """Bring the counts of a day to what they were before ``enter_counts``. Raises ``Stale`` where they were changed."""
    place, day = entered.organisation, date.fromisoformat(entered.counted_on)
    about("Organisation", place, counted_on=entered.counted_on, outcome=entered.outcome)
    lock(Organisation, place, scope=call.scope)
    demand_managed(call, place)
    now = counted([(place, day)]).get((place, day), {})
    for kind, number in entered.numbers.items():
        if (found := now.get(Count(kind))) != number:
            raise Stale(number, found or 0)
    for kind, was in entered.before.items():
        if was is None:
            CountedFact.objects.unscoped(LOCKED).filter(organisation=place, kind=kind, counted_on=day).delete()
        else:
            count(call, organisation=place, kind=Count(kind), number=was, counted_on=day)


def _whose(call: Call, said: Mapping[str, str]) -> UUID:
    """The institution of a row, locked; raises ``Refused`` where there is none or it is not the caller's."""
    found = by_uscc((said["uscc"],)).get(said["uscc"])
    if found is None:
        raise Refused(refuse("uscc.unknown", uscc=said["uscc"]))
    if not call.scope.holds(found):
        raise Refused(refuse("not_yours"))
    lock(Organisation, found, scope=call.scope)
    demand_managed(call, found)
    return found
