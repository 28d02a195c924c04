"""What goes into a conversion beside the message, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from doorstep.adapters.hl7v2.shapes import Problem

Json = dict[str, Any]
ZONE: Final = ZoneInfo("Asia/Shanghai")
_JSON: Final = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Context:
    """What an endpoint knows that its messages do not say.

    ``institution`` names the sender for good: local numbers and ids are made unique by it, so that
    two endpoints of one institution mean the same patient by the same number. ``source`` is put into ``meta.source``.
    ``organisation`` is a reference to its Organization (may be empty), ``organisation_name`` its name. ``systems``
    gives identifier systems by ``AUTHORITY^TYPE``, ``AUTHORITY`` or ``^TYPE`` (PID-3.4.1 and PID-3.5),
    ``code_systems`` URIs by the names that stand in CWE-3; ``zone`` holds where a time tells none.
    """

    institution: str
    source: str
    organisation: str = ""
    organisation_name: str = ""
    systems: Mapping[str, str] = field(default_factory=dict)
    code_systems: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = ZONE


class Unmappable(Exception):
    """A message that cannot be used as a whole; ``problem`` says why and where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.reason} at {problem.place}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Converted:
    """A transaction Bundle, what of the message did not go into it, and the version of the tables that made it."""

    bundle: Json
    problems: list[Problem]
    tables: str

    @property
    def body(self) -> bytes:
        """The Bundle as JSON; decimals keep the digits that were sent."""
        return _JSON.encode(self.bundle)


@dataclass(frozen=True, slots=True)
class Went:
    """Where a value went: its place in the message and its text, the resource and path, what was written there, and
    the line of the table that says so (``segments/PID.csv:5``)."""

    place: str
    text: str
    resource: str
    path: str
    value: Any
    rule: str


@dataclass(frozen=True, slots=True)
class Previewed:
    """A conversion with the way of each value; ``converted`` is None where ``problem`` stopped it."""

    went: list[Went]
    converted: Converted | None
    problem: Problem | None = None
