"""What leaves the room: endpoints and how they do, messages and their journey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from doorstep.record.endpoints.rules.facts import Alarm, Network, Ordering

COUNTED: Final = 10_000
"""Messages of one endpoint beyond which nothing is counted for a page: it says that there are more."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a person says of an endpoint; files are named by their paths, no secret is kept."""

    name: str
    organisation: UUID
    port: int
    application: str = ""
    facility: str = ""
    addresses: tuple[str, ...] = ()
    certificate: str = ""
    key: str = ""
    clients: str = ""
    charset: str = ""
    mapping: str = "standard"
    authorities: Mapping[str, str] = field(default_factory=dict)
    ordering: Ordering = Ordering.PATIENT
    most_bytes: int = 16 << 20
    most_connections: int = 64
    depth: int = 20_000
    keep_days: int = 0
    silence: int = 0
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as it is now."""

    id: UUID
    version: int
    facts: Facts
    is_on: bool
    paused: bool


@dataclass(frozen=True, slots=True)
class Door:
    """What the listener knows of an endpoint that is on; ``waiting`` is how many of its messages wait (not beyond its
    depth)."""

    id: UUID
    source: UUID
    port: int
    application: str
    facility: str
    allowed: tuple[Network, ...]
    certificate: str
    key: str
    clients: str
    charset: str
    ordering: Ordering
    most_bytes: int
    most_connections: int
    depth: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that is to be kept, with the acknowledgement that its sender will get (``code``: empty for none).

    ``reason`` is there where it can only rest.
    """

    endpoint: UUID
    source: UUID
    control: str
    digest: bytes
    peer: str
    raw: bytes
    kind: str
    key: str
    slot: int
    code: str
    received_at: datetime
    reason: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    place: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a message is kept: its number, when it first came, and what its sender was told then."""

    id: int
    received_at: datetime
    code: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an endpoint does: what waits (and since when), what rests, what came of late and the last time."""

    waiting: int = 0
    oldest: datetime | None = None
    rests: int = 0
    last: datetime | None = None
    hour: int = 0
    day: int = 0
    rested_day: int = 0
    lag_ms: int = 0
    alarms: tuple[Alarm, ...] = ()

    @property
    def waiting_told(self) -> str:
        """What waits, in figures; with a plus where it may be more."""
        return _told(self.waiting)

    @property
    def rests_told(self) -> str:
        """What rests, in the same way."""
        return _told(self.rests)


def _told(count: int) -> str:
    return f"{count}+" if count >= COUNTED else f"{count}"


@dataclass(frozen=True, slots=True)
class Line:
    """A message in a list: nothing of what it says."""

    id: int
    endpoint: UUID
    endpoint_name: str
    source_name: str
    control: str
    kind: str
    state: str
    received_at: datetime
    size: int
    reason: str
    place: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Journey:
    """One message from the socket to the chart; ``text`` is what came, in the charset that its endpoint reads."""

    line: Line
    peer: str
    digest: str
    code: str
    key: str
    settled_at: datetime | None
    message: int | None
    wrote: tuple[str, ...]
    whose: tuple[tuple[UUID, str], ...]
    mends: int | None
    mended_by: int | None
    text: str
    cut: bool


@dataclass(frozen=True, slots=True)
class Order:
    """An order to replay what rests (for one reason, where one is named), and how many were put back so far."""

    id: UUID
    reason: str
    count: int
    since: datetime
