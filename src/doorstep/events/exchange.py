"""What exchange tells: records have come in."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RecordsArrived:
    """Messages of one source were applied; ``patients`` are the FHIR ids of the Patient records that they concern."""

    source: UUID
    messages: tuple[int, ...]
    patients: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Events of one source keep their order."""
        return f"source:{self.source}"
