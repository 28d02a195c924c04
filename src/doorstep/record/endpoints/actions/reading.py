"""From the bytes of a message to a transaction that exchange can take, or why that cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid5

from doorstep.adapters.cda import mapping as cda
from doorstep.adapters.cda import shapes as cda_shapes
from doorstep.adapters.cda.tree import is_document
from doorstep.adapters.hl7v2 import codec, enclosed, mapping
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
            documents = tuple(self._documents(message, enclosing.patient_of(converted.bundle)))
        except codec.Unreadable as why:
            return _rests("unreadable", why.problem)
        except mapping.Unmappable as why:
            return _rests("unmappable", why.problem)
        except enclosed.Broken as why:
            return _rests("unmappable", why.problem)
        except _Unusable as why:
            return why.read
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

    def _documents(self, message: codec.Message, patient: Mapping[str, Any]) -> Iterator[Shared]:
        """The CDA documents of a message, each read once to know whether it can be used and whose it is.

        Raises ``_Unusable``, ``enclosed.Broken``.
        """
        for each in enclosed.enclosed(message):
            if not is_document(each.data):
                continue
            try:
                found = cda.convert(each.data, cda.standard(), cda.Context(str(self._endpoint.organisation_id)))
            except cda_shapes.Unreadable as why:
                where = f"{each.place} {why.problem.place or f'line {why.problem.line}'}"
                raise _Unusable(Read(reason=why.problem.code, place=where, params=dict(why.problem.params))) from None
            theirs = enclosing.patient_of(found.bundle)
            if enclosing.contradicts(patient, theirs):
                raise _Unusable(Read(reason="document-of-another", place=each.place))
            header = next(r for r in enclosing.resources(found.bundle) if r["resourceType"] == "DocumentReference")
            yield Shared(each.place, each.data, each.attached, found.kin, theirs, header.get("securityLabel", ()))

    def pieces(self, row: Inbound, read: Read) -> tuple[exchange.Piece, ...]:
        """A mapped message as exchange takes it: first the documents in it, to which its resources refer."""
        assert read.converted is not None
        origin = f"{self._endpoint.name} {row.kind} {row.control}"
        documents = [exchange.Piece("cda", f"{origin} {each.place}", each.data) for each in read.documents]
        return (*documents, exchange.Piece("bundle", origin, read.converted.body))


class _Unusable(Exception):
    """A document in a message cannot be used, and so neither can the message; ``read`` says why."""

    def __init__(self, read: Read) -> None:
        super().__init__(read.reason)
        self.read = read


def _rests(reason: str, problem: Problem) -> Read:
    return Read(reason=reason, place=problem.place, params={"detail": problem.reason})
