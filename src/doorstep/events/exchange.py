"""What exchange tells: records have come in."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RecordsArrived:
    """Messages of one source were applied; ``patients`` are the FHIR ids of the Patient records that they concern,
    ``changed`` those of them that were known and say something else now, ``reports`` those of the DiagnosticReports
    that they made or changed, themselves or in a result."""

    source: UUID
    messages: tuple[int, ...]
    patients: tuple[str, ...]
    changed: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """Events of one source keep their order."""
        return f"source:{self.source}"
