"""Writers of people and their posts."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from doorstep.events.staff import PostBegan, PostEnded
from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Decision, allow, demand, refuse
from doorstep.kernel.outbox import emit
from doorstep.kernel.pinyin import spelled_person
from doorstep.kernel.store import lock
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import rules
from doorstep.registers.staff.access import Permission, at_once, may_change_person, may_give
from doorstep.registers.staff.actions.publishing import publish_people
from doorstep.registers.staff.models import Licence, Person, Post
from doorstep.registers.staff.reads.people import open_posts
from doorstep.registers.staff.reads.rights import spans
from doorstep.registers.staff.shapes import PersonFacts, PostFacts

CLASHES = {
    "staff_person_number_key": "number.taken",
    "post_once_a_day": "post.overlap",
    "licence_number_once": "licence.taken",
}


def columns(facts: PersonFacts) -> dict[str, object]:
    """The facts as columns of the table."""
    pinyin, initials = spelled_person(facts.name)
    same = ("name", "sex", "birth_date", "profession", "phone")
    return {n: getattr(facts, n) for n in same} | {
        "number": facts.number or None,
        "pinyin": pinyin,
        "initials": initials,
    }


def _sound(facts: PersonFacts) -> Decision:
    if not facts.name.strip():
        return refuse("name.empty")
    return refuse("birth.future") if facts.birth_date and facts.birth_date > clock.today() else allow()


@action(Permission.EDIT, audits="staff.add")
def add(call: Call, *, facts: PersonFacts, post: PostFacts) -> UUID:
    """Enter a person with their first post: nobody is entered who belongs to no institution."""
    demand(_sound(facts))
    with clashes(**CLASHES):
        row: Person = Person.objects.create(**columns(facts))
    _give_at_once(call, row.id, post)
    about("Person", row.id, organisation=str(post.organisation), role=post.role)
    publish_people([row.id])
    return row.id


@action(Permission.EDIT, audits="staff.edit")
def edit(call: Call, *, person: UUID, expect: int, facts: PersonFacts) -> int:
    """Change what is written down about a person; returns the new version."""
    about("Person", person)
    row = lock(Person, person, scope=call.scope, expect=expect)
    demand(may_change(call, person))
    demand(_sound(facts))
    fresh = columns(facts)
    changed = sorted(name for name, value in fresh.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, fresh[name])
    row.version += 1
    with clashes(**CLASHES):
        row.save()
    about("Person", person, changed=changed)
    publish_people([person])
    return row.version


def may_change(call: Call, person: UUID) -> Decision:
    """Whether the caller may change what is written down about a person."""
    posts = open_posts(person, clock.today())
    return may_change_person(call, posts, organisations.managed(call, {o for o, _role in posts}))


@action(Permission.EDIT, audits="staff.begin_post")
def begin_post(call: Call, *, person: UUID, post: PostFacts) -> UUID:
    """Give a person a post at an institution that the caller manages; no second one like it at a time."""
    about("Person", person, organisation=str(post.organisation), role=post.role)
    lock(Person, person, scope=call.scope)
    made = _give_at_once(call, person, post)
    publish_people([person])
    return made


def _give_at_once(call: Call, person: UUID, post: PostFacts) -> UUID:
    demand_post(call, person, post)
    demand(at_once(call, post.role))
    return give(person, post)


def demand_post(call: Call, person: UUID, post: PostFacts) -> None:
    """Raise ``Refused`` unless the caller may give the person this post, at once or with a second one's yes."""
    demand(organisations.may_manage_one(call, post.organisation))
    demand(may_give(call, post.role))
    demand(rules.period(post.since, post.until))
    demand(rules.oneself(call.actor, person))
    demand(rules.apart(post.role, (post.since, post.until), spans(person)))
    known = {d.code for d in organisations.departments(post.organisation, day=post.since)}
    demand(allow() if post.department in ("", *known) else refuse("department.unknown"))


def give(person: UUID, post: PostFacts) -> UUID:
    """Write the post that was allowed, and tell of it; called inside an action."""
    with clashes(**CLASHES):
        row: Post = Post.objects.create(
            person_id=person,
            organisation_id=post.organisation,
            department=post.department,
            role=post.role,
            duty=post.duty,
            is_main=post.is_main,
            since=post.since,
            until=post.until,
        )
    emit(PostBegan(row.id, person, post.organisation, post.role, post.since))
    return row.id


@action(Permission.EDIT, audits="staff.end_post")
def end_post(call: Call, *, post: UUID, expect: int, last_day: date) -> None:
    """Give a post its last day; from the next day on it gives no rights."""
    row = lock(Post, post, scope=call.scope, expect=expect)
    about("Person", row.person_id, post=str(post), last_day=last_day.isoformat())
    demand(organisations.may_manage_one(call, row.organisation_id))
    demand(may_give(call, row.role))
    demand(rules.period(row.since, last_day))
    demand(refuse("post.ended") if row.until and row.until < clock.today() else allow())
    if row.until and last_day > row.until:  # it lasts longer than it would: that is giving, not ending
        demand(rules.oneself(call.actor, row.person_id))
        demand(at_once(call, row.role))
        demand(rules.apart(row.role, (row.since, last_day), spans(row.person_id, but=row.id)))
    row.until, row.version = last_day, row.version + 1
    with clashes(**CLASHES):
        row.save()
    emit(PostEnded(post, row.person_id, row.organisation_id, last_day))
    publish_people([row.person_id])


@action(Permission.EDIT, audits="staff.add_licence")
def add_licence(
    call: Call, *, person: UUID, kind: rules.LicenceKind, number: str, since: date, until: date | None = None
) -> UUID:
    """Write down a certificate; the trail does not hold its number."""
    about("Person", person, licence=kind)
    lock(Person, person, scope=call.scope)
    demand(may_change(call, person))
    demand(rules.period(since, until))
    demand(allow() if number.strip() else refuse("licence.empty"))
    with clashes(**CLASHES):
        row: Licence = Licence.objects.create(
            person_id=person, kind=kind, number=number.strip().upper(), since=since, until=until
        )
    publish_people([person])
    return row.id
