"""Whose token it is, and what it opens now: asked at the door, before there is a scope."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from doorstep.kernel import clock, fence
from doorstep.kernel.call import EVERYWHERE, NOWHERE, Call, Grant, Scope
from doorstep.registers.apps.models import Authorization, Token
from doorstep.registers.apps.rules import Kind, digest
from doorstep.registers.apps.rules.scopes import RESIDENT, STAFF, SYSTEM, given, read
from doorstep.registers.apps.shapes import Standing
from doorstep.registers.consents import api as consents
from doorstep.registers.portal import api as portal
from doorstep.registers.residents import api as residents
from doorstep.registers.staff import api as staff

KEPT: Final = frozenset(
    {"charts.read", "exchange.send", "exchange.export", "booking.read", "booking.book", "imaging.view"}
)
"""What a call by an app may still do of what its person may: the door asks for nothing else."""


def access_call(text: str) -> Call | None:
    """The call of whoever let the app in, narrowed to what it was let in for; None for a token that is not good now:
    also where the app is off, or the person's post, account or session has ended."""
    token = _good(text, refreshes=False)
    if token is None:
        return None
    row = token.authorization
    known = owner(row)
    if known is None:
        return None
    # the door asks for the permission of those who work here; a resident's scope is empty, and only the person is open
    kept = known.permissions & KEPT if row.holder_id is None else frozenset({"charts.read"})
    call = replace(known, permissions=kept, name=f"{known.name}（{row.app.name}）"[:100])
    # what the administrator has taken from the app since is taken from its tokens too
    wish = given(read(token.scopes), read(row.app.scopes), levels(row))
    grant = Grant(row.app.client_id, wish.clinical)
    if row.resident_id is not None:
        patients, whole = context(known, row.resident_id)
        grant = replace(grant, patients=patients, whole=whole)
    own = Scope(frozenset({known.organisation})) if known.organisation else NOWHERE
    return replace(call, scope=own, grant=grant)


def levels(row: Authorization) -> frozenset[str]:
    """Scopes of which levels whoever let the app in can give."""
    if row.holder_id is not None:
        return RESIDENT
    return SYSTEM if row.of_system else STAFF


def owner(row: Authorization) -> Call | None:
    """In whose name an app acts, as they stand today: the institution of a system, or the person who let it in, as one
    who works here or as a resident."""
    if row.app.kind == Kind.SYSTEM.value:
        return staff.system_call(row.app.organisation_id, "")
    if row.holder_id is not None and row.resident_id is not None:
        return portal.standing(row.holder_id, row.resident_id, row.session)
    if row.account is None or row.post_id is None:
        return None
    return staff.acting(row.account, row.post_id, row.session, row.created_at)


def context(call: Call, resident: UUID) -> tuple[tuple[str, ...], bool]:
    """The FHIR patients of the person in context that may be read now, the institution's own first, and whether whoever
    sent them: what a chart's page opens, no more (``consents.basis``). None where there is no reason any more."""
    resident = residents.current(resident)
    if call.resident is None and not residents.visible(call.scope, resident):
        return (), False
    records = [each for each in residents.records(EVERYWHERE, resident) if each.patient_id]
    own = [each.patient_id for each in records if each.organisation == call.organisation]
    basis = consents.basis(call, resident, own)
    if basis is None:
        return (), False
    others = [each.patient_id for each in records if each.patient_id not in own]
    return (*own, *others) if basis.whole else tuple(own), basis.whole


def standing(text: str) -> Standing | None:
    """What a token is good for now (RFC 7662), access or refresh."""
    with fence.lifted("a token says whose it is; nobody is signed in here"):
        return _standing(text)


def _standing(text: str) -> Standing | None:
    token = _good(text, refreshes=False) or _good(text, refreshes=True)
    if token is None or (known := owner(token.authorization)) is None:
        return None
    row = token.authorization
    patients = context(known, row.resident_id)[0] if row.resident_id else ()
    return Standing(
        row.app.client_id, token.scopes, token.until, row.created_at, row.account or row.holder_id,
        patients[0] if patients else "", row.encounter,
    )  # fmt: skip


def _good(text: str, *, refreshes: bool) -> Token | None:
    rows = Token.objects.select_related("authorization__app").filter(
        digest=digest(text), refreshes=refreshes, until__gt=clock.now(), used_at__isnull=True,
        authorization__ended_at__isnull=True, authorization__app__is_on=True,
    )  # fmt: skip
    return rows.first()
