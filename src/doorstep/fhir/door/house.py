"""What the door asks of the house, and the shapes in which both speak."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Protocol, TypeVar

from doorstep.fhir.outcome import EntryResponse
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search.bounds import Bounds
from doorstep.fhir.search.walk import Hit, Steps
from doorstep.fhir.terminology.definitions import Definitions
from doorstep.fhir.write import Write

T = TypeVar("T")
Call = Any
"""Who asks; the door hands it on as the house made it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a write: the resource as it stands, or why not (`outcome`: an OperationOutcome that says it)."""

    status: int
    type: str
    id: str = ""
    version: int = 0
    updated: datetime | None = None
    body: bytes | None = None
    outcome: bytes | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a read showed, for the trail: FHIR interaction, type, ids or the search, patients, how many resources."""

    what: str
    type: str
    subject: str
    patients: tuple[str, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient that may be the one looked for: score 0 to 1, grade certain, probable, possible or certainly-not.

    `person` is the same for patients that the house knows to be one person's; "" where it knows of none.
    """

    id: str
    score: float
    grade: str
    person: str = ""


@dataclass(frozen=True, slots=True)
class FindWish:
    """What is looked for by `$find`: between two moments, at institutions (their ids; none: the caller's own), in
    departments (their codes; none: all), at most so many."""

    start: datetime
    end: datetime
    organizations: tuple[str, ...]
    specialties: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class TakeWish:
    """What is held or booked: a proposed (its slot) or a held Appointment, for a Patient, with a comment."""

    chosen: str
    patient: str
    comment: str
    hold_only: bool


@dataclass(frozen=True, slots=True)
class Authorization:
    """Who gives tokens: SMART's well-known document, and the endpoints by the names of its older extension."""

    document: Mapping[str, Any]
    endpoints: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ExportWish:
    """A bulk export as asked for: `level` is system, patient or group."""

    level: str
    group: str | None
    types: tuple[str, ...]
    since: datetime | None
    filters: tuple[str, ...]
    elements: tuple[str, ...]
    url: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class ExportState:
    """How far an export is: in words while it runs, with its manifest when done."""

    id: str
    done: bool
    progress: str = ""
    retry_after: int = 1
    manifest: Mapping[str, Any] | None = None
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class FacePage:
    """A page of a face: what was found, the mark behind which the next begins, parameters that are not known."""

    hits: tuple[Hit, ...]
    next: Sequence[Any] | None = None
    ignored: tuple[str, ...] = ()


class Face(Protocol):
    """A type that the house makes of its own things for a caller, newest first; it can be read and searched alone."""

    async def one(self, ident: str) -> Hit | None:
        """Return the resource of that id."""

    async def some(self, pairs: Sequence[tuple[str, str]], count: int, mark: Sequence[Any] | None) -> FacePage:
        """Return at most `count` behind a mark; FhirProblem for what cannot be searched for."""


Fetch = Callable[[str, Mapping[str, str]], Awaitable[EntryResponse]]
"""Answers a read of a batch or transaction: its address below the door, its `method` and the headers of its request."""


class House(Protocol):
    """The house behind the door. Any method may raise FhirProblem, which becomes the answer."""

    @property
    def secret(self) -> bytes:
        """What cursors are sealed with."""

    @property
    def zone(self) -> tzinfo:
        """The zone of dates without an offset."""

    @property
    def definitions(self) -> Definitions:
        """Terminology; it may read from a database, and so is used within `work` alone."""

    def common(self, type_name: str, token: int) -> bool:
        """Say whether many resources of the type carry the token."""

    def authorization(self, base: str) -> Authorization:
        """Return who gives tokens for the door at this address."""

    async def authenticate(self, headers: Mapping[str, str]) -> Call | None:
        """Return who calls; None where that is not known."""

    def stranger(self, address: str) -> None:
        """Count a request without a good key; FhirProblem ("rate-limited") where there were too many of them."""

    def permit(self, call: Call, kind: str, letters: str) -> Call:
        """Return the call as it may do one interaction (letters of `cruds`) with a type ("": with any).

        FhirProblem ("scope-missing") where the token of an app was not given it.
        """

    def bounds(self, call: Call) -> Bounds:
        """Return what the caller may see; FhirProblem where nothing may be read."""

    def face(self, call: Call, kind: str) -> Face | None:
        """Return what this caller sees of a type in the place of the ledger's; None where that is the ledger's."""

    async def run(self, call: Call, steps: Steps[T]) -> T:
        """Drive a search or read over the database, within the time that a statement may take."""

    async def work(self, function: Callable[[], T]) -> T:
        """Run what may wait (for terminology, for files) beside the loop."""

    async def seen(self, call: Call, seen: Seen) -> None:
        """Leave a line in the trail; returns when it is durable."""

    async def write(self, call: Call, write: Write) -> Answer:
        """Do one write; returns when it is durable."""

    async def transact(
        self, call: Call, body: bytes, fetch: Fetch, representation: bool, language: str
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Do a transaction or batch, given as received: status, body and headers of the answer."""

    async def process_message(self, call: Call, raw: bytes, peer: str, base: str, language: str) -> tuple[int, bytes]:
        """Keep a FHIR message as it came; status and body of the answer, which is a message itself."""

    async def match(self, call: Call, patient: dict[str, Any]) -> Sequence[Candidate]:
        """Return the patients within the caller's bounds that may be the one described, best first."""

    async def proposals(self, call: Call, wish: FindWish) -> Sequence[Mapping[str, Any]]:
        """Return what could be booked, as proposed Appointments, the earliest first."""

    async def take(self, call: Call, wish: TakeWish) -> Mapping[str, Any]:
        """Hold or book, and return the Appointment."""

    async def same_person(self, call: Call, patients: Sequence[str]) -> Sequence[str]:
        """Return the ids of all patients within the caller's bounds that are the persons of these."""

    async def systems(self, asked: Sequence[str]) -> frozenset[str]:
        """Return which of these systems give identifiers to people of the house."""

    async def healthy(self) -> bool:
        """Say whether requests can be served now."""

    async def begin_export(self, call: Call, wish: ExportWish) -> str:
        """Begin a bulk export; returns its id."""

    async def export_state(self, call: Call, ident: str, base: str, language: str) -> ExportState:
        """Return how far an export is; FhirProblem "not-found" where the caller has none of this id."""

    async def export_file(self, call: Call, ident: str, name: str) -> str:
        """Return the path of a file of an export."""

    async def cancel_export(self, call: Call, ident: str) -> None:
        """End an export and remove its files."""


def demand_found(found: T | None, what: str) -> T:
    """Return what was found; FhirProblem "not-found" where it is None."""
    if found is None:
        raise FhirProblem("not-found", what=what)
    return found
