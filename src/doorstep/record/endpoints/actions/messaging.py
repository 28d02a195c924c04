"""From a FHIR message to a transaction that exchange can take, and to whoever must act on it or have it passed on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID, uuid5

from doorstep.adapters.fhirmessaging import reading
from doorstep.adapters.fhirmessaging.reading import Fault, Json, Message, Unreadable
from doorstep.events.endpoints import MessageTaken
from doorstep.kernel.call import Call
from doorstep.kernel.outbox import emit
from doorstep.record.endpoints.actions.queueing import send
from doorstep.record.endpoints.models import Endpoint, Inbound
from doorstep.record.endpoints.reads.addressing import HOUSE, Addressed, addressed, onward
from doorstep.record.endpoints.reads.arriving import earlier_of, rests
from doorstep.record.endpoints.rules.facts import MESSAGE_CODES
from doorstep.record.endpoints.rules.messages import APART, EVENTS, Event, Way
from doorstep.record.exchange import api as exchange
from doorstep.registers.residents import api as residents

LEFT: Final = 50  # places of a message that are told to have gone nowhere or were mended
CHANNEL: Final = "fhir"


@dataclass(frozen=True, slots=True)
class Charted:
    """The records of a message as a transaction."""

    bundle: Json

    @property
    def body(self) -> bytes:
        """As JSON; decimals keep the digits that were sent."""
        return reading.json_of(self.bundle)


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message as a transaction (None: it has no record for the chart), or the reason and place for which it rests;
    whom it is for, and whether a service must act on it. ``params`` say what was mended and what went nowhere."""

    converted: Charted | None = None
    reason: str = ""
    place: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    addressed: Addressed | None = None
    handed: bool = False
    onward: UUID | None = None
    control: str = ""


class MessageReader:
    """Reads the messages of one endpoint."""

    channel = CHANNEL

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._theirs = {str(key) for key in (endpoint.organisation_id, *endpoint.speaks_for)}

    def read(self, row: Inbound) -> ReadMessage:
        """Read one message, and find whom it is for."""
        try:
            message = reading.read(bytes(row.raw), self._endpoint.mapping)
        except Unreadable as why:
            return _resting(why.faults[0])
        found = addressed(self._endpoint, message)
        if isinstance(found, Fault):
            return _resting(found)
        earlier = (
            earlier_of(self._endpoint, row.control).filter(pk__lt=row.pk).first() if row.mends_id is None else None
        )
        if earlier is not None:
            return self._again(row, earlier)
        return self._fresh(row, message, found)

    def _again(self, row: Inbound, earlier: Inbound) -> ReadMessage:
        """A message that was taken before has no second effect; an id that was another's is told."""
        if reading.same(bytes(earlier.raw), bytes(row.raw), self._endpoint.mapping):
            return ReadMessage(params={"repeats": earlier.pk})
        return _resting(reading.own("id-reused", "Bundle.entry[0].resource.id", number=str(earlier.pk)))

    def _fresh(self, row: Inbound, message: Message, found: Addressed) -> ReadMessage:
        event = EVENTS[message.event]
        params: dict[str, Any] = {"sender": str(found.sender)}
        if found.receiver is not None:
            params["receiver"] = str(found.receiver)
        params["left"] = [[mend.rule, mend.place] for mend in message.mended[:LEFT]]
        passed = onward(found.receiver)
        read = ReadMessage(
            None,
            params=params,
            addressed=found,
            handed=event.handed and passed is None,
            onward=passed,
            control=message.control,
        )
        if passed is not None and not event.charted:
            return read
        bundle = transaction(self._endpoint.pk, row, message, params["left"])
        absent = self._absent(bundle)
        lost = {said for said in absent if said.startswith("Patient/")}
        bundle["entry"] += self._patients(row.key, event, lost) if lost else []
        _loosen(bundle, absent - lost, params["left"])
        return replace(read, converted=Charted(bundle)) if bundle["entry"] else read

    def _absent(self, bundle: Json) -> set[str]:
        """What is referred to and is neither in the message nor known."""
        here = {each["request"]["url"] for each in bundle["entry"]} | {each["fullUrl"] for each in bundle["entry"]}
        outside = {said for said, _ in _references(bundle, "") if said not in here and not said.startswith("#")}
        return exchange.absent(outside, self._endpoint.organisation_id)

    def _patients(self, matter: str, event: Event, lost: set[str]) -> list[Json]:
        """Those who are not in an answer and whom the request has told its sender of: as the request has them."""
        asked = Inbound.objects.unscoped(HOUSE).filter(key=matter, kind=event.request, code__in=MESSAGE_CODES)
        row = asked.select_related("endpoint").order_by("-id").first() if event.way is Way.ANSWERS else None
        if row is None or row.params.get("receiver") not in self._theirs:
            return []
        message = reading.read(bytes(row.raw), row.endpoint.mapping)
        found = [each for each in message.resources("Patient") if f"Patient/{each.get('id')}" in lost]
        return [_entry(self._endpoint.pk, each, str(each["id"]), "") for each in found]

    def pieces(self, row: Inbound, read: ReadMessage) -> tuple[exchange.Piece, ...]:
        """A message as exchange takes it."""
        assert read.converted is not None
        return (exchange.Piece("bundle", f"{self._endpoint.name} {row.kind} {row.control}", read.converted.body),)


def transaction(endpoint: UUID, row: Inbound, message: Message, left: list[list[str]]) -> Json:
    """The records of a message, each under the id that its sender gave it. What has the id of another of the message is
    another thing, and is kept under an id that is made of the message; what is the same is there once."""
    entries: list[Json] = []
    known: dict[str, Json] = {}
    for number, entry in enumerate(message.bundle["entry"][1:], start=1):
        resource, url = entry.get("resource") or {}, entry.get("fullUrl", "")
        kind = resource.get("resourceType", "")
        made = str(uuid5(endpoint, f"{bytes(row.digest).hex()} {number}"))
        key = resource.get("id") or url.removeprefix("urn:uuid:") or made
        before = known.setdefault(f"{kind}/{key}", resource)
        if kind in APART or (before is not resource and before == resource):
            continue
        if before is not resource:
            left.append(["repeated", f"Bundle.entry[{number}].resource.id"])
            key, url = made, ""
        entries.append(_entry(endpoint, resource, key, url))
    # two messages that say the same at different times are two: else the second would count as taken already
    identifier = {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid5(endpoint, bytes(row.digest).hex())}"}
    return {"resourceType": "Bundle", "type": "transaction", "identifier": identifier, "entry": entries}


def _entry(endpoint: UUID, resource: Json, key: str, url: str) -> Json:
    kind = resource["resourceType"]
    return {
        "fullUrl": url or f"urn:uuid:{uuid5(endpoint, f'{kind}/{key}')}", "resource": {**resource, "id": key},
        "request": {"method": "PUT", "url": f"{kind}/{key}"},
    }  # fmt: skip


def _references(node: Any, path: str) -> Iterator[tuple[str, Json]]:
    if isinstance(node, dict):
        said = node.get("reference")
        if isinstance(said, str):
            yield said, node
        for name, each in node.items():
            yield from _references(each, f"{path}.{name}")
    elif isinstance(node, list):
        for each in node:
            yield from _references(each, path)


def _loosen(bundle: Json, absent: set[str], left: list[list[str]]) -> None:
    """Let a reference to what is not there name it in words, and tell of it: the rest need not wait for it."""
    for said, node in _references(bundle, ""):
        if said in absent:
            del node["reference"]
            node.setdefault("type", said.partition("/")[0])
            node.setdefault("display", said)
            if len(left) < LEFT:
                left.append(["elsewhere", said])


def _resting(fault: Fault) -> ReadMessage:
    return ReadMessage(**rests(fault))


def go_on(call: Call, endpoint: Endpoint, row: Inbound, read: ReadMessage, wrote: Sequence[str]) -> bool:
    """Pass a message on as it came, or tell the service that must act on it, in the transaction that took it in;
    whether there is such a service."""
    if read.addressed is None:
        return False
    patients = tuple(each.removeprefix("Patient/") for each in wrote if each.startswith("Patient/"))
    if read.onward is not None:
        send(
            call, endpoint=read.onward, cause=f"inbound:{row.pk}", key=row.key, kind=row.kind, body=bytes(row.raw),
            residents=set(residents.residents_of(patients).values()), inbound=row.pk, control=read.control,
        )  # fmt: skip
    if not read.handed:
        return False
    whom = (read.addressed.sender, read.addressed.receiver)
    theirs = (endpoint.organisation_id, *endpoint.speaks_for)
    emit(MessageTaken(row.pk, UUID(str(endpoint.pk)), *whom, row.kind, row.key, tuple(wrote), theirs))
    return True


__all__ = ["MessageReader", "ReadMessage", "go_on", "transaction"]
