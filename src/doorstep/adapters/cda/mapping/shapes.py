"""What goes into a conversion beside the document, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from doorstep.adapters.cda.shapes import Problem

Json = dict[str, Any]
ZONE: Final = ZoneInfo("Asia/Shanghai")
_JSON: Final = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the sender beside its documents: ``institution`` names it for good, so that its numbers and ids
    are its own; a reference to its Organization and its name (both may be empty); ``zone`` where a time tells none."""

    institution: str
    organisation: str = ""
    organisation_name: str = ""
    zone: tzinfo = ZONE


@dataclass(frozen=True, slots=True)
class Kin:
    """What a document says of its versions: the id of its DocumentReference and Binary, the identifiers
    (``system|value``) of itself, its set and those it replaces, and its version's number (0 where it says none)."""

    document: str
    binary: str
    number: str
    family: str
    replaces: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Converted:
    """A transaction Bundle, what of the document did not go into it, the version of the tables that made it, and the
    place in the document of each entry of the bundle."""

    bundle: Json
    problems: list[Problem]
    tables: str
    kin: Kin
    places: tuple[str, ...]

    @property
    def body(self) -> bytes:
        """The Bundle as JSON; decimals keep the digits that were sent."""
        return _JSON.encode(self.bundle)
