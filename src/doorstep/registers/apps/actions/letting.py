"""Letting an app in and withdrawing that; opening one from a chart."""

from __future__ import annotations

import secrets
from typing import Final
from uuid import UUID

from doorstep.fhir.problems import FhirProblem
from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.fhir_search import narrowing
from doorstep.registers.apps import rules
from doorstep.registers.apps.access import Permission
from doorstep.registers.apps.models import Authorization, Launch
from doorstep.registers.apps.reads import clients, standing
from doorstep.registers.apps.rules import scopes
from doorstep.registers.apps.rules.scopes import Wish
from doorstep.registers.apps.shapes import Asked, Client, Launched
from doorstep.registers.residents import api as residents

OWN: Final = "what a person let in themselves"


def offered(app: Client, asked: str) -> Wish:
    """What of a request this house can give this app: allowed, and such that the door can keep to it."""
    wish = scopes.given(scopes.read(asked), app.allowed, system=False)
    return Wish(tuple(each for each in wish.clinical if not each.query or _kept(each.type, each.query)), wish.words)


def _kept(kind: str, query: str) -> bool:
    try:
        return bool(narrowing(kind, query))
    except FhirProblem:
        return False


@action(Permission.USE, audits="apps.let_in")
def let_in(call: Call, *, app: Client, asked: Asked, resident: UUID | None, account: UUID, session: UUID) -> str:
    """Let an app in for what was asked; returns the code that it is sent, good once and for a minute.

    Refused without a post, for nothing at all, without the patient that it needs, or with one whom the caller has no
    reason to read (``consents.basis``).
    """
    wish = offered(app, asked.scope)
    about("App", app.id, app=app.client_id, scopes=str(wish)[:500])
    if call.post is None or call.organisation is None:
        raise Refused(refuse("app.no_post"))
    if not wish.clinical and not wish.words:
        raise Refused(refuse("app.nothing"))
    launched = _used(call, app, asked.launch, account) if asked.launch else None
    whom = launched.resident if launched else resident
    if wish.of_patient and whom is None:
        raise Refused(refuse("app.no_patient"))
    if whom is not None:
        whom = residents.current(whom)
        about("App", app.id, resident=whom)
        if not standing.context(call, whom)[0]:
            raise Refused(refuse("app.no_reason"))
    code = secrets.token_urlsafe(32)
    Authorization.objects.create(
        app_id=app.id, account=account, post_id=call.post, session=None if wish.offline else session, resident_id=whom,
        encounter=launched.encounter if launched else "", scopes=str(wish), code=rules.digest(code),
        code_until=clock.now() + rules.CODE, challenge=asked.challenge, redirect_uri=asked.redirect_uri,
        nonce=asked.nonce,
    )  # fmt: skip
    return code


def _used(call: Call, app: Client, text: str, account: UUID) -> Launched:
    """Take a launch, once: it was this person's, for this app."""
    rows = Launch.objects.unscoped(OWN).filter(
        digest=rules.digest(text), app=app.id, account=account, used_at__isnull=True, until__gt=clock.now()
    )
    row = rows.select_for_update(of=("self",)).first()
    if row is None:
        raise Refused(refuse("app.launch"))
    row.used_at = clock.now()
    row.save()
    return Launched(row.resident_id, row.encounter)


@action(Permission.USE, audits="apps.launch")
def launch(call: Call, *, app: UUID, resident: UUID, encounter: str, account: UUID) -> tuple[Client, str]:
    """Open an app from a chart that the caller has a reason to read: the app, and the value that it comes back with."""
    found = next((each for each in clients.launchable() if each.id == app), None)
    if found is None:
        raise Refused(refuse("not_found", kind="App"))
    whom = residents.current(resident)
    about("App", app, resident=whom, app=found.client_id)
    if not standing.context(call, whom)[0]:
        raise Refused(refuse("app.no_reason"))
    text = secrets.token_urlsafe(32)
    Launch.objects.create(
        digest=rules.digest(text), app_id=app, account=account, resident_id=whom, encounter=encounter[:64],
        until=clock.now() + rules.LAUNCH,
    )  # fmt: skip
    return found, text


@action(Permission.USE, audits="apps.withdraw", beyond="what one let in is one's own, whomever it was about")
def withdraw(call: Call, *, authorization: UUID, account: UUID) -> None:
    """Take back what one let in oneself; its tokens are dead at their next look-up."""
    rows = Authorization.objects.unscoped(OWN).select_for_update(of=("self",)).filter(pk=authorization, account=account)
    row = rows.select_related("app").first()
    if row is None:
        raise Refused(refuse("not_found", kind="Authorization"))
    about("App", row.app_id, resident=row.resident_id, app=row.app.client_id)
    if row.ended_at is None:
        row.ended_at, row.ended, row.version = clock.now(), "withdrawn", row.version + 1
        row.save()
