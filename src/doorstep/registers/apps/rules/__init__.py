"""What OAuth 2.0 and SMART App Launch say of clients, codes and tokens: times, addresses, proofs. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from doorstep.kernel.decision import Decision, allow, refuse


class Kind(StrEnum):
    """How a client proves who it is (SMART 2.2, client authentication), and whether it asks for a person or itself."""

    PUBLIC = "public"
    SECRET = "secret"  # noqa: S105  # a kind, and no secret
    KEY = "key"
    SYSTEM = "system"


CODE: Final = timedelta(seconds=60)
"""How long a code is good (RFC 6749 §4.1.2: ten minutes at most; SMART: about one)."""
LAUNCH: Final = timedelta(minutes=5)
ACCESS: Final = timedelta(minutes=15)
SYSTEM_ACCESS: Final = timedelta(minutes=5)
"""SMART Backend Services: no longer than five minutes."""
REFRESH: Final = timedelta(days=30)
ASSERTION: Final = timedelta(minutes=5)
"""How far ahead an assertion may expire (SMART 2.2, asymmetric authentication)."""
LEEWAY: Final = timedelta(seconds=30)
ALGORITHMS: Final = ("RS384", "ES384")
"""What SMART names for client assertions; neither ``none`` nor a shared secret is ever taken."""
MARK: Final = "dsa_"
"""By what an access token is known at the door."""
ASSERTED: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9\-_]{43}")


def digest(secret: str) -> str:
    """What is kept of a code, token or secret; each is random, so one SHA-256 does."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_challenge(text: str) -> bool:
    """Whether this is an S256 challenge (RFC 7636 §4.2)."""
    return _CHALLENGE.fullmatch(text) is not None


def proves(verifier: str, challenge: str) -> bool:
    """Whether the verifier is the challenge's (RFC 7636 §4.6, S256)."""
    if _VERIFIER.fullmatch(verifier) is None:
        return False
    made = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(made, challenge)


def redirect_uri(text: str, kind: Kind) -> Decision:
    """Whether an address may be registered to send people back to: https, this machine, or (public apps) a scheme of
    the app's own (RFC 8252 §7); never with a fragment, a user or blanks (RFC 6749 §3.1.2)."""
    refused = refuse("uri.wrong", uri=text[:100])
    if not text.isascii() or re.search(r"[\s\\\x00-\x1f*]", text) or len(text) > 500:
        return refused
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return refused
    if parts.fragment or "#" in text or "@" in parts.netloc:
        return refused
    if parts.scheme == "https":
        return allow() if parts.hostname else refused
    if parts.scheme == "http":
        return allow() if parts.hostname in LOOPBACK else refused
    own = "." in parts.scheme and kind is Kind.PUBLIC
    return allow() if own else refused


def origin(uri: str) -> str:
    """What a browser must be allowed to be sent on to: the origin, or the scheme of an app's own."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def client(kind: Kind, redirects: Collection[str], *, has_key: bool, has_scopes: bool) -> Decision:
    """Whether a client is whole: addresses for those who send people, keys for those who prove themselves by them."""
    if kind is not Kind.SYSTEM and not redirects:
        return refuse("uri.none")
    if kind is Kind.SYSTEM and redirects:
        return refuse("uri.system")
    for each in redirects:
        if not (may := redirect_uri(each, kind)).allowed:
            return may
    if kind in (Kind.KEY, Kind.SYSTEM) and not has_key:
        return refuse("jwks.none")
    return allow() if has_scopes else refuse("scope.none")


def audience(said: object, wanted: Iterable[str]) -> bool:
    """Whether an assertion was made for us."""
    return isinstance(said, str) and said in set(wanted)
