"""How a client proves who it is at the token endpoint: by its secret, or by an assertion under its own key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from doorstep.adapters import jwks
from doorstep.kernel import clock, fence
from doorstep.registers.apps import rules
from doorstep.registers.apps.models import Assertion, Token
from doorstep.registers.apps.reads import clients
from doorstep.registers.apps.rules import Kind
from doorstep.registers.apps.shapes import Client

WHY: Final = "a token says whose it is; nobody is signed in here"


class Unproven(Exception):
    """The client did not prove who it is; the text is for the trail, and holds no secret."""


def prove(form: Mapping[str, str], basic: tuple[str, str] | None, audience: Sequence[str]) -> Client:
    """The client that asks. Raises ``Unproven``; a client proves itself in the one way that it was registered with."""
    if "client_assertion" in form:
        return _asserted(form, audience)
    client_id, secret = basic or (form.get("client_id") or _renewing(form), "")
    app = clients.by_client_id(client_id)
    if app is None or (basic and form.get("client_id", client_id) != client_id):
        raise Unproven("client")
    if app.kind is Kind.PUBLIC and basic is None:
        return app
    if app.kind is Kind.SECRET and secret and clients.knows_secret(app, secret):
        return app
    raise Unproven("secret")


def _renewing(form: Mapping[str, str]) -> str:
    """The public app whose refresh token this is, for one that does not name itself (RFC 6749 §6 does not ask it, and
    SMART's own client leaves it out): its token is all that it could prove in any case."""
    if form.get("grant_type") != "refresh_token" or "client_id" in form:
        return ""
    with fence.lifted(WHY):
        held = Token.objects.filter(digest=rules.digest(form.get("refresh_token", "")), refreshes=True)
        mine = held.filter(authorization__app__kind=Kind.PUBLIC.value)
        return mine.values_list("authorization__app__client_id", flat=True).first() or ""


def _asserted(form: Mapping[str, str], audience: Sequence[str]) -> Client:
    if form.get("client_assertion_type") != rules.ASSERTED:
        raise Unproven("client_assertion_type")
    token = form["client_assertion"]
    app = clients.by_client_id(_said_issuer(token))
    if app is None or app.kind not in (Kind.KEY, Kind.SYSTEM) or form.get("client_id", app.client_id) != app.client_id:
        raise Unproven("client")
    claims = _verified(app, token)
    _demand_claims(app, claims, audience)
    return app


def _said_issuer(token: str) -> str:
    """Who an assertion says it is of, before it is proved."""
    try:
        part = token.split(".")[1]
        claims = json.loads(jwks.unpadded(part))
    except (IndexError, ValueError) as error:
        raise Unproven("assertion") from error
    said = claims.get("iss") if isinstance(claims, dict) else None
    return said if isinstance(said, str) else ""


def _verified(app: Client, token: str) -> Mapping[str, Any]:
    """The claims under one of the client's own keys; unknown keys at its address are fetched anew, once."""
    why = "keys"
    for fresh in (False, True) if app.jwks_uri else (False,):
        try:
            told = jwks.fetch(app.jwks_uri, fresh=fresh) if app.jwks_uri else app.jwks
            if told is None:
                break
            keys = KeySet.import_key_set({"keys": [k for k in told["keys"] if k.get("use", "sig") == "sig"]})
            return jwt.decode(token, keys, algorithms=list(rules.ALGORITHMS)).claims
        except jwks.Unreachable as error:
            raise Unproven(f"jwks_uri: {error}") from error
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            why = type(error).__name__
    raise Unproven(f"signature: {why}")


def _demand_claims(app: Client, claims: Mapping[str, Any], audience: Sequence[str]) -> None:
    now = clock.now().timestamp()
    if claims.get("iss") != app.client_id or claims.get("sub") != app.client_id:
        raise Unproven("iss")
    if not rules.audience(claims.get("aud"), audience):
        raise Unproven("aud")
    until, jti = claims.get("exp"), claims.get("jti")
    if isinstance(until, bool) or not isinstance(until, int | float) or until <= now:
        raise Unproven("exp")
    if until > now + (rules.ASSERTION + rules.LEEWAY).total_seconds():
        raise Unproven("exp too far")
    begun = claims.get("nbf", claims.get("iat", 0))
    if isinstance(begun, bool) or not isinstance(begun, int | float) or begun > now + rules.LEEWAY.total_seconds():
        raise Unproven("nbf")
    if not isinstance(jti, str) or not 0 < len(jti) <= 300:
        raise Unproven("jti")
    try:
        with transaction.atomic():  # the constraint decides between two that come at once
            Assertion.objects.create(app_id=app.id, jti=rules.digest(jti), until=clock.now() + 2 * rules.ASSERTION)
    except IntegrityError as error:
        raise Unproven("jti again") from error
