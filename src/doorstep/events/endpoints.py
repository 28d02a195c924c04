"""What the room endpoints tells the house."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MessageTaken:
    """A FHIR message of an institution (``sender``) for another was taken in, and waits for the service that its event
    concerns; ``receiver`` is None where that service knows it. ``matter``: what it goes on with (Type/id)."""

    inbound: int
    endpoint: UUID
    sender: UUID
    receiver: UUID | None
    event: str
    matter: str
    patients: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Messages of one matter keep their order."""
        return f"message:{self.endpoint}:{self.matter}"
