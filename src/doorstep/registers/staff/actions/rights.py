"""Writers of what needs two persons: what a role may do, posts of the whole district, accounts of who watches."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Decision, Refused, Stale, allow, demand, refuse
from doorstep.kernel.ids import uuid_of
from doorstep.kernel.store import lock
from doorstep.registers.staff import flow, rules
from doorstep.registers.staff.access import Permission, at_once
from doorstep.registers.staff.actions import accounts
from doorstep.registers.staff.actions.people import demand_post, give
from doorstep.registers.staff.actions.publishing import publish_people
from doorstep.registers.staff.models import Person, Proposal, RoleChange
from doorstep.registers.staff.reads import rights as reads
from doorstep.registers.staff.shapes import PostFacts

LONGEST = 300


def reason(why: str) -> Decision:
    """Whether a reason was given."""
    return allow() if why.strip() else refuse("why.empty")


@action(Permission.ROLES, audits="staff.propose_role", grave=True)
def propose_role(
    call: Call, *, role: str, expect: int, permissions: Collection[str], sentence: str, why: str
) -> UUID:  # fmt: skip
    """Propose what a role may do; another person confirms it. Nobody proposes for a role that they hold."""
    wanted = frozenset(permissions)
    about("Role", role, permissions=sorted(wanted), why=why[:LONGEST])
    now = reads.role(role)
    demand(_not_held(call, role))
    if now.version != expect:
        raise Stale(expect, now.version)
    demand(_fit(role, wanted))
    demand(reason(why))
    same = wanted == now.permissions and sentence.strip() == now.own
    demand(refuse("role.same") if same else allow())
    values = {"expect": expect, "permissions": sorted(wanted), "sentence": sentence.strip()}
    return _propose(call, rules.Grave.ROLE, role, None, values, why)


def _not_held(call: Call, role: str) -> Decision:
    kind, _colon, person = call.actor.partition(":")
    key = uuid_of(person) if kind == "staff" else None
    held = key is not None and reads.holds(key, role, clock.today())
    return refuse("role.own") if held else allow()


def _fit(role: str, permissions: frozenset[str]) -> Decision:
    verdict = rules.fit(role, permissions, reads.declared())
    if not verdict.allowed:
        return verdict
    return rules.keepers({code: line.permissions for code, line in reads.roles().items()} | {role: permissions})


@action(Permission.ROLES, audits="staff.propose_post", grave=True)
def propose_post(call: Call, *, person: UUID, post: PostFacts, why: str) -> UUID:
    """Propose to give a person a post of the whole district; another person confirms it."""
    about("Person", person, organisation=str(post.organisation), role=post.role, why=why[:LONGEST])
    lock(Person, person, scope=call.scope)
    demand_post(call, person, post)
    demand(refuse("proposal.needless") if at_once(call, post.role).allowed else allow())
    demand(reason(why))
    values = {
        "organisation": str(post.organisation), "department": post.department, "duty": post.duty,
        "is_main": post.is_main, "since": post.since.isoformat(),
        "until": post.until.isoformat() if post.until else None,
    }  # fmt: skip
    return _propose(call, rules.Grave.POST, post.role, person, values, why)


@action(Permission.EDIT, audits="staff.propose_account", grave=True)
def propose_account(call: Call, *, person: UUID, act: str, why: str, said: Mapping[str, str]) -> UUID:
    """Propose an act on the account of one who audits or guards (``make``, ``password``, ``factors``, ``identity``);
    another person confirms it. A password is kept encoded, and only until it is decided."""
    about("Person", person, act=act, why=why[:LONGEST])
    role = rules.watching(accounts.roles_of(person))
    demand(refuse("proposal.needless") if not role else allow())
    demand(rules.oneself(call.actor, person))
    demand(reason(why))
    values = {"act": act, **accounts.wanted(call, person, act, said)}
    return _propose(call, rules.Grave.ACCOUNT, role, person, values, why)


def _propose(call: Call, kind: rules.Grave, role: str, person: UUID | None, values: dict[str, Any], why: str) -> UUID:
    row: Proposal = Proposal.objects.create(
        kind=kind, role=role, person_id=person, values=values, why=why.strip()[:LONGEST], by=call.actor,
        by_name=call.name[:60], at=clock.now(), until=clock.now() + flow.LASTS,
    )  # fmt: skip
    about("Role" if person is None else "Person", person or role, proposal=str(row.id))
    return row.id


@action(Permission.ROLES, audits="staff.confirm", grave=True)
def confirm(call: Call, *, proposal: UUID, expect: int, note: str = "") -> None:
    """Do what another proposed: it is checked again as on the day, and holds from the next request."""
    row = _moved(call, proposal, expect, "confirm", note)
    if row.kind == rules.Grave.ROLE:
        _change_role(call, row)
    elif row.kind == rules.Grave.ACCOUNT and row.person_id is not None:
        accounts.carry_out(call, row.person_id, row.values["act"], row.values)
        about("Person", row.person_id, proposal=str(row.id), act=row.values["act"])
        _forget(row)
    else:
        _give_post(call, row)


@action(Permission.ROLES, audits="staff.decline")
def decline(call: Call, *, proposal: UUID, expect: int, note: str) -> None:
    """Say no to what another proposed, and why."""
    demand(reason(note))
    _forget(_moved(call, proposal, expect, "decline", note))


@action(Permission.ROLES, audits="staff.withdraw")
def withdraw(call: Call, *, proposal: UUID, expect: int) -> None:
    """Take back what oneself proposed."""
    _forget(_moved(call, proposal, expect, "withdraw", ""))


@action(Permission.ROLES, audits="staff.expire")
def expire(call: Call) -> int:
    """Close the proposals that nobody decided in time; run by the clock."""
    late = Proposal.objects.filter(state=flow.State.OPEN, until__lt=clock.now())
    rows = list(late.select_for_update(skip_locked=True).values_list("id", "version"))
    for key, version in rows:
        _forget(_moved(call, key, version, "expire", ""))
    about("Proposal", "all", expired=len(rows))
    return len(rows)


def _moved(call: Call, key: UUID, expect: int, move: str, note: str) -> Proposal:
    row = lock(Proposal, key, scope=call.scope, expect=expect)
    about("Proposal", key, act=row.kind, role=row.role, person=str(row.person_id or ""), proposed_by=row.by)
    serves = rules.oneself(call.actor, row.person_id) if row.person_id else _not_held(call, row.role)
    facts = flow.Facts(row.by == call.actor, not serves.allowed, row.until < clock.now())
    verdict, row_state = flow.PROPOSAL.step(move, flow.State(row.state), facts)
    demand(verdict)
    row.state, row.version, row.note = row_state, row.version + 1, note.strip()[:LONGEST]
    row.decided_by, row.decided_by_name, row.decided_at = call.actor, call.name[:60], clock.now()
    row.save()
    return row


def _forget(row: Proposal) -> None:
    """What is decided needs the password no more, not even encoded."""
    if row.values.pop("password", None) is not None:
        row.save(update_fields=["values"])


def _change_role(call: Call, row: Proposal) -> None:
    wanted, expect = frozenset(row.values["permissions"]), row.values["expect"]
    now = reads.role(row.role)
    if now.version != expect:
        raise Stale(expect, now.version)
    demand(_fit(row.role, wanted))
    about(
        "Role", row.role, proposal=str(row.id), added=sorted(wanted - now.permissions),
        removed=sorted(now.permissions - wanted),
    )  # fmt: skip
    with clashes(rolechange_once="stale"):
        RoleChange.objects.create(
            role=row.role, version=expect + 1, permissions=sorted(wanted), sentence=row.values["sentence"],
            why=row.why, by=row.by, by_name=row.by_name, confirmed_by_name=call.name[:60], at=clock.now(),
        )  # fmt: skip


def _give_post(call: Call, row: Proposal) -> None:
    said = row.values
    until = date.fromisoformat(said["until"]) if said["until"] else None
    post = PostFacts(
        UUID(said["organisation"]), row.role, date.fromisoformat(said["since"]), said["department"], said["duty"],
        said["is_main"], until,
    )  # fmt: skip
    person = row.person_id
    if person is None:
        raise Refused(refuse("not_found", kind="Person"))
    lock(Person, person, scope=call.scope)
    about("Person", person, proposal=str(row.id), organisation=str(post.organisation), role=row.role)
    demand_post(call, person, post)
    give(person, post)
    publish_people([person])
