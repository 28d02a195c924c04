"""OpenID Connect Core 1.0 as a client: discovery, authorization code with PKCE (RFC 7636), and the checks of §3.1.3.7.

The protocol alone: whose account a person is, the room decides that asks.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures by a key pair only: neither ``none`` nor a shared secret is ever taken."""
LARGEST = 1_000_000
SECONDS = 10
LEEWAY = 60
KEYS_EACH = 30
"""A token that names an unknown key has the keys fetched again, but not more often than this many seconds."""


class Unproven(Exception):
    """The provider did not prove who somebody is; the text is for the log and the trail, and holds no token."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as the operator has set it; without a secret the client is a public one."""

    issuer: str
    client: str
    secret: str = ""
    title: str = ""
    scope: str = "openid"
    number_claim: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is kept of a request until its answer: it binds the answer to this browser and this moment."""

    state: str
    nonce: str
    verifier: str
    at: float

    def as_dict(self) -> dict[str, Any]:
        """As JSON for a session."""
        return {"state": self.state, "nonce": self.nonce, "verifier": self.verifier, "at": self.at}


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


@dataclass(slots=True)
class Client:
    """Speaks with one provider; what it publishes of itself is kept for the life of the program."""

    provider: Provider
    _known: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _keys_at: float = 0.0
    _opener: OpenerDirector = field(default_factory=lambda: build_opener(_NoRedirects))

    def ask(self, redirect: str, *, again: bool = False) -> tuple[str, Asked]:
        """The address to which the browser goes, and what to keep; ``again`` has the person prove it afresh."""
        asked = Asked(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32), time.time())
        challenge = urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code", "client_id": self.provider.client, "redirect_uri": redirect,
            "scope": self.provider.scope, "state": asked.state, "nonce": asked.nonce,
            "code_challenge": challenge, "code_challenge_method": "S256",
        } | ({"prompt": "login", "max_age": "0"} if again else {})  # fmt: skip
        address = self._told("authorization_endpoint")
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", asked

    def answer(self, asked: Asked, given: Mapping[str, str], redirect: str) -> Mapping[str, Any]:
        """Who came back: the claims of a checked ID token, with those of userinfo where more is asked. Raises
        ``Unproven``."""
        if not secrets.compare_digest(given.get("state", ""), asked.state):
            raise Unproven("state")
        if given.get("iss", self.provider.issuer) != self.provider.issuer:
            raise Unproven("iss of the answer")  # RFC 9207: an answer of another provider
        if "code" not in given:
            raise Unproven(f"refused: {given.get('error', '')[:60]}")
        tokens = self._token(asked, given["code"], redirect)
        claims = self.check(str(tokens.get("id_token", "")), asked.nonce)
        wanted = self.provider.number_claim
        if wanted and wanted not in claims and "userinfo_endpoint" in self._discovered():
            told = self._get(self._told("userinfo_endpoint"), bearer=str(tokens.get("access_token", "")))
            if told.get("sub") != claims["sub"]:
                raise Unproven("sub of userinfo")
            return {**told, **claims}
        return claims

    def _token(self, asked: Asked, code: str, redirect: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect,
            "code_verifier": asked.verifier,
        }  # fmt: skip
        headers = {}
        if self.provider.secret:
            pair = f"{quote(self.provider.client, safe='')}:{quote(self.provider.secret, safe='')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = self.provider.client
        return self._fetch(Request(self._told("token_endpoint"), urlencode(form).encode(), headers))  # noqa: S310  # https, see _told

    def check(self, token: str, nonce: str) -> Mapping[str, Any]:
        """The claims of an ID token that is the provider's, for us, of now, and of this nonce. Raises ``Unproven``."""
        claims = self._verified(token)
        if claims.get("iss") != self.provider.issuer:
            raise Unproven("iss")
        audience = claims.get("aud")
        many = audience if isinstance(audience, list) else [audience]
        if self.provider.client not in many or (len(many) > 1 and claims.get("azp") != self.provider.client):
            raise Unproven("aud")
        now = time.time()
        if _number(claims, "exp") <= now - LEEWAY or _number(claims, "iat") > now + LEEWAY:
            raise Unproven("exp")
        if not secrets.compare_digest(str(claims.get("nonce", "")), nonce):
            raise Unproven("nonce")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise Unproven("sub")
        return claims

    def _verified(self, token: str) -> Mapping[str, Any]:
        """The claims under a signature of the provider's keys; an unknown key has them fetched anew, once."""
        for fresh in (False, True):
            keys = self._key_set(fresh=fresh)
            if keys is None:
                break
            try:
                return jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
            except (JoseError, ValueError, KeyError, TypeError) as error:
                why = type(error).__name__
        raise Unproven(f"signature: {why}")

    def _key_set(self, *, fresh: bool) -> KeySet | None:
        """The provider's keys; None where they would have to be fetched again, but were just now."""
        if self._keys is None or fresh:
            if fresh and time.monotonic() - self._keys_at < KEYS_EACH:
                return None
            found = self._get(self._told("jwks_uri"))
            try:
                usable = [key for key in found["keys"] if key.get("use", "sig") == "sig"]
                self._keys, self._keys_at = KeySet.import_key_set({"keys": usable}), time.monotonic()
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise Unproven("keys") from error
        return self._keys

    def _discovered(self) -> dict[str, Any]:
        if not self._known:
            found = self._get(f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.provider.issuer:
                raise Unproven("issuer of the discovery")
            self._known = found
        return self._known

    def _told(self, name: str) -> str:
        """An address of the discovery; only https, or this very machine."""
        address = str(self._discovered().get(name, ""))
        _demand_safe(address)
        return address

    def _get(self, address: str, *, bearer: str = "") -> dict[str, Any]:
        _demand_safe(address)
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self._fetch(Request(address, headers=headers))  # noqa: S310  # https, see above

    def _fetch(self, request: Request) -> dict[str, Any]:
        request.add_header("Accept", "application/json")
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                found = json.loads(answer.read(LARGEST))
        except (URLError, OSError, ValueError) as error:
            raise Unproven(f"{urlsplit(request.full_url).path}: {type(error).__name__}") from error
        if not isinstance(found, dict):
            raise Unproven("no object")
        return found


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unproven(name)
    return float(value)


def _demand_safe(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}):
        raise Unproven("address without TLS")
