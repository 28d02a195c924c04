"""A gateway over HTTP: a signed JSON request a message.

Every carrier and cloud has an interface of its own; what they share is an account, registered templates with named
values, and a signature by a shared secret. This one is the plain form of it, for a bureau's own message platform or a
small bridge before a carrier: ``POST`` of {"id", "account", "phone", "template", "values", "sign"}, with
``X-Timestamp`` and ``X-Signature``, the hexadecimal HMAC-SHA256 (RFC 2104) of the timestamp, a line feed and the body.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from doorstep.adapters.messages import Message, NotSent

SECONDS = 10
LARGEST = 100_000
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier as the operator has set it: its address (https, or this very machine), our account, the registered
    template of each kind of message, and the sign (【…】) that stands before the text."""

    url: str
    account: str = ""
    templates: Mapping[str, str] = field(default_factory=dict)
    sign: str = ""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for an address without TLS."""
        parts = urlsplit(self.url)
        if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL)):
            raise ValueError("the gateway's address must be https")


@dataclass(frozen=True, slots=True)
class HttpGateway:
    """Sends to one carrier; follows no redirect, waits ten seconds at most."""

    carrier: Carrier
    secret: str = field(repr=False)
    _opener: OpenerDirector = field(default_factory=lambda: build_opener(_NoRedirects, ProxyHandler({})), repr=False)

    def send(self, message: Message) -> None:
        """Taken is what the carrier answers with 2xx; a JSON answer may still say {"code": other than 0 or "OK"}."""
        said = {
            "id": message.key, "account": self.carrier.account, "phone": message.phone,
            "template": self.carrier.templates.get(message.template, message.template),
            "values": dict(message.values), "sign": self.carrier.sign,
        }  # fmt: skip
        body = json.dumps(said, ensure_ascii=False).encode()
        at = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Timestamp": at,
            "X-Signature": signature(self.secret, at, body),
        }
        request = Request(self.carrier.url, body, headers)  # noqa: S310  # https, see Carrier
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                text = answer.read(LARGEST)
        except HTTPError as error:
            error.close()
            raise NotSent(f"HTTP {error.code}") from None
        except (URLError, OSError) as error:
            raise NotSent(type(error).__name__) from None
        if not _taken(text):
            raise NotSent("refused by the carrier")


def signature(secret: str, at: str, body: bytes) -> str:
    """The signature of a request."""
    return hmac.new(secret.encode(), at.encode() + b"\n" + body, hashlib.sha256).hexdigest()


def _taken(text: bytes) -> bool:
    try:
        found = json.loads(text)
    except ValueError:
        return True
    code = found.get("code", 0) if isinstance(found, dict) else 0
    return str(code).upper() in {"0", "200", "OK", "SUCCESS"}
