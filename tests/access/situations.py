"""What a caller is to the thing that is asked for: the situations of the matrix, each made as the house makes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any

from django.db.models import Q
from django.urls import get_resolver

from doorstep.kernel import clock
from doorstep.kernel.testing import callers
from doorstep.kernel.web.pages import Rule
from doorstep.registers.consents.actions import consenting, glass
from doorstep.registers.consents.models import Relation
from doorstep.registers.consents.shapes import Signed
from doorstep.registers.organisations.models import Organisation
from doorstep.registers.organisations.tests import factory as district
from doorstep.registers.staff.models import Account, Grant, Post
from doorstep.registers.staff.rules import OUTSIDE, ROLES
from doorstep.registers.staff.rules.roles import OWN
from doorstep.registers.staff.tests import factory as staff
from tests.access.asking import Caller
from tests.faults import two_sides
from tests.faults.samples import Address
from tests.faults.two_sides import Side, World, send, undone

THEIRS = "麒麟MVXK"
"""Stands in everything of the member of A's consortium."""
COLUMNS = ("stranger", "nobody", *OUTSIDE, *ROLES)
BREAK = "consents.break_glass"
CHARGED = "booking.members"
"""Who holds one of these may do in some situations what others of their reach may not."""
FREE = {str(rule) for rule in Rule}

CHOSEN = frozenset(f"booking:own_{part}" for part in ("book", "clinic", "department", "release", "stand", "wait"))
"""A resident books where they like: which clinics there are, and when, is public to them."""
NOTHING = "—"
SITUATIONS: Mapping[str, str] = {
    NOTHING: "the address names nothing of anybody's",
    "own": "of the caller's own institution; a resident is in its care now (its system sent an encounter under way)",
    "unrelated": "a resident whom the caller's institution knows, but who is not in its care",
    "member": "of another institution of the same consortium, the caller at the lead; no relation to the resident",
    "lead": "of the lead of the consortium, the caller at a member (not for residents, whom both know alike)",
    "outside": "of an institution of another consortium",
    "consent": "member, and the resident has consented for the caller's institution (recorded by another)",
    "glass": "member, and the caller has broken the glass, if theirs is a role that may",
    "outside, opened": "outside, with a consent for the caller's institution and a break-glass of the caller's",
    "granted": "own, and the post was granted the permission of the address besides its role's",
    "expired": "as granted, consent and glass together, but all of it ended yesterday; no relation else",
}
OF_RESIDENTS = ("unrelated", "consent", "glass", "outside, opened")


def held(role: str) -> frozenset[str]:
    """The permissions of a column."""
    found = ROLES.get(role) or OUTSIDE.get(role)
    return found.permissions if found else frozenset()


def kind_of(role: str) -> tuple[Any, ...]:
    """What decides about a column: two of one kind cannot be told apart by any rule that looks at their call."""
    if role not in ROLES:
        return (role,)
    return (ROLES[role].permissions, ROLES[role].reach, ROLES[role].purpose)


@cache
def parts_of(name: str) -> tuple[str, ...]:
    """The names of the parts of an address's path."""
    space, _, own = name.rpartition(":")
    resolver: Any = get_resolver()
    if space:
        _prefix, resolver = resolver.namespace_dict[space]
    return tuple(resolver.reverse_dict[own][0][0][1])


def situations_of(address: Address) -> tuple[str, ...]:
    """The situations that an address can be in."""
    grants = () if address.rule in FREE | OWN else ("granted", "expired")
    if not parts_of(address.name):
        return (NOTHING, *grants)
    about = OF_RESIDENTS if "resident" in parts_of(address.name) else ("lead",)
    return tuple(s for s in SITUATIONS if s in {"own", "member", "outside", *about, *grants})


@dataclass
class Ground:
    """Two consortia with all that is asked for, and a caller a role at the lead of the first and at a member of it."""

    world: World
    member: Side
    at_lead: dict[str, Caller] = field(default_factory=dict)
    at_member: dict[str, Caller] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)

    def side(self, situation: str) -> Side:
        """Whose things are asked for."""
        if situation.startswith("outside"):
            return self.world.b
        return self.member if situation in ("member", "consent", "glass", "expired") else self.world.a

    def caller(self, situation: str, role: str) -> Caller:
        """Who asks."""
        return (self.at_member if situation == "lead" else self.at_lead)[role]


def make() -> Ground:
    """The two sides of the tests of faults, a third within A's consortium, and A's resident in A's care."""
    world = two_sides.make()
    found = {o.uscc: o.pk for o in Organisation.objects.unscoped("test")}
    centre, clinic = found[district.CENTRE], found[district.CLINIC]
    ids = {"consortium": world.a.consortium, "partner": clinic}
    ground = Ground(world, Side(centre, THEIRS, two_sides.number(12, 1), ids=ids))
    two_sides.fill("c", ground.member)
    for role, client in world.clients.items():
        ground.at_lead[role] = Caller.of(role, client)
        account = staff.somebody(centre, role, "值班人", f"member.{role}") if role in ROLES else None
        there = staff.client_of(account) if account else client
        ground.at_member[role] = Caller.of(role, there)
        if role in ROLES:
            on_duty = Account.objects.get(username=f"on.{role}")
            ground.posts[role] = Post.objects.unscoped("test").get(person=on_duty.person)
    two_sides.judge(actor_of(ground.at_lead["exchange_operator"]), ground.member)
    desk = replace(callers.member(centre), post=ground.member.post)
    ground.member.ids["authorization"] = two_sides.let_in(ground.member, desk, ground.member.person)
    encounter(ground.world.a, "in-progress")
    return ground


def actor_of(caller: Caller) -> str:
    """Who the trail says that a caller is."""
    return caller.call.actor if caller.call else ""


def encounter(side: Side, status: str) -> None:
    """What the institution's own system says of its resident: here now, or long gone."""
    seen: dict[str, Any] = {
        "resourceType": "Encounter", "id": f"now{side.patient}", "status": status, "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/{side.patient}"}, "period": {"start": "2024-01-02T08:00:00+08:00"},
    }  # fmt: skip
    if status == "finished":
        seen["period"]["end"] = "2024-01-02T09:00:00+08:00"
    send(side.organisation, seen)


@contextmanager
def happening(ground: Ground, situation: str) -> Iterator[None]:
    """The world in a situation, as far as it is the same for every caller; afterwards it is as before."""
    with undone():
        if situation == "unrelated":
            encounter(ground.world.a, "finished")
            _end(ground, ground.world.a)
        if situation in ("consent", "outside, opened", "expired"):
            _consent(ground, ground.side(situation))
        yield


def _consent(ground: Ground, side: Side) -> None:
    desk = callers.member(side.organisation)
    signed = Signed(ground.world.a.organisation, permit=True, signer="self", signer_name="某某")
    consenting.record(desk, resident=side.resident, signed=signed)


@contextmanager
def prepared(ground: Ground, situation: str, address: Address, role: str) -> Iterator[Caller]:
    """The caller in the situation: with their own break-glass, and with what was granted to their post."""
    caller = ground.caller(situation, role)
    with undone():
        about = "resident" in parts_of(address.name)
        if about and situation in ("glass", "outside, opened", "expired") and BREAK in held(role):
            _glass(caller, ground.side(situation))
        if situation in ("granted", "expired") and role in ROLES and address.rule not in held(role):
            caller = _granted(ground, address.rule, role, ended=situation == "expired")
        if situation == "expired":
            _end(ground, ground.side(situation))
        yield caller


def _end(ground: Ground, side: Side) -> None:
    """All that was opened of a resident to A's institution or to one person has ended yesterday."""
    now, to_a = clock.now(), Q(organisation=ground.world.a.organisation) | Q(organisation__isnull=True)
    rows = Relation.objects.unscoped("test").filter(to_a, resident=side.resident)
    rows.update(since=now - timedelta(days=2), until=now - timedelta(days=1))


def _glass(caller: Caller, side: Side) -> None:
    by_whom = callers.member(side.organisation)  # also where it is beyond the caller's bounds: it must not widen them
    call = replace(by_whom, actor=actor_of(caller))
    glass.break_glass(call, resident=side.resident, reason="emergency", words="抢救病人", hours=4)


def _granted(ground: Ground, permission: str, role: str, *, ended: bool) -> Caller:
    """The caller as the sign-in makes them once the grant stands; a grant that never could be is in the way of none."""
    today, post = clock.today(), ground.posts[role]
    since, until = (today - timedelta(days=9), today - timedelta(days=1)) if ended else (today, today)
    Grant.objects.create(
        person=post.person, organisation_id=post.organisation_id, post=post, permission=permission, since=since,
        until=until, why="会诊", by="staff:x", by_name="某人",
    )  # fmt: skip
    return Caller.of(role, ground.world.clients[role])
