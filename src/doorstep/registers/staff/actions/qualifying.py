"""Certificates and titles that come row by row from a table, and the way back of one row. The rules are those of the
pages: who may change the person may say what they are qualified for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from doorstep.adapters.sheets.columns import day
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, allow, demand, refuse
from doorstep.kernel.store import lock
from doorstep.registers.staff import rules
from doorstep.registers.staff.access import Permission
from doorstep.registers.staff.actions import people
from doorstep.registers.staff.actions.entering import KNOWN
from doorstep.registers.staff.actions.publishing import publish_people
from doorstep.registers.staff.models import Licence, Person, Title
from doorstep.registers.staff.shapes import Qualified

TAKEN = "a certificate's number is one person's in the whole district"
DAYS = ("since", "until")


@action(Permission.EDIT, audits="staff.enter_licence")
def enter_licence(call: Call, *, said: Mapping[str, str]) -> Qualified:
    """Enter or change the certificate of a row (``rules.sheet.CERTIFICATES``); the trail does not hold its number."""
    person = _person(call, said)
    number, given = said["licence"].upper(), _days(said, DAYS)
    row = Licence.objects.unscoped(TAKEN).filter(kind=said["kind"], number=number).first()
    about("Person", person, licence=said["kind"])
    if row is None:
        key = people.add_licence(
            call, person=person, kind=rules.LicenceKind(said["kind"]), number=number, since=given["since"],
            until=given.get("until"),
        )  # fmt: skip
        return Qualified(key, person, "new", 1)
    demand(allow() if row.person_id == person else refuse("licence.taken"))
    until = given.get("until", row.until)
    demand(rules.period(given["since"], until))
    return _changed(person, row, given)


@action(Permission.EDIT, audits="staff.enter_title")
def enter_title(call: Call, *, said: Mapping[str, str]) -> Qualified:
    """Enter or change the title of a row (``rules.sheet.TITLES``)."""
    person = _person(call, said)
    given: dict[str, Any] = {"level": said["level"], **_days(said, ("since",))}
    row = Title.objects.unscoped(TAKEN).filter(person=person, name=said["title"]).first()
    about("Person", person, title=said["title"])
    if row is not None:
        return _changed(person, row, given)
    made: Title = Title.objects.create(person_id=person, name=said["title"], **given)
    publish_people([person])
    return Qualified(made.id, person, "new", made.version)


@action(Permission.EDIT, audits="staff.take_back_licence")
def take_back_licence(call: Call, *, entered: Qualified) -> None:
    """Bring a certificate to what it was before ``enter_licence``. Raises ``Stale`` where it was changed since."""
    _back(call, Licence, entered)


@action(Permission.EDIT, audits="staff.take_back_title")
def take_back_title(call: Call, *, entered: Qualified) -> None:
    """Bring a title to what it was before ``enter_title``. Raises ``Stale`` where it was changed since."""
    _back(call, Title, entered)


def _person(call: Call, said: Mapping[str, str]) -> UUID:
    """The person of a row, locked; a slip in a number must not say of another what they are not."""
    row: Person | None = Person.objects.unscoped(KNOWN).filter(number=said["number"]).first()
    if row is None:
        raise Refused(refuse("person.unknown"))
    if not Person.objects.within(call.scope).filter(pk=row.id).exists():
        raise Refused(refuse("person.elsewhere"))
    demand(people.may_change(call, row.id))
    demand(allow() if row.name == said["name"] else refuse("person.name"))
    lock(Person, row.id, scope=call.scope)
    return UUID(str(row.id))


def _days(said: Mapping[str, str], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: day(said[name]) for name in names if said.get(name)}


def _changed(person: UUID, row: Any, given: Mapping[str, Any]) -> Qualified:
    """Change a certificate or title where it differs; what is not given stays."""
    before = {name: _told(getattr(row, name)) for name, value in given.items() if getattr(row, name) != value}
    if before:
        for name in before:
            setattr(row, name, given[name])
        row.version += 1
        row.save()
        publish_people([person])
    return Qualified(row.id, person, "changed" if before else "same", row.version, before)


def _told(value: object) -> str | None:
    return None if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _back(call: Call, model: type[Licence | Title], entered: Qualified) -> None:
    about("Person", entered.person, outcome=entered.outcome)
    row: Any = lock(model, entered.key, scope=call.scope, expect=entered.version)
    demand(people.may_change(call, entered.person))
    if entered.outcome == "new":
        row.delete()
    else:
        for name, value in entered.before.items():
            setattr(row, name, day(value or "") if name in DAYS else value)
        row.version += 1
        row.save()
    publish_people([entered.person])
