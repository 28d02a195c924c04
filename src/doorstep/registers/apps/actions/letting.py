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
from doorstep.registers.apps.reads import clients, launches, standing
from doorstep.registers.apps.rules import scopes
from doorstep.registers.apps.rules.scopes import Wish
from doorstep.registers.apps.shapes import Asked, Client, Holder, Launched
from doorstep.registers.residents import api as residents

OWN: Final = "what a person let in themselves"


def offered(call: Call, app: Client, asked: str) -> Wish:
    """What of a request the caller can give this app: allowed, and such that the door can keep to it; a resident gives
    only what is about the person for whom they act."""
    levels = scopes.STAFF if call.resident is None else scopes.RESIDENT
    wish = scopes.given(scopes.read(asked), app.allowed, levels)
    return Wish(tuple(each for each in wish.clinical if not each.query or _kept(each.type, each.query)), wish.words)


def _kept(kind: str, query: str) -> bool:
    try:
        return bool(narrowing(kind, query))
    except FhirProblem:
        return False


@action(Permission.USE, audits="apps.let_in")
def let_in(call: Call, *, app: Client, asked: Asked, resident: UUID | None, by: Holder) -> str:
    """Let an app in for what was asked; returns the code that it is sent, good once and for a minute.

    Refused without a post, for nothing at all, without the patient that it needs, or with one whom the caller has no
    reason to read (``consents.basis``); a resident can name nobody but the one for whom they act.
    """
    wish = offered(call, app, asked.scope)
    about("App", app.id, app=app.client_id, scopes=str(wish)[:500])
    if call.resident is None and (call.post is None or call.organisation is None):
        raise Refused(refuse("app.no_post"))
    if not wish.clinical and not wish.words:
        raise Refused(refuse("app.nothing"))
    launched = _used(app, asked.launch, by) if asked.launch else None
    whom = call.resident or (launched.resident if launched else resident)
    if whom is not None:
        whom = _of(call, app, whom)
    elif wish.of_patient:
        raise Refused(refuse("app.no_patient"))
    code = secrets.token_urlsafe(32)
    Authorization.objects.create(
        app_id=app.id, account=by.account, post_id=call.post, holder_id=by.resident,
        session=None if wish.offline else by.session, resident_id=whom,
        encounter=launched.encounter if launched else "", scopes=str(wish), code=rules.digest(code),
        code_until=clock.now() + rules.CODE, challenge=asked.challenge, redirect_uri=asked.redirect_uri,
        nonce=asked.nonce,
    )  # fmt: skip
    return code


def _of(call: Call, app: Client, resident: UUID) -> UUID:
    """The resident as they are known now, if the caller has a reason to read them."""
    whom = residents.current(resident)
    about("App", app.id, resident=whom)
    if not standing.context(call, whom)[0]:
        raise Refused(refuse("app.no_reason"))
    return whom


def _used(app: Client, text: str, by: Holder) -> Launched:
    """Take a launch, once: it was this person's, for this app; a resident opens none."""
    rows = Launch.objects.unscoped(OWN).filter(
        digest=rules.digest(text), app=app.id, account=by.account, used_at__isnull=True, until__gt=clock.now()
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
def withdraw(call: Call, *, authorization: UUID, by: Holder) -> None:
    """Take back what one let in oneself, or what opens the record of the ward for whom one acts; its tokens are dead at
    their next look-up."""
    asked = Authorization.objects.unscoped(OWN).select_for_update(of=("self",))
    rows = asked.filter(launches.of(call, by), pk=authorization)
    row = rows.select_related("app").first()
    if row is None:
        raise Refused(refuse("not_found", kind="Authorization"))
    about("App", row.app_id, resident=row.resident_id, app=row.app.client_id)
    if row.ended_at is None:
        row.ended_at, row.ended, row.version = clock.now(), "withdrawn", row.version + 1
        row.save()
