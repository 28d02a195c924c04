"""Key sets at addresses that clients were registered with: https, of the open internet, not followed elsewhere.

An address is named by an administrator, but what its name leads to is the client's: it is resolved once, every place
must be public, and the very place that was looked at is the one that is asked (so that no second answer of a name
server leads inside).
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
import time
from base64 import urlsafe_b64decode
from typing import Any, Final
from urllib.parse import urlsplit

LARGEST: Final = 200_000
SECONDS: Final = 5
KEPT: Final = 300.0
FRESH_EACH: Final = 30.0
"""An unknown key has the set fetched anew, but not more often than this."""
_known: dict[str, tuple[float, dict[str, Any]]] = {}
MOST: Final = 500


class Unreachable(Exception):
    """The keys cannot be had; the text says why in a word."""


def fetch(address: str, *, fresh: bool = False) -> dict[str, Any] | None:
    """The key set, as it was known of late or now; None where ``fresh`` ones would be asked for too often. Raises
    ``Unreachable``."""
    at, found = _known.get(address, (0.0, {}))
    age = time.monotonic() - at if found else KEPT
    if fresh and found and age < FRESH_EACH:
        return None
    if fresh or age >= KEPT:
        found = _asked(address)
        if len(_known) >= MOST:
            _known.clear()
        _known[address] = (time.monotonic(), found)
    return found


def _asked(address: str) -> dict[str, Any]:
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname:
        raise Unreachable("https")
    port = parts.port or 443
    line = _Line(parts.hostname, port, _place(parts.hostname, port))
    try:
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        line.request("GET", path, headers={"Accept": "application/json"})
        answer = line.getresponse()
        if answer.status != 200:
            raise Unreachable(f"status {answer.status}")
        found = json.loads(_body(answer))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(type(error).__name__) from error
    finally:
        line.close()
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise Unreachable("no key set")
    return found


def _body(answer: http.client.HTTPResponse) -> bytes:
    """The body, if it is small and comes within the time: each piece of it could keep us waiting."""
    until, data = time.monotonic() + SECONDS, b""
    while piece := answer.read1(65_536):
        data += piece
        if len(data) > LARGEST:
            raise Unreachable("too large")
        if time.monotonic() > until:
            raise Unreachable("too slow")
    return data


def _place(host: str, port: int) -> tuple[Any, ...]:
    """Where a name leads: all its places must be public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreachable("name") from error
    for *_, place in found:
        if not is_public(str(place[0])):
            raise Unreachable("private address")
    if not found:
        raise Unreachable("name")
    return found[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also where it wears another as a coat (RFC 4291, 6052)."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if found in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


class _Line(http.client.HTTPSConnection):
    """A connection to the very place that was looked at; its certificate is that of the name."""

    def __init__(self, host: str, port: int, place: tuple[Any, ...]) -> None:
        self._secured = ssl.create_default_context()
        super().__init__(host, port, timeout=SECONDS, context=self._secured)
        self._where = place

    def connect(self) -> None:
        family, kind, protocol, _, address = self._where
        raw = socket.socket(family, kind, protocol)
        raw.settimeout(SECONDS)
        try:
            raw.connect(address)
            self.sock = self._secured.wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise


def unpadded(text: str) -> bytes:
    """What base64url without its padding says (RFC 7515, appendix C); ``ValueError`` where it is none."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
