"""Institutions that come row by row from a table, and the way back of one row. The rules are those of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import ProtectedError

from doorstep.kernel.act import about, action, withdraw
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.store import lock
from doorstep.registers.organisations.access import Permission, Sides, may_manage
from doorstep.registers.organisations.actions.institutions import add, demand_managed, edit
from doorstep.registers.organisations.actions.publishing import facts_of
from doorstep.registers.organisations.models import Organisation
from doorstep.registers.organisations.reads.bounds import by_uscc
from doorstep.registers.organisations.rules import sheet
from doorstep.registers.organisations.shapes import Entered, Facts

KNOWN = "a credit code is one institution's in the whole district"


@action(Permission.EDIT, audits="organisations.enter")
def enter(call: Call, *, said: Mapping[str, str]) -> Entered:
    """Enter or change the institution of a row (``rules.sheet.FORM``); what was left empty stays as it is."""
    given = sheet.facts(said)
    if "parent" in given:
        given["parent"] = _id(given["parent"])
    row = Organisation.objects.unscoped(KNOWN).filter(uscc=given["uscc"]).first()
    if row is None:
        key = add(call, facts=Facts(**given))
        about("Organisation", key, outcome="new")
        return Entered(key, "new", 1)
    about("Organisation", row.id, outcome="same")
    if not call.scope.holds(row.id):
        raise Refused(refuse("not_yours"))
    demand_managed(call, row.id)
    old = facts_of(row)
    before = {name: _told(getattr(old, name)) for name, value in given.items() if getattr(old, name) != value}
    if not before:
        return Entered(row.id, "same", row.version)
    about("Organisation", row.id, outcome="changed")
    version = edit(call, organisation=row.id, expect=row.version, facts=replace(old, **given))
    return Entered(row.id, "changed", version, before)


def _id(uscc: str) -> UUID:
    found = by_uscc((uscc,)).get(uscc)
    if found is None:
        raise Refused(refuse("parent.unknown", uscc=uscc))
    return found


def _told(value: object) -> str | None:
    return None if value is None else value.isoformat() if isinstance(value, date) else str(value)


@action(Permission.EDIT, audits="organisations.take_back")
def take_back(call: Call, *, organisation: UUID, expect: int, before: Mapping[str, str | None] | None) -> None:
    """Bring an institution to what it was before ``enter``, where it still stands as that left it (``expect``).

    ``before``: the fields that were changed; None where it was new, and then it goes. Raises ``Refused`` ("in_use")
    where something has come to hang on it.
    """
    about("Organisation", organisation)
    row = lock(Organisation, organisation, scope=call.scope, expect=expect)
    if before is not None:
        edit(call, organisation=organisation, expect=expect, facts=replace(facts_of(row), **_fields(before)))
        return
    demand(may_manage(call, Sides(None)))
    for kind in ("Location", "Organization"):
        withdraw(kind, str(organisation), source=organisation)
    try:
        row.delete()
    except ProtectedError:
        raise Refused(refuse("in_use")) from None


def _fields(before: Mapping[str, str | None]) -> dict[str, Any]:
    found: dict[str, Any] = dict(before)
    if found.get("opened_on"):
        found["opened_on"] = date.fromisoformat(found["opened_on"])
    if found.get("parent"):
        found["parent"] = UUID(found["parent"])
    return found
