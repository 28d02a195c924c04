"""Sign-in through the city's identity provider (OpenID Connect): it says who somebody is, never what they may do.

An account must be there, and be linked: by an administrator, or by the staff number where the provider vouches for it.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from doorstep.adapters.openid import Asked, Client, Provider, Unproven
from doorstep.kernel import clock, trail
from doorstep.kernel.call import NOWHERE, Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.registers.staff.actions import sessions, signing
from doorstep.registers.staff.models import Account, OutsideIdentity
from doorstep.registers.staff.reads.signing import has_second, outside_account
from doorstep.registers.staff.shapes import SignedIn

ASKED = "outside"
"""Under what a browser's session keeps what it has asked the provider."""


def provider() -> Provider | None:
    """The provider that the operator has set in ``identity.json`` of the data folder; None where there is none."""
    path = Path(settings.DOORSTEP_IDENTITY)
    return _client(str(path), path.stat().st_mtime_ns).provider if path.exists() else None


@lru_cache(maxsize=2)
def _client(path: str, changed: int) -> Client:
    return Client(Provider(**json.loads(Path(path).read_text())))


def _speaking() -> Client:
    path = Path(settings.DOORSTEP_IDENTITY)
    if not path.exists():
        raise Refused(refuse("identity.none"))
    return _client(str(path), path.stat().st_mtime_ns)


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("staff:sign_in_city_back"))


def begin(request: HttpRequest, *, going: str, again: bool) -> str:
    """The provider's address, to which the browser goes; raises ``Refused`` or ``Unproven``."""
    address, asked = _speaking().ask(_back(request), again=again)
    request.session[ASKED] = {"asked": asked.as_dict(), "going": going, "again": again}
    return address


def finish(request: HttpRequest, call: Call | None, address: str) -> tuple[SignedIn, str]:
    """Let in who came back, or confirm them; with where they wanted to go. What was wrong stands in the trail."""
    kept: dict[str, Any] = request.session.pop(ASKED, None) or {}
    going = str(kept.get("going", "/"))
    try:
        if not kept:
            raise Unproven("nothing was asked")
        client, asked = _speaking(), Asked(**kept["asked"])
        claims = client.answer(asked, request.GET.dict(), _back(request))
        account = _account(client.provider, claims)
        if kept["again"] and call is not None:
            return _confirm(request, call, account, asked, claims), going
    except Unproven as error:
        caller = Call(f"stranger:{address}"[:100], "", clock.now(), NOWHERE)
        trail.write(caller, "staff.sign_in", outcome="refused", detail={"how": "city", "reason": str(error)[:200]})
        return SignedIn(None), going
    return signing.enter(request, account, how="city"), going


def _account(found: Provider, claims: Any) -> Account:
    """Whose account a proven subject is; a first link by a staff number is written down."""
    subject = str(claims["sub"])
    rows = Account.objects.select_related("person").filter(is_active=True)
    linked = outside_account(found.issuer, subject)
    if linked:
        account = rows.filter(pk=linked).first()
    else:
        number = claims.get(found.number_claim) if found.number_claim else None
        account = rows.filter(person__number=number).first() if isinstance(number, str) and number else None
        taken = account and OutsideIdentity.objects.filter(account=account, issuer=found.issuer).exists()
        if account and not taken:
            _link(account, found.issuer, subject)
        elif taken:
            raise Unproven("the account is linked with another subject")
    if account is None:
        raise Unproven("no account")
    return account


def _link(account: Account, issuer: str, subject: str) -> None:
    OutsideIdentity.objects.create(account=account, issuer=issuer, subject=subject)
    caller = Call("system:identity", issuer[:100], clock.now(), NOWHERE)
    trail.write(caller, "staff.link_identity", subject=("Person", str(account.person_id)), detail={"issuer": issuer})


def _confirm(request: HttpRequest, call: Call, account: Account, asked: Asked, claims: Any) -> SignedIn:
    """Who has no password here may prove themselves there once more; an own second factor is never passed by."""
    proved = claims.get("auth_time")
    fresh = isinstance(proved, int | float) and proved >= asked.at - 60
    if account.pk != UUID(str(request.user.pk)) or not fresh or has_second(account.pk):
        raise Unproven("confirmation")
    sessions.confirmed(request, 1)
    trail.write(call, "staff.confirm", detail={"how": "city", "factors": 1})
    return SignedIn(account.pk)
