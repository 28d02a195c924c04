"""From the bytes of a message to a transaction that exchange can take, or why that cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid5

from doorstep.adapters.hl7v2 import codec, mapping
from doorstep.adapters.hl7v2.shapes import Problem
from doorstep.kernel import tracing
from doorstep.record.endpoints.models import Endpoint, Inbound
from doorstep.record.endpoints.reads.mappings import tables_for
from doorstep.record.endpoints.rules import enclosing
from doorstep.record.endpoints.rules.enclosing import Shared
from doorstep.record.exchange import api as exchange
from doorstep.registers.organisations import api as organisations

LEFT: Final = 50  # places of a message that are told to have gone nowhere


@dataclass(frozen=True, slots=True)
class Read:
    """A message as a transaction and the shared documents that it encloses, or the ``reason`` and place for which it
    rests; ``params`` fill the words of the reason, or say by which tables it was mapped and what of it went nowhere."""

    converted: mapping.Converted | None = None
    reason: str = ""
    place: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    documents: tuple[Shared, ...] = ()


class Reader:
    """Reads the HL7 v2 messages of one endpoint."""

    channel = "hl7v2"

    def __init__(self, endpoint: Endpoint) -> None:
        self._charset = endpoint.charset or None
        self._endpoint = endpoint
        self._tables = tables_for(endpoint.organisation_id, endpoint.mapping)
        self._memory: mapping.Memory = {}
        self._context = mapping.Context(
            institution=str(endpoint.organisation_id),
            source=f"urn:uuid:{endpoint.pk}",
            organisation_name=organisations.names([endpoint.organisation_id]).get(endpoint.organisation_id, ""),
            systems=endpoint.authorities,
        )

    def read(self, row: Inbound) -> Read:
        """Map one message; nothing is raised, for the others of its batch must not wait for it."""
        with tracing.span("message.map", row.trace, endpoint=str(self._endpoint.pk), kind=row.kind):
            return self._read(row)

    def _read(self, row: Inbound) -> Read:
        try:
            message = mapping.joined(codec.parse(bytes(row.raw), self._charset))
            converted = mapping.convert(message, self._tables(), self._context, self._memory)
            patient = enclosing.patient_of(converted.bundle)
            found = enclosing.documents(message, patient, str(self._endpoint.organisation_id))
            documents = tuple(each for each, _ in found)
        except codec.Unreadable as why:
            return _rests("unreadable", why.problem)
        except mapping.Unmappable as why:
            return _rests("unmappable", why.problem)
        except enclosing.Unusable as why:
            return Read(reason=why.reason, place=why.place, params=dict(why.params))
        except Exception as error:  # noqa: BLE001  a fault of the tables or of ours: its kind is told, never its words
            return Read(reason="mapping-failed", params={"detail": type(error).__name__})
        # two messages that say the same at different times are two: else the second would count as taken already
        converted.bundle["identifier"] = {
            "system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid5(self._endpoint.pk, bytes(row.digest).hex())}",
        }  # fmt: skip
        for document in documents:
            enclosing.point_to(converted.bundle, document)
        left = [[each.reason, each.place] for each in converted.problems[:LEFT]]
        return Read(converted, params={"tables": converted.tables, "left": left}, documents=documents)

    def pieces(self, row: Inbound, read: Read) -> tuple[exchange.Piece, ...]:
        """A mapped message as exchange takes it: first the documents in it, to which its resources refer."""
        assert read.converted is not None
        origin = f"{self._endpoint.name} {row.kind} {row.control}"
        documents = [exchange.Piece("cda", f"{origin} {each.place}", each.data) for each in read.documents]
        return (*documents, exchange.Piece("bundle", origin, read.converted.body))


def _rests(reason: str, problem: Problem) -> Read:
    return Read(reason=reason, place=problem.place, params={"detail": problem.reason})
