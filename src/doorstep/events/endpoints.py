"""What the room endpoints tells the house."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MessageTaken:
    """A FHIR message of an institution (``sender``) for another was taken in, and waits for the service that its event
    concerns; ``receiver`` is None where that service knows it. ``matter``: what it goes on with (Type/id).
    ``wrote``: what of it is in the chart (Type/id); ``speaks_for``: the institutions for which its endpoint may speak.
    """

    inbound: int
    endpoint: UUID
    sender: UUID
    receiver: UUID | None
    event: str
    matter: str
    wrote: tuple[str, ...]
    speaks_for: tuple[UUID, ...]

    @property
    def patients(self) -> tuple[str, ...]:
        """The ids of the Patients among what was written."""
        return tuple(each.removeprefix("Patient/") for each in self.wrote if each.startswith("Patient/"))

    @property
    def subject(self) -> str:
        """Messages of one matter keep their order."""
        return f"message:{self.endpoint}:{self.matter}"
