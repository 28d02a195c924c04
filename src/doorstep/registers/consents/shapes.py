"""What the room takes and tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from doorstep.registers.consents.rules import Why


@dataclass(frozen=True, slots=True)
class Opening:
    """A relation to be opened: of an institution or of one person (``staff:<id>``); an open end is None.

    ``reference`` names what it rests on, once for each ``basis``: ``ServiceRequest/…``, ``Appointment/…``. ``maker`` is
    the person whose act made it (``staff:<id>``): to them it opens nothing.
    """

    resident: UUID
    basis: Why
    reference: str
    since: datetime
    until: datetime | None = None
    organisation: UUID | None = None
    person: str = ""
    maker: str = ""


@dataclass(frozen=True, slots=True)
class Glass:
    """A break-glass as its reviewer sees it; ``own``: the reader made it."""

    id: UUID
    version: int
    resident: UUID
    resident_name: str
    person_name: str
    organisation_name: str
    reason: str
    words: str
    since: datetime
    until: datetime | None
    due: date
    verdict: str
    own: bool
    reviewed_name: str = ""
    reviewed_at: datetime | None = None
    reviewed_words: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed on paper: for one institution, to permit or refuse, by whom, the last day (open: None), and the
    sensitive kinds that it names (a mark)."""

    organisation: UUID
    permit: bool
    signer: str
    signer_name: str
    until: date | None = None
    kinds: int = 0


@dataclass(frozen=True, slots=True)
class Agreed:
    """A consent or refusal as it stands; ``patient`` is the FHIR id of a record of the resident, if there is one;
    ``kinds`` the sensitive kinds that it names (a mark)."""

    id: UUID
    resident: UUID
    organisation: UUID
    desk: UUID
    permit: bool
    signer: str
    signer_name: str
    since: datetime
    until: datetime | None
    active: bool
    organisation_name: str = ""
    recorded_name: str = ""
    withdrawn_name: str = ""
    patient: str = ""
    kinds: int = 0


@dataclass(frozen=True, slots=True)
class Effect:
    """What would follow: how many records of which FHIR type the institution sees of others (``more``) and of its
    own (``own``). What tells of a sensitive kind is not counted: whoever sits at the desk is not to learn of it."""

    organisation_name: str
    more: Mapping[str, int]
    own: Mapping[str, int]
    sources: tuple[str, ...]
