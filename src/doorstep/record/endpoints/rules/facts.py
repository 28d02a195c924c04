"""What an endpoint may be: its port or its sender's names, networks, limits."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from doorstep.kernel.decision import Decision, allow, refuse

MLLP: Final = "hl7v2-mllp"
MESSAGES: Final = "fhir-message"
MESSAGE_CODES: Final = ("FO", "FF")
"""What senders of FHIR messages were told, in two letters: ok, fatal-error."""
STANDARD: Final = "standard"
OWN: Final = "own"
"""Which mapping tables an endpoint uses: those that come with Doorstep, or its institution's own."""
PORTS: Final = (1024, 65535)  # those that need no rights of an administrator
CHARSETS: Final = ("", "UNICODE UTF-8", "GB 18030-2000", "GBK", "8859/1")  # as in MSH-18; "": what that says
MOST_BYTES: Final = 64 << 20  # of one message, whatever the endpoint would allow
SLOTS: Final = 8  # turns of one endpoint that may be taken side by side
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Ordering(StrEnum):
    """What is taken one after the other: all of an endpoint, what is of one patient, or nothing."""

    PATIENT = "patient"
    ENDPOINT = "endpoint"
    NONE = "none"


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks of these texts; ``ValueError`` where one is none."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def may_come_from(address: str, allowed: Sequence[Network]) -> bool:
    """Whether an address lies within the networks; with none given all may come."""
    if not allowed:
        return True
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or found
    return any(mapped in network for network in allowed)


def port(number: int) -> Decision:
    """Whether a port may be listened on."""
    low, high = PORTS
    return allow() if low <= number <= high else refuse("endpoint.port", port=number, low=low, high=high)


def their_port(number: int) -> Decision:
    """Whether a port may be sent to."""
    return allow() if 1 <= number <= PORTS[1] else refuse("endpoint.port", port=number, low=1, high=PORTS[1])


def addresses(texts: Iterable[str]) -> Decision:
    """Whether all of the texts are addresses or networks."""
    for text in texts:
        try:
            networks([text])
        except ValueError:
            return refuse("endpoint.address", address=text[:60])
    return allow()


def secured(certificate: str, key: str, clients: str) -> Decision:
    """Whether the files of TLS go together: a certificate has its key, and clients' certificates need both."""
    if bool(certificate) != bool(key) or (clients and not certificate):
        return refuse("endpoint.tls")
    return allow()
