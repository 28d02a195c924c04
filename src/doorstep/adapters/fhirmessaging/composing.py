"""A message of ours: the header, and behind it what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from doorstep.adapters.fhirmessaging.answering import NAME
from doorstep.adapters.fhirmessaging.reading import json_of
from doorstep.fhir import xml

Json = dict[str, Any]
USCC: Final = "https://www.cods.org.cn"
"""The system of an institution's credit code, as the guides' examples write it."""


@dataclass(frozen=True, slots=True)
class Correspondent:
    """An institution that sends or receives: its name, credit code (else our id), and where its messages come from or
    go to (a URI)."""

    name: str
    code: str
    address: str

    @property
    def reference(self) -> Json:
        """As a Reference by its code, for the other side has its own ids."""
        return {
            "type": "Organization", "identifier": {"system": USCC, "value": self.code}, "display": self.name,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: the code of the event, its system and title."""

    code: str
    system: str
    title: str


def message(
    control: UUID, event: Event, sender: Correspondent, receiver: Correspondent, resources: Sequence[Json], at: datetime
) -> Json:
    """Return the message; its header is about the first of the resources (of which there is one at least)."""
    header: Json = {
        "resourceType": "MessageHeader", "id": str(control),
        "eventCoding": {"system": event.system, "code": event.code, "display": event.title},
        "destination": [{"name": receiver.name, "endpoint": receiver.address, "receiver": receiver.reference}],
        "sender": sender.reference, "source": {"name": NAME, "endpoint": sender.address},
        "focus": [{"reference": f"{resources[0]['resourceType']}/{resources[0]['id']}"}],
    }  # fmt: skip
    return {
        "resourceType": "Bundle", "id": str(uuid5(control, "bundle")), "type": "message",
        "timestamp": at.isoformat(timespec="milliseconds"),
        "entry": [{"resource": each} for each in (header, *resources)],
    }  # fmt: skip


def encoded(bundle: Json, dialect: str) -> bytes:
    """The bytes of a message: XML where the guides of hl7fhir.cn are spoken, which show nothing else; JSON for R4."""
    body = json_of(bundle)
    return xml.write(body) if dialect == "sichuan" else body
