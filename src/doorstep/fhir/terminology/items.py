"""A concept as a value set holds it, and which versions of code systems are meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.systems import System
from doorstep.fhir.terminology.value_sets import Part

Key = tuple[str, str]


class Item(NamedTuple):
    """A concept of an expansion; `listed` is what the value set itself says of it (display, designations)."""

    system: System
    position: int
    listed: Part | None = None

    @property
    def code(self) -> str:
        """The code as the system writes it."""
        return self.system.code(self.position)

    @property
    def key(self) -> Key:
        """What makes two items the same concept."""
        return self.system.url, self.system.code(self.position)

    def display(self, language: str | None) -> str | None:
        """Return the display in a language; what the value set lists goes before the system's own."""
        own = self.system.display(self.position, language)
        if self.listed is None or "display" not in self.listed:
            return own
        # the value set's word is in no language that is known; a translation that was asked for says more
        return own if language and own != self.system.display(self.position) else str(self.listed["display"])


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions by system: `given` where the value set says none, `force` in any case, `check` to refuse others."""

    given: Mapping[str, str] = field(default_factory=dict)
    force: Mapping[str, str] = field(default_factory=dict)
    check: Mapping[str, str] = field(default_factory=dict)

    def choose(self, system: str, stated: str | None) -> str | None:
        """Return the version to take; FhirProblem where it is not the one to be checked."""
        chosen = self.force.get(system) or stated or self.given.get(system) or self.check.get(system)
        if system in self.check and chosen != self.check[system]:
            raise FhirProblem("bad-input", name="check-system-version", value=f"{system}|{chosen}")
        return chosen
