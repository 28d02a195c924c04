"""Publishes people as they stand: read under lock, projected, handed to the running action.

Whoever changes a row publishes the person whose it is, with all posts. The lock keeps two publishers apart, so that
the older state never comes last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from doorstep.kernel import clock, publishing
from doorstep.kernel.act import about, action, publish
from doorstep.kernel.call import Call
from doorstep.kernel.decision import allow, demand, refuse
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import fhir
from doorstep.registers.staff.access import Permission
from doorstep.registers.staff.models import Licence, Person, Post, Title
from doorstep.registers.staff.shapes import Qualification, Rank, Work, Worker

SHOWN = "what is published is public; the action has asked whether its caller may change it"
PAGE: Final = 500


def publish_people(keys: Collection[UUID]) -> None:
    """Publish people and their posts as they stand, in five queries for all of them.

    The institution of the first post answers for the person; one without any post belongs to nobody, and is not
    published.
    """
    rows = Person.objects.unscoped(SHOWN).filter(id__in=keys).order_by("id")
    people = list(rows.select_for_update(of=("self",), no_key=True))
    works = _works(keys)
    licences = _by_person(Licence, keys, lambda x: Qualification(x.kind, x.since, x.until))
    titles = _by_person(Title, keys, lambda x: Rank(x.name, x.level, x.since))
    today = clock.today()
    for row in people:
        found = works.get(row.id, ())
        if not found:
            continue
        worker = Worker(
            row.id, row.name, row.sex, row.profession, tuple(licences[row.id]), tuple(titles[row.id]), tuple(found)
        )
        publish(fhir.practitioner(worker, today), source=found[0].organisation)
        for work in found:
            publish(fhir.role(worker, work, today), source=work.organisation)


def _works(keys: Collection[UUID]) -> Mapping[UUID, list[Work]]:
    posts = list(Post.objects.unscoped(SHOWN).filter(person__in=keys).order_by("id"))
    names = organisations.department_names({(p.organisation_id, p.department) for p in posts if p.department})
    found: dict[UUID, list[Work]] = defaultdict(list)
    for p in posts:
        name = names.get((p.organisation_id, p.department), "")
        found[p.person_id].append(Work(p.id, p.organisation_id, p.role, p.since, p.until, p.department, name, p.duty))
    return found


def _by_person(model: Any, keys: Collection[UUID], shape: Any) -> Mapping[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in model.objects.unscoped(SHOWN).filter(person__in=keys).order_by("since", "id"):
        found[row.person_id].append(shape(row))
    return found


@action(Permission.EDIT, audits="staff.publish")
def republish(call: Call, *, after: str = "") -> str:
    """Publish a page of the people who are there, in the order of ids; returns where the next begins, "" at the end.
    Only for the whole district. What has not changed is not written again."""
    demand(allow() if call.scope.everywhere else refuse("not_yours"))
    rows = Person.objects.unscoped(SHOWN).order_by("id")
    keys = list((rows.filter(id__gt=after) if after else rows).values_list("id", flat=True)[:PAGE])
    publish_people(keys)
    about("Staff", "all", published=len(keys), after=after)
    return str(keys[-1]) if len(keys) == PAGE else ""


def publish_all(call: Call) -> int:
    """Publish all that is there; by the clock, since a post that ends on a day ends without anybody's doing."""
    return publishing.everything(call, republish)
