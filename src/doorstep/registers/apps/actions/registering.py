"""Registering apps: who they are, what they may ask, whether they are on; and ending what they were let in for."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from doorstep.fhir.problems import FhirProblem
from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, Refused, allow, demand, refuse
from doorstep.kernel.fhir_search import narrowing
from doorstep.kernel.store import lock
from doorstep.registers.apps import rules
from doorstep.registers.apps.access import Permission
from doorstep.registers.apps.models import App, Authorization
from doorstep.registers.apps.rules import Kind, scopes
from doorstep.registers.apps.shapes import Facts
from doorstep.registers.organisations import api as organisations

PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""What of a key must never be sent to us."""


@action(Permission.MANAGE, audits="apps.register", grave=True)
def register(call: Call, *, facts: Facts) -> tuple[UUID, str]:
    """Register an app; its id and, where it has one, its secret, which is told this once and never kept."""
    _demand_sound(call, facts)
    secret = secrets.token_urlsafe(32) if facts.kind is Kind.SECRET else ""
    row = App(
        client_id=secrets.token_urlsafe(16), made_by=call.name[:100], digest=rules.digest(secret) if secret else ""
    )
    _put(row, facts)
    row.save(force_insert=True)
    about("App", row.pk, app=row.client_id, proof=row.kind, scopes=row.scopes[:500])
    return row.pk, secret


@action(Permission.MANAGE, audits="apps.edit", grave=True)
def edit(call: Call, *, app: UUID, expect: int, facts: Facts) -> None:
    """Change an app. How it proves itself stays as it was registered: another way is another app."""
    row = lock(App, app, scope=call.scope, expect=expect)
    about("App", app, app=row.client_id, scopes=facts.scopes[:500])
    if facts.kind != row.kind:
        raise Refused(refuse("app.kind"))
    _demand_sound(call, facts)
    _put(row, facts)
    row.version += 1
    row.save()


@action(Permission.MANAGE, audits="apps.rotate", grave=True)
def rotate(call: Call, *, app: UUID, expect: int) -> str:
    """Give an app a new secret, which is told this once; the old one is no longer good."""
    row = lock(App, app, scope=call.scope, expect=expect)
    about("App", app, app=row.client_id)
    if row.kind != Kind.SECRET:
        raise Refused(refuse("app.no_secret"))
    secret = secrets.token_urlsafe(32)
    row.digest, row.version = rules.digest(secret), row.version + 1
    row.save()
    return secret


@action(Permission.MANAGE, audits="apps.switch")
def switch(call: Call, *, app: UUID, expect: int, on: bool) -> None:
    """Switch an app off or on again; while it is off none of its tokens is good. Off ends what it was let in for."""
    row = lock(App, app, scope=call.scope, expect=expect)
    about("App", app, app=row.client_id, on=on)
    row.is_on, row.version = on, row.version + 1
    row.save()
    if not on:
        mine = Authorization.objects.within(call.scope).filter(app=app, ended_at__isnull=True)
        mine.update(ended_at=clock.now(), ended="app_off")


@action(Permission.MANAGE, audits="apps.end")
def end(call: Call, *, app: UUID, authorization: UUID) -> None:
    """End one authorization of an app, with its tokens."""
    row = lock(Authorization, authorization, scope=call.scope)
    about("App", app, authorization=str(authorization))
    if row.app_id != app:
        raise Refused(refuse("not_found", kind="Authorization"))
    if row.ended_at is None:
        row.ended_at, row.ended, row.version = clock.now(), "by_administrator", row.version + 1
        row.save()


def _put(row: App, facts: Facts) -> None:
    row.name, row.owner, row.kind = facts.name.strip(), facts.owner.strip(), facts.kind.value
    row.organisation_id, row.launch_uri = facts.organisation, facts.launch_uri
    row.redirect_uris, row.scopes = list(facts.redirect_uris), str(scopes.read(facts.scopes))
    row.jwks, row.jwks_uri = (dict(facts.jwks) if facts.jwks else None), facts.jwks_uri


def _demand_sound(call: Call, facts: Facts) -> None:
    if facts.organisation not in organisations.names([facts.organisation]):
        raise Refused(refuse("not_found", kind="Organisation"))
    demand(organisations.may_manage_one(call, facts.organisation))
    wish = scopes.read(facts.scopes)
    level = [each for each in wish.clinical if (each.level == "system") == (facts.kind is Kind.SYSTEM)]
    demand(
        rules.client(
            facts.kind, facts.redirect_uris, has_key=bool(facts.jwks or facts.jwks_uri),
            has_scopes=bool(level or (wish.words and facts.kind is not Kind.SYSTEM)),
        )
    )  # fmt: skip
    unknown = set(facts.scopes.split()) - set(map(str, [*wish.clinical, *wish.words]))
    if unknown or len(level) != len(wish.clinical):
        wrong = sorted(unknown) or [str(each) for each in wish.clinical if each not in level]
        raise Refused(refuse("scope.wrong", scope=wrong[0][:100]))
    for each in wish.clinical:
        _demand_kept(each.type, each.query)
    for uri in filter(None, (facts.launch_uri, facts.jwks_uri)):
        demand(rules.redirect_uri(uri, facts.kind))
    demand(_keys(facts.jwks))


def _demand_kept(kind: str, query: str) -> None:
    try:
        if query:
            narrowing(kind, query)
    except FhirProblem:
        raise Refused(refuse("scope.search", scope=f"{kind}?{query}"[:100])) from None


def _keys(jwks: Mapping[str, Any] | None) -> Decision:
    """Whether these are public keys that can be used."""
    if jwks is None:
        return allow()
    try:
        keys = jwks["keys"]
        KeySet.import_key_set({"keys": list(keys)})
        open_only = not any(PRIVATE & set(key) for key in keys) and len(json.dumps(jwks)) < 50_000
    except (JoseError, ValueError, KeyError, TypeError):
        return refuse("jwks.wrong")
    return allow() if open_only and keys else refuse("jwks.wrong")
