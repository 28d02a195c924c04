"""What the room takes and tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from doorstep.services.referrals.rules.kinds import Side


@dataclass(frozen=True, slots=True)
class Person:
    """The patient as the letter names them: ``sex`` GB/T 2261.1, the ID masked; kept, for a letter is not rewritten."""

    name: str
    sex: str = ""
    birth: str = ""
    age: int | None = None
    number: str = ""
    phone: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Picked:
    """A record of the chart that a person chose to enclose: its FHIR type and id, and its words at that time."""

    kind: str
    key: str
    title: str
    on: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """A draft as it is written, whole: what is asked of whom, the letter, consent, the way, the enclosures.

    ``destination``, ``department`` and ``slot`` are empty until chosen; ``seen`` are triggers that a person
    saw, ``costs`` what the treatment may cost in yuan (0: the usual).
    """

    kind: str = "up"
    service: str = "outpatient"
    urgency: str = "routine"
    criteria: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    destination: UUID | None = None
    department: UUID | None = None
    department_name: str = ""
    slot: UUID | None = None
    receiver: str = ""
    letter: Mapping[str, str] = field(default_factory=dict)
    consenter: str = ""
    consent_name: str = ""
    consent_channel: str = ""
    transport: str = "own"
    escort: str = "none"
    contract: bool = False
    costs: int = 0
    phone: str = ""
    enclosures: tuple[Picked, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A referral in a list; ``side`` is the reader's (None: neither), ``mine`` whether it is theirs to move."""

    id: UUID
    version: int
    number: str
    name: str
    kind: str
    service: str
    urgency: str
    status: str
    origin: UUID
    destination: UUID | None
    origin_name: str
    destination_name: str
    department_name: str
    due_at: datetime | None
    sent_at: datetime | None
    changed_at: datetime
    side: Side | None
    mine: bool
    overdue: bool
    soon: bool
    holder: str
    holder_name: str
    escalated: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One step of its history: by whom, for which institution, when, and why."""

    move: str
    before: str
    after: str
    actor_name: str
    organisation_name: str
    at: datetime
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class Message:
    """What one doctor wrote to the other."""

    organisation: UUID
    organisation_name: str
    actor: str
    actor_name: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it stands: its newest revision and who wrote it."""

    part: str
    revision: int
    body: Mapping[str, str]
    written_name: str
    written_at: datetime
    sent: bool


@dataclass(frozen=True, slots=True)
class Appointed:
    """The place that was taken, or is wished for."""

    slot: UUID | None
    appointment: UUID | None
    starts: datetime | None
    words: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A place that is kept for the patient to answer, because the one that they had was stopped."""

    starts: datetime
    until: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Times:
    """When what happened."""

    sent: datetime | None = None
    answered: datetime | None = None
    valid_until: datetime | None = None
    arrived: datetime | None = None
    discharged: datetime | None = None
    reported: datetime | None = None
    received: datetime | None = None
    closed: datetime | None = None
    follow_up_due: date | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """One referral, whole."""

    line: Line
    resident: UUID
    person: Person
    wish: Wish
    sender: str
    sender_name: str
    sender_phone: str
    consent_at: datetime | None
    appointed: Appointed
    times: Times
    out: Letter | None
    back: Letter | None
    changes: tuple[Change, ...] = ()
    messages: tuple[Message, ...] = ()
    escalation: str = ""
    patient: str = ""
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes with a move: why (a code of the room's reasons), in words, a slot or an agreed time, an institution
    to go on to, a letter back, the moment of discharge. ``appointment``: one that stands already or is kept for the
    patient, where the move follows from booking. ``outside``: another platform has made the move, and told of it by a
    message."""

    reason: str = ""
    note: str = ""
    slot: UUID | None = None
    starts: datetime | None = None
    destination: UUID | None = None
    department: UUID | None = None
    department_name: str = ""
    letter: Mapping[str, str] = field(default_factory=dict)
    discharged_at: datetime | None = None
    appointment: UUID | None = None
    outside: bool = False
