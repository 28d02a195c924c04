"""What leaves the room: endpoints and how they do, messages and their journey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Final
from uuid import UUID

from doorstep.record.endpoints.rules.facts import MLLP, Network, Ordering
from doorstep.record.endpoints.rules.outward import Carry, Direction
from doorstep.record.endpoints.rules.watching import Kind


@dataclass(frozen=True, slots=True)
class Outward:
    """What is said of an endpoint that we send to, beside what is said of all.

    ``authority``: the file of those who sign the other side's certificate (without it, the system's own). ``rate``:
    messages a second, 0 for no limit. ``patience``: seconds for an acknowledgement. ``most_tries``: after so many
    answers that are no yes a message rests. ``holds``: what rests holds back what is behind it of the same key.
    ``credential``: the file of the token that we show (FHIR messages).
    """

    host: str
    secured: bool = False
    authority: str = ""
    to_application: str = ""
    to_facility: str = ""
    standard: str = "2.5.1"
    carries: frozenset[Carry] = frozenset()
    rate: int = 0
    opens: time | None = None
    closes: time | None = None
    patience: int = 30
    most_tries: int = 8
    holds: bool = False
    credential: str = ""


COUNTED: Final = 10_000
"""Messages of one endpoint beyond which nothing is counted for a page: it says that there are more."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a person says of an endpoint; files are named by their paths, no secret is kept.

    ``application`` and ``facility`` are the sender's names (MSH-3, MSH-4), whichever way it goes; ``out`` is there
    where it is we who send.
    """

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
    owner: str = ""
    protocol: str = MLLP
    out: Outward | None = None
    receiver: UUID | None = None
    speaks_for: tuple[UUID, ...] = ()

    @property
    def direction(self) -> Direction:
        """Which way its messages go."""
        return Direction.IN if self.out is None else Direction.OUT


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as it is now."""

    id: UUID
    version: int
    facts: Facts
    is_on: bool
    paused: bool

    @property
    def out(self) -> Outward:
        """What is said of one that we send to; raises ``ValueError`` of another."""
        if self.facts.out is None:
            raise ValueError("nothing is sent to this endpoint")
        return self.facts.out


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
class MessageDoor:
    """An endpoint for FHIR messages that is on; ``dialect`` is how strictly its sender is read, ``full`` whether more
    waits than its depth."""

    id: UUID
    source: UUID
    allowed: tuple[Network, ...]
    dialect: str
    ordering: Ordering
    most_bytes: int
    full: bool


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
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a message is kept: its number, when it first came, and what its sender was told then."""

    id: int
    received_at: datetime
    code: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an endpoint does: what waits (and since when), what rests, what came (or left) of late and the last time;
    ``fault``: why what waits could not be sent when it was last tried, with its ``params``."""

    waiting: int = 0
    oldest: datetime | None = None
    rests: int = 0
    last: datetime | None = None
    hour: int = 0
    day: int = 0
    rested_day: int = 0
    lag_ms: int = 0
    alerts: tuple[Kind, ...] = ()
    fault: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

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
    copies: tuple[Sent, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that goes out, in a list: nothing of what it says."""

    id: int
    endpoint: UUID
    endpoint_name: str
    receiver: UUID
    receiver_name: str
    kind: str
    control: str
    state: str
    made_at: datetime
    size: int
    tries: int
    reason: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Passage:
    """One message that goes out, from its cause to its acknowledgement; ``text`` and ``answer`` as they can be read."""

    line: Sent
    cause: str
    key: str
    inbound: int | None
    whose: tuple[tuple[UUID, str], ...]
    sent_at: datetime | None
    tried_at: datetime | None
    due_at: datetime
    settled_at: datetime | None
    code: str
    said: str
    text: str
    answer: str
    cut: bool


@dataclass(frozen=True, slots=True)
class Order:
    """An order to replay what rests (for one reason, where one is named), and how many were put back so far."""

    id: UUID
    reason: str
    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Gauge:
    """What stands at an endpoint now: waits and rests (counted up to a bound), and since when the oldest waits."""

    endpoint: UUID
    organisation: UUID
    protocol: str
    port: int
    is_on: bool
    paused: bool
    created: datetime
    waiting: int
    oldest: datetime | None
    rests: int
    last: datetime | None
    certificate: str = ""
    direction: Direction = Direction.IN


@dataclass(frozen=True, slots=True)
class Alert:
    """That somebody must look, or had to until ``closed_at``; who has noted it, and what they wrote."""

    id: UUID
    version: int
    kind: Kind
    endpoint: UUID | None
    endpoint_name: str
    organisation_name: str
    value: float
    limit: int
    minutes: int
    since: datetime
    closed_at: datetime | None
    noted_at: datetime | None
    noted_by: str
    note: str


@dataclass(frozen=True, slots=True)
class Head:
    """The first that waits of a key: not before when, and whether what rests holds it back."""

    key: str
    due_at: datetime
    held: bool


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message that is to be sent now; ``tries``: how often it was, ``since``: when it first was (now, if never)."""

    id: int
    key: str
    control: str
    body: bytes
    tries: int
    since: datetime
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """What came of sending one: its ``move`` (none: it is tried again from ``due_at`` on), what the other side said.

    ``sent``: whether it left at all.
    """

    id: int
    move: str
    due_at: datetime
    made_at: datetime
    sent: bool = True
    code: str = ""
    answer: bytes | None = None
    reason: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MappingLine:
    """A version of an institution's mapping tables in a list."""

    id: UUID
    version: int
    organisation: UUID
    organisation_name: str
    number: int
    base: str
    note: str
    made_by: str
    made_at: datetime
    proved: bool | None
    in_use: bool
    was_used: bool


@dataclass(frozen=True, slots=True)
class MappingDetail:
    """One version with its files, what came of its cases, and when it was in use (from, until, by)."""

    line: MappingLine
    files: Mapping[str, str]
    faults: tuple[str, ...]
    cases: Mapping[str, tuple[str, ...]]
    proved_at: datetime | None
    uses: tuple[tuple[datetime, datetime | None, str], ...]
