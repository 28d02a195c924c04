"""Passkeys (WebAuthn): made, used, and taken away. The ceremony itself is Yubico's library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.http.request import split_domain_port
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from doorstep.kernel import clock, trail
from doorstep.kernel.act import confirmed
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.registers.staff.actions import factors, sessions
from doorstep.registers.staff.models import Account, Passkey

ASKED = "passkey"
"""Under what a session keeps the challenge of the ceremony that is going on."""
_FAULTS = (ValueError, KeyError, TypeError, AttributeError)
"""What the library raises for an answer that is not right, or not one at all."""


def _server(request: HttpRequest) -> Fido2Server:
    """The relying party is the host that the browser sees; answers of any other origin are refused."""
    host, origin = request.get_host(), f"{request.scheme}://{request.get_host()}"
    entity = PublicKeyCredentialRpEntity(id=split_domain_port(host)[0], name="家门口")
    return Fido2Server(entity, verify_origin=lambda found: found == origin)


def _known(account: Account) -> list[AttestedCredentialData]:
    rows = Passkey.objects.filter(account=account).values_list("credential", flat=True)
    return [AttestedCredentialData(bytes(row)) for row in rows]


def begin_making(request: HttpRequest, call: Call) -> Mapping[str, Any]:
    """What the browser needs to make a passkey for the one who asks. Raises ``Refused``."""
    demand(confirmed(call))
    account = sessions.own(request)
    user = PublicKeyCredentialUserEntity(id=account.pk.bytes, name=account.username, display_name=account.person.name)
    options, state = _server(request).register_begin(
        user, _known(account), ResidentKeyRequirement.PREFERRED, UserVerificationRequirement.PREFERRED
    )
    request.session[ASKED] = state
    return dict(options)


def make(request: HttpRequest, call: Call, *, response: str, name: str) -> tuple[str, ...]:
    """Keep the passkey that the browser has made; returns recovery codes where none are yet. Raises ``Refused``."""
    demand(confirmed(call))
    account, state = sessions.own(request), request.session.pop(ASKED, None)
    try:
        data = _server(request).register_complete(state, json.loads(response))
    except _FAULTS as error:
        trail.write(call, "staff.add_factor", outcome="refused", detail={"kind": "passkey"})
        raise Refused(refuse("passkey.wrong")) from error
    found = data.credential_data
    assert found is not None  # the library has looked
    with transaction.atomic(), clashes(passkey_once="passkey.taken"):
        Passkey.objects.create(
            account=account, name=name, key_id=found.credential_id, credential=bytes(found), uses=data.counter
        )
        return factors.added(request, call, account, "passkey")


def begin_using(request: HttpRequest, account: Account | None = None) -> Mapping[str, Any]:
    """What the browser needs to use a passkey of an account, or, without one, any that has checked its person."""
    asked = UserVerificationRequirement.PREFERRED if account else UserVerificationRequirement.REQUIRED
    options, state = _server(request).authenticate_begin(_known(account) if account else None, asked)
    request.session[ASKED] = state
    return dict(options)


def is_right(request: HttpRequest, account: Account, response: str) -> bool:
    """Whether the browser's answer comes from a passkey of the account."""
    return _used(request, response, Q(account=account)) is not None


def owner(request: HttpRequest, response: str) -> Account | None:
    """The account whose passkey has answered and has checked its person; None for a closed one."""
    row = _used(request, response, Q(account__is_active=True))
    return row.account if row else None


def _used(request: HttpRequest, response: str, whose: Q) -> Passkey | None:
    """The passkey of an answer that is right; a challenge holds for one answer, a copied key is told by its count."""
    state = request.session.pop(ASKED, None)
    try:
        read = json.loads(response)
        answer = AuthenticationResponse.from_dict(read)
        rows = Passkey.objects.select_related("account__person").filter(whose, key_id=answer.raw_id)
        if state is None or (row := rows.first()) is None:
            return None
        _server(request).authenticate_complete(state, [AttestedCredentialData(bytes(row.credential))], read)
        count = answer.response.authenticator_data.counter
    except _FAULTS:
        return None
    # Authenticators that do not count say 0 each time.
    fresh = Q(uses__lt=count) if count else Q(uses=0)
    changed = Passkey.objects.filter(fresh, id=row.id).update(uses=count, used_at=clock.now())
    return row if changed else None


def remove(request: HttpRequest, call: Call, key: UUID) -> None:
    """Take one of one's own passkeys away. Raises ``Refused``."""
    demand(confirmed(call))
    account = sessions.own(request)
    with transaction.atomic():
        gone, _each = Passkey.objects.filter(account=account, id=key).delete()
        if not gone:
            raise Refused(refuse("not_found", kind="Factor"))
        factors.removed(call, account, "passkey")
