"""Writers of accounts and of the keys of source systems."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from uuid import UUID

from django.contrib.auth.hashers import make_password

from doorstep.events.staff import SourceKeyRevoked
from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Refused, allow, demand, refuse
from doorstep.kernel.outbox import emit
from doorstep.kernel.store import lock
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import rules
from doorstep.registers.staff.access import Permission, may_hold_account
from doorstep.registers.staff.actions import passwords, sessions
from doorstep.registers.staff.models import (
    Account,
    OutsideIdentity,
    Passkey,
    Person,
    RecoveryCode,
    SourceKey,
    Totp,
)
from doorstep.registers.staff.reads.people import open_posts

CLASHES = {"staff_account_username_key": "username.taken", "staff_account_person_id_key": "account.taken"}


def _demand_account(call: Call, person: UUID) -> None:
    lock(Person, person, scope=call.scope)
    posts = open_posts(person, clock.today())
    demand(may_hold_account(call, posts, organisations.managed(call, {o for o, _role in posts})))


def _account(call: Call, person: UUID) -> Account:
    """The account of a person whose account the caller may change, locked."""
    _demand_account(call, person)
    account = Account.objects.select_for_update().filter(person=person).first()
    if account is None:
        raise Refused(refuse("not_found", kind="Account"))
    return account


def roles_of(person: UUID) -> frozenset[str]:
    """The roles that a person holds or will hold, wherever it is."""
    return frozenset(role for _organisation, role in open_posts(person, clock.today()))


@action(Permission.EDIT, audits="staff.make_account", grave=True)
def make_account(call: Call, *, person: UUID, username: str, password: str, must_change: bool = True) -> UUID:
    """Let a person sign in; refused for a weak password, a name that is taken, or one who holds posts elsewhere.

    The person must choose a password of their own at first, unless nobody else knows this one. This and the three acts
    below need two persons where the person audits or guards (``account.two_persons``).
    """
    demand(rules.alone(call.actor, roles_of(person)))
    return _make(call, person, wanted(call, person, "make", {"username": username, "password": password}), must_change)


@action(Permission.EDIT, audits="staff.set_password", grave=True)
def set_password(call: Call, *, person: UUID, password: str) -> None:
    """Give a person a new password, which they must change themselves; all their sessions end with the old one."""
    demand(rules.alone(call.actor, roles_of(person)))
    _set(call, person, wanted(call, person, "password", {"password": password}))


@action(Permission.EDIT, audits="staff.reset_factors", grave=True)
def reset_factors(call: Call, *, person: UUID) -> None:
    """Take all second factors of a person away, who has lost them; all their sessions end."""
    demand(rules.alone(call.actor, roles_of(person)))
    _reset(call, person)


@action(Permission.EDIT, audits="staff.link_identity", grave=True)
def link_identity(call: Call, *, person: UUID, issuer: str, subject: str) -> None:
    """Say who a person is at the city's identity provider (its ``sub``); an empty one takes the link away."""
    demand(rules.alone(call.actor, roles_of(person)))
    _link(call, person, {"issuer": issuer, "subject": subject})


def wanted(call: Call, person: UUID, act: str, said: Mapping[str, str]) -> dict[str, str]:
    """What an act on an account needs, its password checked and encoded: fit to be kept until a second person agrees.

    Raises ``Refused`` where the caller may not, the password is weak, or there is (no) account.
    """
    about("Person", person, account=[text for name, text in said.items() if name != "password"])
    if act == "make":
        _demand_account(call, person)
        demand(rules.username(said["username"]))
        account = Account(person_id=person, username=said["username"])
    else:
        account = _account(call, person)
    if "password" in said:
        passwords.demand_good(account, said["password"])
        return {**said, "password": make_password(said["password"])}
    return dict(said)


def carry_out(call: Call, person: UUID, act: str, said: Mapping[str, str]) -> None:
    """Do what was kept, once a second person has agreed."""
    if act == "make":
        _make(call, person, said)
    elif act == "password":
        _set(call, person, said)
    elif act == "factors":
        _reset(call, person)
    else:
        _link(call, person, said)


def _make(call: Call, person: UUID, said: Mapping[str, str], must_change: bool = True) -> UUID:
    _demand_account(call, person)
    account = Account(person_id=person, username=said["username"])
    passwords.keep_encoded(account, said["password"], must_change=must_change)
    with clashes(**CLASHES):
        account.save(force_insert=True)
    return account.pk


def _set(call: Call, person: UUID, said: Mapping[str, str]) -> None:
    account = _account(call, person)
    passwords.keep_encoded(account, said["password"], must_change=True)
    account.save()
    sessions.end_others(account)


def _reset(call: Call, person: UUID) -> None:
    about("Person", person)
    account = _account(call, person)
    for kind in (Totp, Passkey, RecoveryCode):
        kind.objects.filter(account=account).delete()
    sessions.end_others(account)


def _link(call: Call, person: UUID, said: Mapping[str, str]) -> None:
    issuer, subject = said["issuer"], said["subject"]
    about("Person", person, issuer=issuer)
    account = _account(call, person)
    OutsideIdentity.objects.filter(account=account, issuer=issuer).delete()
    if subject:
        with clashes(outside_subject_once="identity.taken"):
            OutsideIdentity.objects.create(account=account, issuer=issuer, subject=subject)


@action(Permission.EDIT, audits="staff.close_account")
def close_account(call: Call, *, person: UUID) -> None:
    """Let a person sign in no more; their sessions end at once."""
    about("Person", person)
    account = _account(call, person)
    account.is_active = False
    account.save()
    sessions.end_others(account)


@action(Permission.EDIT, audits="staff.issue_key", grave=True)
def issue_key(
    call: Call, *, organisation: UUID, name: str, since: date | None = None, until: date | None = None
) -> tuple[UUID, str]:
    """Make a key for a system of an institution: its id and its token, which is told this once and never kept."""
    about("Organisation", organisation, system=name)
    demand(organisations.may_manage_one(call, organisation))
    demand(allow() if organisation in organisations.names([organisation]) else refuse("not_found"))
    since = since or clock.today()
    demand(rules.period(since, until))
    token = rules.TOKEN_MARK + secrets.token_urlsafe(32)
    row: SourceKey = SourceKey.objects.create(
        organisation_id=organisation,
        name=name,
        digest=rules.token_digest(token),
        since=since,
        until=until,
        made_by=call.name[:100],
    )
    about("Organisation", organisation, key_id=str(row.id))
    return row.id, token


@action(Permission.EDIT, audits="staff.revoke_key")
def revoke_key(call: Call, *, key: UUID, expect: int) -> None:
    """Take a key back; it is refused from now on."""
    row = lock(SourceKey, key, scope=call.scope, expect=expect)
    about("Organisation", row.organisation_id, system=row.name, key_id=str(key))
    demand(organisations.may_manage_one(call, row.organisation_id))
    demand(refuse("key.revoked") if row.revoked_at else allow())
    row.revoked_at, row.version = clock.now(), row.version + 1
    row.save()
    emit(SourceKeyRevoked(key, row.organisation_id))
