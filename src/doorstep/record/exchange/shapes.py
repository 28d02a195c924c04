"""What enters and leaves the room: pieces, receipts, problems, lines of the lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes as they came: ``kind`` is ``bundle``, ``ndjson`` or ``resource``; ``origin`` says where from
    (file, path in the archive, lines)."""

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


@dataclass(frozen=True, slots=True)
class EntryAnswer:
    """What became of one entry: HTTP status, ``Type/id``, version; or its problem."""

    status: int
    location: str = ""
    version: int = 0
    problem: Problem | None = None

    def as_list(self) -> list[Any]:
        """As it is kept, so that a message that comes again is answered as before."""
        return [self.status, self.location, self.version, self.problem and self.problem.as_dict()]


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
