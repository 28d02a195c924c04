"""What reading search values depends on: the zone, the address of the door, terminology."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from doorstep.fhir.terminology import search as terminology
from doorstep.fhir.terminology.definitions import Definitions


@dataclass(frozen=True, slots=True)
class Terms:
    """Terminology as searches ask for it; each raises FhirProblem where it is not loaded or too large."""

    definitions: Definitions

    def members(self, url: str) -> Sequence[tuple[str, str]]:
        """Return the (system, code) of a value set."""
        return terminology.members(self.definitions, url)

    def below(self, system: str, code: str) -> Sequence[tuple[str, str]]:
        """Return a code and all that it subsumes."""
        return terminology.below(self.definitions, system, code)

    def above(self, system: str, code: str) -> Sequence[tuple[str, str]]:
        """Return a code and all that subsume it."""
        return terminology.above(self.definitions, system, code)


@dataclass(frozen=True, slots=True)
class Setting:
    """The setting of a search; `base` is the address of the door with a slash at its end, "" where there is none."""

    zone: tzinfo
    base: str
    terms: Terms
