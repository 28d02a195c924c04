"""What enters and leaves the room: pieces, receipts, problems, lines of the lists, exports."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from doorstep.fhir.write import Write


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes as they came: ``kind`` is ``bundle``, ``ndjson``, ``resource`` or ``cda`` (a document in XML); ``origin``
    says where from (file, path in the archive, lines)."""

    kind: str
    origin: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something was set aside: a stable code, the JSON or FHIR path, line and column of the text, and what the
    words need."""

    code: str
    path: str = ""
    line: int | None = None
    column: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    entry: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "code": self.code,
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "params": dict(self.params),
            "entry": self.entry,
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Problem:
        """A problem as it was kept."""
        return cls(kept["code"], kept["path"], kept["line"], kept["column"], kept["params"], kept.get("entry"))


class Level(StrEnum):
    """How thoroughly what a source sends is checked: R4's structure, or the specification's invariants too."""

    STRUCTURE = "structure"
    INVARIANTS = "invariants"


@dataclass(frozen=True, slots=True)
class Checks:
    """How a source is checked; ``strict_bundles``: whether entries of bundles and files that fail are set aside.

    ``version`` counts the changes of the setting; 0 where nobody has set any.
    """

    level: Level = Level.STRUCTURE
    strict_bundles: bool = True
    version: int = 0


@dataclass(frozen=True, slots=True)
class CheckedSource:
    """A source in the list of sources: how it is checked, and how many of its messages wait for a person."""

    id: UUID
    name: str
    checks: Checks
    aside: int


@dataclass(frozen=True, slots=True)
class EntryAnswer:
    """What became of one entry: HTTP status, ``Type/id``, version, when that was written; or its problems.

    A read that is to be done once all is written has the status ``TO_READ``, its address as location, and in ``read``
    its method and headers.
    """

    status: int
    location: str = ""
    version: int = 0
    problem: Problem | None = None
    updated: datetime | None = None
    read: Mapping[str, str] | None = None
    more: tuple[Problem, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All its problems: the first and those after it."""
        return (self.problem, *self.more) if self.problem else ()

    @classmethod
    def unread(cls, address: str, asked: Mapping[str, str]) -> EntryAnswer:
        """The answer to an entry that reads, as long as nothing was read."""
        return cls(TO_READ, address, read=asked)

    def as_list(self) -> list[Any]:
        """As it is kept, so that a message that comes again is answered as before."""
        when = self.updated and self.updated.isoformat()
        told = [p.as_dict() for p in self.problems] if self.more else self.problem and self.problem.as_dict()
        kept = [self.status, self.location, self.version, told, when]
        return [*kept, dict(self.read)] if self.read else kept

    @classmethod
    def from_list(cls, kept: Sequence[Any]) -> EntryAnswer:
        """The answer again from what ``as_list`` kept."""
        status, location, version, told, *more = kept
        problems = tuple(Problem.from_dict(each) for each in (told if isinstance(told, list) else [told]) if each)
        when = datetime.fromisoformat(more[0]) if more and more[0] else None
        read = more[1] if len(more) > 1 else None
        return cls(status, location, version, problems[0] if problems else None, when, read, problems[1:])


TO_READ: Final = 0


@dataclass(frozen=True, slots=True)
class Interaction:
    """One write of FHIR's REST interface. ``request`` is what the trail calls it by, where several share a call.

    The same ``write.key`` again is answered as before; without one it is told apart by ``salt``, so that only this very
    object is ever done once. ``checked``: the resource's structure is known to be right.
    """

    write: Write
    request: str = ""
    salt: bytes = field(default_factory=lambda: os.urandom(16), repr=False)
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an interaction: HTTP status, the resource's version and body as it stands now; or its problems."""

    status: int
    type: str
    id: str = ""
    version: int = 0
    updated: datetime | None = None
    created: bool = False
    body: bytes | None = None
    problem: Problem | None = None
    more: tuple[Problem, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All its problems: the first and those after it."""
        return (self.problem, *self.more) if self.problem else ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a piece: durable when it is in the sender's hand. ``repeated`` where it was known already."""

    message: int
    state: str
    repeated: bool = False
    received: Mapping[str, int] = field(default_factory=dict)
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()
    set_aside: int = 0
    answers: tuple[EntryAnswer, ...] = ()
    bundle_type: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A message in a list."""

    id: int
    source: UUID
    source_name: str
    origin: str
    kind: str
    channel: str
    state: str
    received_at: datetime
    size: int
    problem: Problem | None
    received: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Detail:
    """A message whole: ``text`` is what was received (its first megabyte), decoded as well as it can be."""

    line: Line
    problems: tuple[Problem, ...]
    text: str
    cut: bool
    digest: str
    counts: Mapping[str, int]
    mends: int | None
    mended_by: int | None
    children: int
    place: str


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of an export: ``kind`` is ``output`` or ``deleted``, ``type`` what it holds (Bundle, where deleted)."""

    name: str
    kind: str
    type: str
    count: int
    size: int


@dataclass(frozen=True, slots=True)
class Export:
    """A bulk export as it stands: ``at`` is its transactionTime, ``read`` of about ``total`` rows were looked at."""

    id: UUID
    actor: str
    name: str
    level: str
    group: str
    types: tuple[str, ...]
    since: datetime | None
    request: str
    at: datetime
    state: str
    files: tuple[ExportFile, ...]
    read: int
    total: int
    error: str
    expires_at: datetime | None

    @property
    def count(self) -> int:
        """How many resources it holds by now (deleted ones are not counted)."""
        return sum(f.count for f in self.files if f.kind == "output")

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(f.size for f in self.files)

    @property
    def percent(self) -> int:
        """How far it is, by the rows looked at; 99 at most until it is done, as the whole is an estimate."""
        if self.state == "done":
            return 100
        return min(99, 100 * self.read // self.total) if self.total else 0

    @property
    def retry_after(self) -> int:
        """After how many seconds it is worth asking again."""
        return 1 if self.percent >= 90 or self.total < 100_000 else 5

    def progress(self, language: str = "en") -> str:
        """How far it is in words, Chinese unless the language is English (a header takes the English ones)."""
        if self.state == "accepted":
            return "waiting to begin" if language.startswith("en") else "等待开始"
        if language.startswith("en"):
            return f"{self.percent}% ({self.read} of about {max(self.read, self.total)} resources read)"
        return f"{self.percent}%（已读取 {self.read} / 约 {max(self.read, self.total)} 条）"
