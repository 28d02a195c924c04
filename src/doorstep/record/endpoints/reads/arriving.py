"""A FHIR message at the door: by which endpoint it comes, what it says, and what its sender is to be told."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final
from uuid import UUID

from doorstep.adapters.fhirmessaging import answering, reading
from doorstep.adapters.fhirmessaging.reading import Fault, Message, Unreadable
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.record.endpoints.models import Endpoint, Inbound
from doorstep.record.endpoints.reads.addressing import HOUSE, Addressed, addressed, doors_of
from doorstep.record.endpoints.rules import turns
from doorstep.record.endpoints.rules.facts import MESSAGE_CODES, Ordering, may_come_from, networks
from doorstep.record.endpoints.shapes import Arrival

SEND: Final = "exchange.send"
SHOWN: Final = 300  # letters of a fault that are kept with a message: the whole is told to its sender
_SERIAL = count()
OK, FATAL = MESSAGE_CODES


@dataclass(frozen=True, slots=True)
class Arriving:
    """A message as it is to be kept; its header where it has one, all its faults, and the number of the message that
    it repeats. ``full``: more waits at its endpoint than its depth."""

    arrival: Arrival
    message: Message | None
    faults: tuple[Fault, ...]
    repeats: answering.Kept | None
    full: bool


def arriving(call: Call, raw: bytes, peer: str) -> Arriving:
    """What comes of a message of the caller's institution. ``Refused``: who may not send, or has no endpoint for
    messages, or not from this address; of that nothing is kept."""
    demand(call.may(SEND))
    doors = doors_of(call.organisation) if call.organisation else []
    if not doors:
        raise Refused(refuse("message-no-endpoint"))
    place, message, faults = _read(doors, raw)
    if not may_come_from(peer, networks(place.addresses)):
        raise Refused(refuse("message-address", address=peer))
    if len(raw) > place.most_bytes:
        raise Refused(refuse("message-too-long", limit=place.most_bytes))
    digest = hashlib.sha256(raw).digest()
    repeats = None
    if message is not None and not faults:
        found = addressed(place, message)
        faults = [found] if isinstance(found, Fault) else []
        repeats, reused = _before(place, message.control, digest, raw)
        faults += [reused] if reused else []
    arrival = _arrival(call, place, raw, digest, peer, message, faults)
    return Arriving(arrival, message, tuple(faults), repeats, _is_full(place))


def _read(doors: list[Endpoint], raw: bytes) -> tuple[Endpoint, Message | None, list[Fault]]:
    """By the endpoint whose sender the header names, as that one is read."""
    place = doors[0]
    message, faults = _as(place, raw)
    if message is None:
        return place, None, faults
    said = (message.source.endpoint, message.source.name)
    meant = max(doors, key=lambda door: (bool(door.application) and door.application in said, not door.application))
    if meant.mapping != place.mapping:
        message, faults = _as(meant, raw)
    return meant, message, faults


def _as(place: Endpoint, raw: bytes) -> tuple[Message | None, list[Fault]]:
    try:
        return reading.read(raw, place.mapping), []
    except Unreadable as why:
        return why.message, list(why.faults)


def _before(place: Endpoint, control: str, digest: bytes, raw: bytes) -> tuple[answering.Kept | None, Fault | None]:
    """The message of this id that was taken before in other bytes, or that the id was another's."""
    earlier = earlier_of(place, control).exclude(digest=digest).first()
    if earlier is None:
        return None, None
    if reading.same(bytes(earlier.raw), raw, place.mapping):
        return answering.Kept(place.pk, earlier.pk, earlier.received_at), None
    return None, reading.own("id-reused", "Bundle.entry[0].resource.id", number=str(earlier.pk))


def earlier_of(place: Endpoint, control: str) -> Any:
    """The messages of an id whose sender was told ok, the first first."""
    rows = Inbound.objects.unscoped(HOUSE).filter(endpoint=place, control=control, code=OK).order_by("id")
    return rows.exclude(state__in=("mended", "dismissed"))


def _is_full(place: Endpoint) -> bool:
    waiting = Inbound.objects.unscoped(HOUSE).filter(endpoint=place, state="kept")
    return bool(waiting[place.depth : place.depth + 1].exists())


def _arrival(
    call: Call, place: Endpoint, raw: bytes, digest: bytes, peer: str, message: Message | None, faults: list[Fault]
) -> Arrival:
    ordering = Ordering(place.ordering)
    key = turns.matter_of(message.conversation) if message else ""
    arrival = Arrival(
        UUID(str(place.pk)), place.organisation_id, message.control if message else "", digest, peer, raw,
        message.event[:40] if message else "", key, turns.slot_of(ordering, key, next(_SERIAL)), OK, call.at,
    )  # fmt: skip
    return replace(arrival, code=FATAL, **rests(faults[0])) if faults else arrival


def header_of(raw: bytes, dialect: str) -> tuple[str, str, str] | None:
    """The event, id and matter of a message, as far as its header can be read; None where it cannot."""
    try:
        found: Message | None = reading.read(raw, dialect)
    except Unreadable as why:
        found = why.message
    return None if found is None else (found.event[:40], found.control, turns.matter_of(found.conversation))


def rests(fault: Fault) -> dict[str, Any]:
    """Why a message can only rest, as it is kept."""
    place = f"{fault.place} ({fault.line}:{fault.column})".strip() if fault.line else fault.place
    params = {"code": fault.code, "zh": fault.zh[:SHOWN], "en": fault.en[:SHOWN]}
    return {"reason": "message-unreadable", "place": place[:200], "params": params}


__all__ = ["Addressed", "Arriving", "arriving", "earlier_of", "rests"]
