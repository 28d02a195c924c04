"""The door of the room: who is asking, and what other rooms may ask about people who work."""

from __future__ import annotations

from django.http import HttpRequest

from doorstep.kernel import clock
from doorstep.kernel.call import EVERYWHERE, NOWHERE, Call, Scope
from doorstep.kernel.ids import new_id
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff.actions.accounts import issue_key, make_account, revoke_key, set_password
from doorstep.registers.staff.actions.loading import load
from doorstep.registers.staff.reads import standing as reads
from doorstep.registers.staff.reads.people import by_number, names
from doorstep.registers.staff.rules import CHOSEN_POST, ROLES, SOURCE_PERMISSIONS, Reach
from doorstep.registers.staff.shapes import LicenceIn, Loaded, PersonFacts, PersonIn, PostIn, Standing

__all__ = [
    "LicenceIn",
    "Loaded",
    "PersonFacts",
    "PersonIn",
    "PostIn",
    "Standing",
    "by_number",
    "call_for",
    "call_from",
    "issue_key",
    "load",
    "make_account",
    "names",
    "revoke_key",
    "set_password",
    "source_call",
]


def call_for(request: HttpRequest) -> Call | None:
    """Who is asking, from the post that the session chose (or the only one); None for strangers.

    A person without a post today, or with several and none chosen, is known but may do nothing.
    """
    user = getattr(request, "user", None)  # there is none where a request was refused before it was looked at
    if user is None or not user.is_authenticated:
        return None
    posts = reads.standings(user.pk, clock.today())
    chosen = request.session.get(CHOSEN_POST)
    found = next((p for p in posts if str(p.post) == chosen), posts[0] if len(posts) == 1 else None)
    if found is None:
        person, name = reads.account_holder(user.pk) or (user.pk, "")
        return Call(f"staff:{person}", name, clock.now(), NOWHERE, request=_request_id(request))
    return call_from(found, request=_request_id(request))


def call_from(standing: Standing, request: str = "") -> Call:
    """The call of a post: what its role and its grants give today, bounds by the role's reach from its institution."""
    role = ROLES[standing.role]
    return Call(
        actor=f"staff:{standing.person}",
        name=standing.name,
        at=clock.now(),
        scope=_scope(role.reach, standing),
        permissions=standing.permissions,
        post=standing.post,
        organisation=standing.organisation,
        role=role.title,
        purpose=role.purpose,
        request=request,
    )


def source_call(token: str, request: str = "") -> Call | None:
    """The call of an institution's system, by its bearer token; None for a token that is not good today."""
    found = reads.key_holder(token, clock.today())
    if found is None:
        return None
    _key, organisation, name = found
    scope = Scope(frozenset({organisation}))
    return Call(
        f"source:{organisation}", name, clock.now(), scope, SOURCE_PERMISSIONS, organisation=organisation,
        request=request,
    )  # fmt: skip


def _scope(reach: Reach, standing: Standing) -> Scope:
    if reach is Reach.DISTRICT:
        return EVERYWHERE
    if reach is Reach.CONSORTIUM:
        return Scope(organisations.reach(standing.organisation, clock.today()))
    return Scope(frozenset({standing.organisation}))


def _request_id(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-Id", "")
    return given[:64] if given.isascii() and given.replace("-", "").isalnum() else new_id().hex
