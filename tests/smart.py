"""Apps as tests use them: registered, let in by a person at the real pages, their tokens asked for and used."""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from django.test import Client
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from doorstep.kernel.testing.at_once import at_once

T = TypeVar("T")
Json = dict[str, Any]
BACK = "https://app.example/back"
TOKEN = "http://testserver/oauth/token"
ASSERTED = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
STAFF = "openid fhirUser launch launch/patient offline_access patient/*.cruds user/*.cruds"


@dataclass
class App:
    """A registered app: its id, and what it proves itself by."""

    client_id: str
    id: UUID
    secret: str = ""
    key: Any = None
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def challenge(self) -> str:
        """S256 of the verifier."""
        return urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


def register(organisation: UUID, kind: str = "public", scopes: str = STAFF, **more: Any) -> App:
    """Register an app; one that proves itself by keys gets an ES384 pair."""
    from doorstep.kernel.testing import callers
    from doorstep.registers.apps import api
    from doorstep.registers.apps.models import App as Row

    proves = kind in ("key", "system")
    key = ECKey.generate_key("P-384", {"kid": "k1", "use": "sig", "alg": "ES384"}) if proves else None
    said: Json = {"redirect_uris": () if kind == "system" else (BACK,)} | more
    if key is not None and "jwks_uri" not in said:
        said.setdefault("jwks", KeySet([key]).as_dict(private=False))
    facts = api.Facts(f"应用{secrets.token_hex(3)}", "某公司", organisation, api.Kind(kind), scopes=scopes, **said)
    ident, secret = api.register(callers.system(), facts=facts)
    return App(Row.objects.unscoped("test").get(pk=ident).client_id, ident, secret, key)


def asking(app: App, scope: str, **more: str) -> str:
    """The address of the authorization endpoint with a sound request."""
    said = {
        "response_type": "code", "client_id": app.client_id, "redirect_uri": BACK, "scope": scope, "state": "s-1",
        "aud": "http://testserver/fhir", "code_challenge": app.challenge(), "code_challenge_method": "S256",
    } | more  # fmt: skip
    return f"/oauth/authorize?{urlencode({k: v for k, v in said.items() if v})}"


def answered(answer: Any) -> dict[str, str]:
    """What the way back to the app says."""
    assert answer.status_code == 302, (answer.status_code, answer.content.decode()[:3000])
    assert answer["Location"].startswith(BACK), answer["Location"]
    return {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}


def agreed(browser: Client, app: App, scope: str, resident: UUID | None = None, **more: str) -> str:
    """The person sees the page and agrees; the code."""
    address = asking(app, scope, **more)
    shown = browser.get(address + (f"&resident={resident}" if resident else ""))
    assert shown.status_code == 200, shown.content.decode()[:3000]
    said = {"answer": "allow"} | ({"resident": str(resident)} if resident else {})
    found = answered(browser.post(address, said))
    assert found["state"] == "s-1"
    assert found["iss"] == "http://testserver"
    return found["code"]


def post(path: str, app: App | None = None, **form: str) -> Any:
    """Ask an endpoint as the app, with its own proof."""
    said = dict(form)
    headers: dict[str, str] = {}
    if app is not None and app.key is not None:
        said |= {"client_assertion_type": ASSERTED, "client_assertion": assertion(app)}
    elif app is not None and app.secret:
        from base64 import b64encode

        headers["Authorization"] = "Basic " + b64encode(f"{app.client_id}:{app.secret}".encode()).decode()
    elif app is not None:
        said["client_id"] = app.client_id
    return Client().post(path, said, headers=headers)


def exchanged(app: App, sent: str, **more: str) -> Any:
    """The answer of the token endpoint to a code."""
    form = {"grant_type": "authorization_code", "code": sent, "redirect_uri": BACK, "code_verifier": app.verifier}
    return post("/oauth/token", app, **(form | more))


def let_in(browser: Client, app: App, scope: str, resident: UUID | None = None, **more: str) -> Json:
    """The whole way; what the token endpoint answers with."""
    answer = exchanged(app, agreed(browser, app, scope, resident, **more))
    assert answer.status_code == 200, answer.content
    found: Json = answer.json()
    return found


def assertion(app: App, *, alg: str = "ES384", key: Any = None, **claims: Any) -> str:
    """A client assertion, sound but for what is said otherwise."""
    now = int(time.time())
    said = {
        "iss": app.client_id, "sub": app.client_id, "aud": TOKEN, "exp": now + 200, "iat": now,
        "jti": secrets.token_hex(8),
    } | claims  # fmt: skip
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": "k1", "typ": "JWT"}, said, key or app.key, algorithms=[alg])


def system_token(app: App, scope: str) -> Json:
    """A token of a backend service."""
    answer = post("/oauth/token", app, grant_type="client_credentials", scope=scope)
    assert answer.status_code == 200, answer.content
    found: Json = answer.json()
    return found


def committed(work: Callable[[], T]) -> T:
    """Do it on a connection of its own, so that what it wrote stands and the door's connections see it."""
    (found,) = at_once(work)
    if isinstance(found, BaseException):
        raise found
    return found


def rsa(kid: str = "k1") -> RSAKey:
    """An RSA pair."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})
