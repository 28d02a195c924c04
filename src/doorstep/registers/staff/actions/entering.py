"""People and posts that come row by row from a table, and the way back of one row. The rules are those of the pages:
nobody gives more by a table than by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import ProtectedError

from doorstep.adapters.sheets.columns import day
from doorstep.events.staff import PostEnded
from doorstep.kernel import clock
from doorstep.kernel.act import about, action, withdraw
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.outbox import emit
from doorstep.kernel.store import lock
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import rules
from doorstep.registers.staff.access import Permission, at_once, may_give
from doorstep.registers.staff.actions import people
from doorstep.registers.staff.actions.publishing import publish_people
from doorstep.registers.staff.models import Person, Post
from doorstep.registers.staff.rules import sheet
from doorstep.registers.staff.shapes import Entered, PersonFacts, PostFacts

KNOWN = "a staff number is one person's in the whole district"
OWN = "of the person who is locked within the scope"


@action(Permission.EDIT, audits="staff.enter")
def enter(call: Call, *, said: Mapping[str, str]) -> Entered:
    """Enter or change the person of a row (``rules.sheet.FORM``) and their post; what was left empty stays as it is.

    Of a post that is there, the last day alone is changed.
    """
    post = _post(said)
    row = Person.objects.unscoped(KNOWN).filter(number=said["number"]).first()
    if row is None:
        key = people.add(call, facts=PersonFacts(**sheet.person(said)), post=post)
        made = Post.objects.unscoped(OWN).get(person=key)
        about("Person", key, outcome="new")
        return Entered(key, made.id, "new", 1, 1)
    if not Person.objects.within(call.scope).filter(pk=row.id).exists():
        raise Refused(refuse("person.elsewhere"))
    before = _changed(call, row, sheet.person(said))
    found, post_before = _posted(call, row.id, post)
    is_same = not before and post_before == {}
    outcome = "same" if is_same else "changed"
    about("Person", row.id, outcome=outcome)
    version = Person.objects.unscoped(OWN).values_list("version", flat=True).get(pk=row.id)
    return Entered(row.id, found.id, outcome, version, found.version, before, post_before)


def _post(said: Mapping[str, str]) -> PostFacts:
    place = organisations.by_uscc((said["uscc"],)).get(said["uscc"])
    if place is None:
        raise Refused(refuse("uscc.unknown", uscc=said["uscc"]))
    since = date.fromisoformat(said["since"])
    department, duty = said.get("department", ""), said.get("duty", "")
    return PostFacts(place, said["role"], since, department, duty, until=day(said.get("until", "")))


def _changed(call: Call, row: Person, given: Mapping[str, Any]) -> dict[str, str | None]:
    """Change the person's facts where they differ; what they were."""
    names = ("name", "number", "sex", "birth_date", "profession", "phone")
    old = PersonFacts(**{name: getattr(row, name) for name in names})
    before = {n: _told(getattr(old, n)) for n, value in given.items() if getattr(old, n) != value}
    if before:
        people.edit(call, person=row.id, expect=row.version, facts=replace(old, **given))
    return before


def _told(value: object) -> str | None:
    return None if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _posted(call: Call, person: UUID, post: PostFacts) -> tuple[Post, dict[str, str | None] | None]:
    """The post as it stands afterwards, and what it was: None where it is new, nothing where it stays."""
    own = Post.objects.unscoped(OWN).filter(
        person=person, organisation=post.organisation, department=post.department, role=post.role, since=post.since
    )
    row = own.first()
    if row is None:
        made = people.begin_post(call, person=person, post=post)
        return Post.objects.unscoped(OWN).get(pk=made), None
    demand(organisations.may_manage_one(call, post.organisation))
    before: dict[str, str | None] = {}
    if post.until and post.until != row.until:
        before = {"until": _told(row.until)}
        people.end_post(call, post=row.id, expect=row.version, last_day=post.until)
        row.refresh_from_db()
    return row, before


@action(Permission.EDIT, audits="staff.take_back")
def take_back(call: Call, *, entered: Entered) -> None:
    """Bring person and post to what they were before ``enter``, where both still stand as that left them.

    Raises ``Refused`` ("in_use") where something has come to hang on them, ``Stale`` where they were changed.
    """
    about("Person", entered.person, outcome=entered.outcome)
    row = lock(Person, entered.person, scope=call.scope, expect=entered.version)
    post = lock(Post, entered.post, scope=call.scope, expect=entered.post_version)
    demand(organisations.may_manage_one(call, post.organisation_id))
    demand(may_give(call, post.role))
    demand(rules.oneself(call.actor, row.id))
    try:
        if entered.outcome == "new" or entered.post_before is None:
            _end(post)
        elif entered.post_before:
            demand(at_once(call, post.role))
            post.until, post.version = day(entered.post_before["until"] or ""), post.version + 1
            post.save()
        if entered.outcome == "new":
            withdraw("Practitioner", str(row.id), source=post.organisation_id)
            row.delete()
            return
    except ProtectedError:
        raise Refused(refuse("in_use")) from None
    if entered.before:
        _restore(row, entered.before)
    publish_people([row.id])


def _end(post: Post) -> None:
    """Have a post never have been; who listens hears that it has ended."""
    emit(PostEnded(post.id, post.person_id, post.organisation_id, clock.today()))
    withdraw("PractitionerRole", str(post.id), source=post.organisation_id)
    post.delete()


def _restore(row: Person, before: Mapping[str, str | None]) -> None:
    names = ("name", "number", "sex", "birth_date", "profession", "phone")
    old = PersonFacts(**{name: getattr(row, name) for name in names})
    given: dict[str, Any] = dict(before)
    if "birth_date" in given:
        given["birth_date"] = day(given["birth_date"] or "")
    for name, value in people.columns(replace(old, **given)).items():
        setattr(row, name, value)
    row.version += 1
    row.save()
