"""What the residents' room tells the house."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """A browser has asked for a code by short message. The event holds neither number nor code: the row named does."""

    code: UUID

    @property
    def subject(self) -> str:
        """Each is its own; a telephone's number does not stand here."""
        return str(self.code)


@dataclass(frozen=True, slots=True)
class PhoneBound:
    """A telephone opens a resident's record from now on; those that did before are told."""

    binding: UUID

    @property
    def subject(self) -> str:
        """Each is its own."""
        return str(self.binding)
