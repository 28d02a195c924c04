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


@dataclass(frozen=True, slots=True)
class ResidentsMerged:
    """One resident was found to be another: the records (FHIR patient ids) of ``gone`` are ``kept``'s now.

    HL7 v2 tells it as A40; rooms that hold a resident of their own follow it or ask ``residents.api.current``.
    """

    kept: UUID
    gone: UUID
    patient_ids: tuple[str, ...]
    organisations: tuple[UUID, ...]
    how: str

    @property
    def subject(self) -> str:
        """Events of one resident keep their order."""
        return f"resident:{self.kept}"


@dataclass(frozen=True, slots=True)
class ResidentsUnmerged:
    """A merge was undone: the records are ``restored``'s again."""

    kept: UUID
    restored: UUID
    patient_ids: tuple[str, ...]
    organisations: tuple[UUID, ...]

    @property
    def subject(self) -> str:
        """Events of one resident keep their order."""
        return f"resident:{self.kept}"


@dataclass(frozen=True, slots=True)
class RecordsMoved:
    """Records (FHIR patient ids) went from one resident to another, of whom others stay as they are."""

    before: UUID
    after: UUID
    patient_ids: tuple[str, ...]
    organisations: tuple[UUID, ...]
    how: str

    @property
    def subject(self) -> str:
        """Events of one resident keep their order."""
        return f"resident:{self.before}"


@dataclass(frozen=True, slots=True)
class MatchRunAsked:
    """Somebody asked for a run over all records: training, a comparison, or a batch."""

    run: int

    @property
    def subject(self) -> str:
        """One run after the other."""
        return "matching"
