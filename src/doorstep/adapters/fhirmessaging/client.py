"""Sends a message over HTTPS to another platform's `$process-message`, and gives back what it answers."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from doorstep.adapters.fhirmessaging.reading import is_xml

LARGEST: Final = 1 << 20
"""Bytes of an answer that are read."""
LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})
AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same may be sent again (RFC 9110); others say that it will never be taken."""


class NotReached(Exception):
    """Nothing was taken: the other side is not there, or TLS failed."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class NotAnswered(NotReached):
    """It was sent, and no answer came."""


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Address:
    """Where to: host, port and path; TLS, whose certificates are believed (without a file the system's), the client's
    own certificate and key, and the file that holds the token."""

    host: str
    port: int
    path: str
    secured: bool = True
    authority: str = ""
    certificate: str = ""
    key: str = ""
    credential: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """The address of the operation."""
        scheme = "https" if self.secured else "http"
        return f"{scheme}://{self.host}:{self.port}/{self.path.strip('/')}/$process-message".replace("//$", "/$")


def ask(address: Address, body: bytes, patience: float) -> tuple[int, bytes]:
    """Send a message; the status of the answer and what it says. ``NotReached``, ``NotAnswered`` where there is none.

    Without TLS nothing leaves this machine. No redirect is followed and no proxy used: a message about a person goes
    where the operator said.
    """
    if not address.secured and address.host not in LOCAL:
        raise NotReached("not-secured", address.host)
    try:
        opener = build_opener(_NoRedirects, ProxyHandler({}), HTTPSHandler(context=_context(address)))
        request = Request(address.url, body, _headers(address, body), method="POST")  # noqa: S310  http(s) by `url`
    except OSError as error:  # a file that is named is not there, or is none
        raise NotReached("bad-file", type(error).__name__) from error
    try:
        with opener.open(request, timeout=patience) as answer:
            return int(answer.status), answer.read(LARGEST)
    except HTTPError as error:
        with error:
            return error.code, error.read(LARGEST)
    except URLError as error:
        raise NotReached("not-reached", str(error.reason)[:200]) from error
    except (TimeoutError, OSError) as error:
        raise NotAnswered("not-answered", type(error).__name__) from error


def _headers(address: Address, body: bytes) -> dict[str, str]:
    headers = {
        "Content-Type": f"application/fhir+{'xml' if is_xml(body) else 'json'}", "Accept": "application/fhir+json",
    }  # fmt: skip
    if address.credential:
        headers["Authorization"] = f"Bearer {Path(address.credential).read_text().strip()}"
    return headers


def _context(address: Address) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=address.authority or None)
    if address.certificate:
        context.load_cert_chain(address.certificate, address.key or None)
    return context
