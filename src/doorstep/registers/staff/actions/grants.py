"""Writers of grants: one more permission at an institution, for a time."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Refused, allow, demand, refuse
from doorstep.kernel.store import lock
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import rules
from doorstep.registers.staff.access import Permission
from doorstep.registers.staff.actions.rights import LONGEST, reason
from doorstep.registers.staff.models import Grant, Person, Post
from doorstep.registers.staff.reads.rights import declared
from doorstep.registers.staff.shapes import GrantFacts


@action(Permission.EDIT, audits="staff.grant", grave=True)
def grant(call: Call, *, person: UUID, facts: GrantFacts) -> UUID:
    """Grant a permission to a person's post (or all their posts) at an institution that the caller manages."""
    about("Person", person, organisation=str(facts.organisation), permission=facts.permission, why=facts.why[:LONGEST])
    lock(Person, person, scope=call.scope)
    demand(organisations.may_manage_one(call, facts.organisation))
    demand(rules.oneself(call.actor, person))
    demand(rules.period(facts.since, facts.until))
    demand(refuse("grant.over") if facts.until < clock.today() else allow())
    demand(reason(facts.why))
    for role in _roles(call, person, facts):
        demand(rules.grantable(role, facts.permission, declared()))
    with clashes(grant_once_a_day="grant.overlap"):
        row: Grant = Grant.objects.create(
            person_id=person, organisation_id=facts.organisation, post_id=facts.post, permission=facts.permission,
            since=facts.since, until=facts.until, why=facts.why.strip()[:LONGEST], by=call.actor,
            by_name=call.name[:60],
        )  # fmt: skip
    about("Person", person, grant=str(row.id), until=facts.until.isoformat())
    return row.id


def _roles(call: Call, person: UUID, facts: GrantFacts) -> list[str]:
    """The roles of the posts that the grant is for; there must be one that has not ended."""
    posts = Post.objects.within(call.scope).filter(person=person, organisation=facts.organisation)
    posts = posts.filter(Q(until__isnull=True) | Q(until__gte=clock.today()))
    if facts.post:
        posts = posts.filter(id=facts.post)
    found = list(posts.values_list("role", flat=True))
    if not found:
        raise Refused(refuse("grant.no_post"))
    return found


@action(Permission.EDIT, audits="staff.revoke_grant")
def revoke(call: Call, *, person: UUID, grant: UUID, expect: int) -> None:
    """Take a grant back; it gives nothing from the next request on."""
    row = lock(Grant, grant, scope=call.scope, expect=expect)
    about("Person", row.person_id, grant=str(grant), permission=row.permission)
    demand(allow() if row.person_id == person else refuse("not_found", kind="Grant"))
    demand(organisations.may_manage_one(call, row.organisation_id))
    demand(refuse("grant.revoked") if row.revoked_at else allow())
    row.revoked_at, row.revoked_by_name, row.version = clock.now(), call.name[:60], row.version + 1
    row.save()
