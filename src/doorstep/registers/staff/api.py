"""The door of the room: who is asking, and what other rooms may ask about people who work."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypedDict, Unpack
from uuid import UUID

from django.http import HttpRequest

from doorstep.kernel import clock
from doorstep.kernel.call import EVERYWHERE, NOWHERE, Call, Scope
from doorstep.kernel.ids import new_id
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff.actions import sessions
from doorstep.registers.staff.actions.accounts import issue_key, make_account, revoke_key, set_password
from doorstep.registers.staff.actions.entering import enter, take_back
from doorstep.registers.staff.actions.loading import load
from doorstep.registers.staff.actions.qualifying import enter_licence, enter_title, take_back_licence, take_back_title
from doorstep.registers.staff.actions.sessions import address_of, forgive, leave, take
from doorstep.registers.staff.reads import standing as reads
from doorstep.registers.staff.reads.people import (
    births,
    by_number,
    colleagues,
    names,
    phones,
    post_names,
    qualified,
    titles,
    versions,
    working,
)
from doorstep.registers.staff.reads.signing import rule as sign_in_rule
from doorstep.registers.staff.rules import (
    CHOSEN_POST,
    OUTSIDE,
    ROLES,
    SOURCE_PERMISSIONS,
    Limit,
    Reach,
    Role,
    attempt_key,
    sheet,
)
from doorstep.registers.staff.rules.signing import device, is_privileged, is_remote, owed
from doorstep.registers.staff.shapes import (
    Entered,
    LicenceIn,
    Loaded,
    PersonFacts,
    PersonIn,
    PostIn,
    Qualified,
    Standing,
)

__all__ = [
    "OUTSIDE",
    "Entered",
    "LicenceIn",
    "Limit",
    "Loaded",
    "PersonFacts",
    "PersonIn",
    "PostIn",
    "Qualified",
    "Role",
    "Standing",
    "acting",
    "address_of",
    "administrators",
    "attempt_key",
    "births",
    "by_number",
    "call_for",
    "call_from",
    "colleagues",
    "device",
    "enter",
    "enter_licence",
    "enter_title",
    "forgive",
    "issue_key",
    "leave",
    "load",
    "make_account",
    "names",
    "phones",
    "post_names",
    "qualified",
    "revoke_key",
    "set_password",
    "sheet",
    "signed_in",
    "source_call",
    "system_call",
    "take",
    "take_back",
    "take_back_licence",
    "take_back_title",
    "titles",
    "versions",
    "working",
]


def call_for(request: HttpRequest) -> Call | None:
    """Who is asking, from the post that the session chose (or the only one); None for strangers and ended sessions.

    A person without a post today, or with several and none chosen, is known but may do nothing; nor may one who first
    owes a new password or a second factor.
    """
    user = getattr(request, "user", None)  # there is none where a request was refused before it was looked at
    if user is None or not user.is_authenticated:
        return None
    found = sessions.of(request)
    if found is None:
        return None
    posts, rule = reads.standings(user.pk, clock.today()), sign_in_rule()
    roles = {post.role for post in posts}
    if not sessions.still(request, found, privileged=is_privileged(rule, roles)):
        return None
    # A session that stands on one factor, of an account that has two, has proved nothing yet.
    proved = found.confirmed if found.factors > 1 or not found.has_factor else None
    owes = owed(
        rule,
        roles=roles,
        factors=found.factors,
        remote=is_remote(rule, sessions.address_of(request)),
        must_change=found.must_change,
        age=clock.now() - found.password_at,
    )
    marks: _Marks = {"request": _request_id(request), "factors": found.factors, "confirmed": proved}
    chosen = request.session.get(CHOSEN_POST)
    standing = next((p for p in posts if str(p.post) == chosen), posts[0] if len(posts) == 1 else None)
    if standing is None or owes:
        person, name = reads.account_holder(user.pk) or (user.pk, "")
        return Call(f"staff:{person}", name, clock.now(), NOWHERE, owes=owes, **marks)
    return call_from(standing, **marks)


class _Marks(TypedDict, total=False):
    """What a session adds to the call of a post."""

    request: str
    factors: int
    confirmed: datetime | None


def call_from(standing: Standing, **marks: Unpack[_Marks]) -> Call:
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
        **marks,
    )


def signed_in(request: HttpRequest) -> tuple[UUID, UUID] | None:
    """The account and the session of a request; None for strangers."""
    found = sessions.of(request)
    return (UUID(str(request.user.pk)), found.id) if found else None


def acting(account: UUID, post: UUID, session: UUID | None, since: datetime) -> Call | None:
    """The call of a person for whom an app acts that they let in at a time: from the post that they let it in from, as
    it stands today. None where post, account, session (if it rests on one) or the password of then has ended."""
    oldest = clock.now() - timedelta(hours=sign_in_rule().longest_hours)
    found = next((each for each in reads.standings(account, clock.today()) if each.post == post), None)
    if found is None or not reads.goes_on(account, session, since, oldest):
        return None
    return call_from(found)


def system_call(organisation: UUID, name: str) -> Call:
    """The call of an institution's system that has proved who it is: bounds and permissions of a key's."""
    return Call(
        f"source:{organisation}", name, clock.now(), Scope(frozenset({organisation})), SOURCE_PERMISSIONS,
        organisation=organisation,
    )  # fmt: skip


def administrators() -> frozenset[UUID]:
    """The accounts that administer today; for the check of the installation, which belongs to no caller."""
    return reads.administrators(clock.today())


def source_call(token: str, request: str = "") -> Call | None:
    """The call of an institution's system, by its bearer token; None for a token that is not good today."""
    found = reads.key_holder(token, clock.today())
    if found is None:
        return None
    _key, organisation, name = found
    return replace(system_call(organisation, name), request=request)


def _scope(reach: Reach, standing: Standing) -> Scope:
    if reach is Reach.DISTRICT:
        return EVERYWHERE
    if reach is Reach.CONSORTIUM:
        return Scope(organisations.reach(standing.organisation, clock.today()))
    return Scope(frozenset({standing.organisation}))


def _request_id(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-Id", "")
    return given[:64] if given.isascii() and given.replace("-", "").isalnum() else new_id().hex
