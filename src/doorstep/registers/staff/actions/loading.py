"""Loading people with certificates, titles and posts, by staff number; a second load changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from doorstep.events.staff import StaffLoaded
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Refused, allow, demand, refuse
from doorstep.kernel.loading import Synced, sync
from doorstep.kernel.outbox import emit
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import rules
from doorstep.registers.staff.access import Permission
from doorstep.registers.staff.actions.people import CLASHES, columns
from doorstep.registers.staff.actions.publishing import publish_people
from doorstep.registers.staff.models import Licence, Person, Post, Title
from doorstep.registers.staff.shapes import Loaded, PersonIn

ALL = "a load is for the whole district, which the caller was asked for"


@action(Permission.EDIT, audits="staff.load")
def load(call: Call, *, people: Sequence[PersonIn]) -> Loaded:
    """Bring people to what is given, by natural keys; rows that are not given stay. Only for the whole district.

    Raises ``Refused`` with the staff number or credit code in its detail, and then nothing was loaded.
    """
    demand(allow() if call.scope.everywhere else refuse("not_yours"))
    _demand_sound(people)
    with clashes(**CLASHES):
        done = _load(people)
    publish_people([row.id for row in done["people"].rows.values()])
    loaded = Loaded({k: v.made for k, v in done.items()}, {k: v.changed for k, v in done.items()})
    about("Staff", "all", made=sum(loaded.made.values()), changed=sum(loaded.changed.values()))
    emit(StaffLoaded(sum(loaded.made.values()), sum(loaded.changed.values())))
    return loaded


def _demand_sound(people: Iterable[PersonIn]) -> None:
    for one in people:
        demand(allow() if one.facts.number else refuse("number.empty", name=one.facts.name))
        for post in one.posts:
            demand(allow() if post.role in rules.ROLES else refuse("role.unknown", role=post.role))


def _load(people: Sequence[PersonIn]) -> dict[str, Synced[Any]]:
    numbers = [one.facts.number for one in people]
    done = {"people": sync(_every(Person).filter(number__in=numbers), ("number",), [columns(p.facts) for p in people])}
    ids = {number: row.id for (number,), row in done["people"].rows.items()}
    done["licences"] = _licences(people, ids)
    done["titles"] = _titles(people, ids)
    done["posts"] = _posts(people, ids)
    _demand_apart(ids)
    return done


def _demand_apart(ids: Mapping[str, UUID]) -> None:
    """Nobody audits what they run, by what was given and what stood already (``rules.apart``)."""
    duties = sorted(code for code, role in rules.ROLES.items() if role.duty is not rules.Duty.CARE)
    rows = _every(Post).filter(person__in=ids.values(), role__in=duties)
    held: dict[UUID, list[tuple[str, rules.Span]]] = defaultdict(list)
    for person, role, since, until in rows.values_list("person", "role", "since", "until"):
        demand(rules.apart(role, (since, until), held[person]))
        held[person].append((role, (since, until)))


def _every(model: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.unscoped(ALL)
    return rows


def _licences(people: Iterable[PersonIn], ids: Mapping[str, UUID]) -> Synced[Any]:
    wanted = [
        {"person_id": ids[p.facts.number], "kind": x.kind, "number": x.number, "since": x.since, "until": x.until}
        for p in people
        for x in p.licences
    ]
    existing = _every(Licence).filter(number__in=[w["number"] for w in wanted])
    return sync(existing, ("kind", "number"), wanted)


def _titles(people: Iterable[PersonIn], ids: Mapping[str, UUID]) -> Synced[Any]:
    wanted = [
        {"person_id": ids[p.facts.number], "name": name, "level": level, "since": since}
        for p in people
        for name, level, since in p.titles
    ]
    existing = _every(Title).filter(person__in={w["person_id"] for w in wanted})
    return sync(existing, ("person_id", "name"), wanted)


def _posts(people: Iterable[PersonIn], ids: Mapping[str, UUID]) -> Synced[Any]:
    places = organisations.by_uscc({post.uscc for p in people for post in p.posts})
    wanted = [
        {
            "person_id": ids[p.facts.number],
            "organisation_id": _place(places, post.uscc),
            "department": post.department,
            "role": post.role,
            "duty": post.duty,
            "is_main": post.is_main,
            "since": post.since,
            "until": post.until,
        }
        for p in people
        for post in p.posts
    ]
    existing = _every(Post).filter(person__in={w["person_id"] for w in wanted})
    return sync(existing, ("person_id", "organisation_id", "department", "role", "since"), wanted)


def _place(places: Mapping[str, UUID], uscc: str) -> UUID:
    if uscc not in places:
        raise Refused(refuse("uscc.unknown", uscc=uscc))
    return places[uscc]
