"""What the residents room tells the house."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ResidentsRegistered:
    """People who were new to the district, by a batch of one source institution (or one, by hand)."""

    organisation: UUID
    residents: tuple[UUID, ...]

    @property
    def subject(self) -> str:
        """Events of one institution keep their order."""
        return f"organisation:{self.organisation}"


@dataclass(frozen=True, slots=True)
class ResidentsLinked:
    """Records (FHIR patient ids, empty for one by hand) that were found to be of known residents, in the same order."""

    organisation: UUID
    residents: tuple[UUID, ...]
    patient_ids: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Events of one institution keep their order."""
        return f"organisation:{self.organisation}"
