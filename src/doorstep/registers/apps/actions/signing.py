"""The keys by which this house signs ID tokens: made when first needed, renewed, published."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from doorstep.kernel import clock, sealing
from doorstep.kernel.ids import new_id
from doorstep.registers.apps.models import SigningKey

ALGORITHM: Final = "RS256"
"""The one that every client of OpenID Connect knows (Core §15.1)."""
RENEWED: Final = timedelta(days=90)


def signed(claims: dict[str, Any]) -> str:
    """An ID token under the newest key."""
    key = _newest()
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": "JWT"}, claims, key)


def published() -> dict[str, Any]:
    """The public halves of all keys under which a token may still come."""
    _newest()
    return dict(KeySet([_opened(row) for row in SigningKey.objects.order_by("-since")]).as_dict(private=False))


def _newest() -> RSAKey:
    row = SigningKey.objects.order_by("-since").first()
    if row is None or row.since < clock.now() - RENEWED:
        row = _made()
    return _opened(row)


def _made() -> SigningKey:
    kid = new_id().hex
    key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": ALGORITHM})
    sealed = sealing.seal(json.dumps(key.as_dict(private=True)), use=f"signing key {kid}")
    with transaction.atomic():
        return SigningKey.objects.create(kid=kid, sealed=sealed, since=clock.now())


def _opened(row: SigningKey) -> RSAKey:
    return RSAKey.import_key(json.loads(sealing.unseal(row.sealed, use=f"signing key {row.kid}")))
