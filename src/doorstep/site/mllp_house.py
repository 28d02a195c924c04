"""What stands behind the MLLP listener: whose a message is, that it is kept, how its sender is answered."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Final
from uuid import UUID

from doorstep.adapters.hl7v2 import acks, batches
from doorstep.adapters.hl7v2.codec import header_of
from doorstep.adapters.hl7v2.shapes import Header, Problem
from doorstep.adapters.mllp.server import Peer
from doorstep.kernel import clock, metrics
from doorstep.record.endpoints import api as endpoints
from doorstep.record.endpoints.api import Arrival, Door, Kept
from doorstep.site import mllp_batches
from doorstep.site.mllp_keeper import Keeper

log = logging.getLogger(__name__)
SLOWED: Final = 5.0  # seconds at most that a sender is made to wait where too much waits already
STEP: Final = 0.25
SHORT: Final = 64 << 10  # bytes kept of what could not come whole


class Doors:
    """The endpoints that are on, by port, as they were when last looked at; and who is connected to which."""

    def __init__(self) -> None:
        self.by_port: Mapping[int, Sequence[Door]] = {}
        self._connected: dict[UUID, set[Peer]] = {}
        self._waiting: dict[UUID, int] = {}

    def set(self, doors: Sequence[Door]) -> None:
        """What was found when the endpoints were looked at."""
        by_port: dict[int, list[Door]] = defaultdict(list)
        for door in doors:
            by_port[door.port].append(door)
        self.by_port = by_port
        self._waiting = {door.id: door.waiting for door in doors}

    def at(self, port: int) -> Sequence[Door]:
        """The endpoints of a port."""
        return self.by_port.get(port, ())

    def whose(self, port: int, header: Header | None) -> Door | None:
        """The endpoint whose sender the header names: of those of the port the one that says most of it."""
        found = [door for door in self.at(port) if _is_of(door, header)]
        return max(found, key=lambda d: (bool(d.application), bool(d.facility)), default=None)

    def enter(self, door: Door, peer: Peer) -> bool:
        """Count a connection as the endpoint's; False where it has as many as it may."""
        mine = self._connected.setdefault(door.id, set())
        if peer not in mine and len(mine) >= door.most_connections:
            return False
        mine.add(peer)
        return True

    def leave(self, peer: Peer) -> None:
        """A connection is gone."""
        for mine in self._connected.values():
            mine.discard(peer)

    def came(self, door: Door) -> None:
        """One more waits, until it is looked at again."""
        self._waiting[door.id] = self._waiting.get(door.id, 0) + 1

    def is_full(self, door: Door) -> bool:
        """Whether more waits at the endpoint than its depth."""
        return self._waiting.get(door.id, 0) > door.depth


def _is_of(door: Door, header: Header | None) -> bool:
    if header is None:
        return not door.application and not door.facility
    names = ((door.application, header.sending_application), (door.facility, header.sending_facility))
    return all(not said or said in (found, found.partition("^")[0]) for said, found in names)


class MllpHouse:
    """The house of the listener (see ``doorstep.adapters.mllp.server``)."""

    def __init__(self, doors: Doors, lanes: Sequence[Keeper]) -> None:
        self._doors, self._lanes = doors, lanes
        self._serial = count()
        self._slowed: dict[UUID, deque[tuple[float, Callable[[], None]]]] = {}

    def admit(self, peer: Peer, others: int) -> bool:
        """From where some endpoint of the port may be sent to, and no more than all of them together may have."""
        doors = self._doors.at(peer.port)
        most = sum(door.most_connections for door in doors)
        return others < most and any(endpoints.may_come_from(peer.address, door.allowed) for door in doors)

    def limit(self, peer: Peer) -> int:
        """The most that any endpoint of the port takes; what is too much for its own is refused when it is known."""
        return max((door.most_bytes for door in self._doors.at(peer.port)), default=SHORT)

    def left(self, peer: Peer) -> None:
        """The connection is gone."""
        self._doors.leave(peer)

    def take(self, peer: Peer, raw: bytes) -> asyncio.Future[bytes | None]:
        """Keep a message; of what no endpoint is for, and of what is sent from elsewhere, nothing is kept."""
        header = header_of(raw)
        if header is None and batches.is_batch(raw):
            return asyncio.ensure_future(self._batch(peer, raw))
        door = self._doors.whose(peer.port, header)
        if door is None or not endpoints.may_come_from(peer.address, door.allowed):
            return _ready(_refused(header, Problem("unknown-sender", "MSH-3")))
        if not self._doors.enter(door, peer):
            return _ready(None)
        if door.charset:
            header = header_of(raw, door.charset)
        if len(raw) > door.most_bytes:
            return self.too_long(peer, door.most_bytes, raw[:SHORT])
        fault = acks.fault_of(header)
        arrival = self._arrival(door, peer, raw, header, *_rests(fault))
        return self._submitted(door, peer, arrival, header, fault)

    async def _batch(self, peer: Peer, raw: bytes) -> bytes | None:
        """Keep each message of a batch file; what is wrong with the file as a whole rests before it is answered."""
        try:
            return await self._kept(peer, raw)
        except Exception:  # nothing is answered, and the file comes again
            log.exception("a batch file from %s cannot be kept", peer.address)
            return None

    async def _kept(self, peer: Peer, raw: bytes) -> bytes | None:
        batch = batches.split(raw)
        problems = mllp_batches.check(batch)
        envelope, header = mllp_batches.envelope_of(batch)
        door = self._doors.whose(peer.port, header) if problems else None
        if door is not None and endpoints.may_come_from(peer.address, door.allowed):
            fault, whole = problems[0], hashlib.sha256(raw).digest()  # a file that is cut elsewhere is another
            arrival = self._arrival(
                door, peer, envelope, None, "batch-incomplete", {"detail": fault.reason}, fault.place
            )
            if await self._lane(peer).submit(replace(arrival, digest=whole, code="")) is None:
                return None
        return await mllp_batches.answered(peer, raw, batch, problems, self.take)

    def too_long(self, peer: Peer, limit: int, begin: bytes) -> asyncio.Future[bytes | None]:
        """Keep the beginning, and refuse."""
        header = header_of(begin)
        door = self._doors.whose(peer.port, header)
        fault = Problem("too-long", "", f"{limit}")
        if door is None or not endpoints.may_come_from(peer.address, door.allowed):
            return _ready(_refused(header, fault))
        arrival = self._arrival(door, peer, begin[:SHORT], header, "too-long", {"limit": limit})
        return self._submitted(door, peer, arrival, header, fault)

    async def broken(self, peer: Peer, begin: bytes) -> None:
        """Keep what came of a message whose connection ended, so that somebody can see it; it is not acknowledged."""
        door = self._doors.whose(peer.port, header := header_of(begin))
        if door is not None and endpoints.may_come_from(peer.address, door.allowed):
            arrival = self._arrival(door, peer, begin[:SHORT], header, "broken-frame", {"size": len(begin)})
            await self._lane(peer).submit(replace(arrival, code=""))

    def _arrival(
        self,
        door: Door,
        peer: Peer,
        raw: bytes,
        header: Header | None,
        reason: str,
        params: Mapping[str, object],
        place: str = "",
    ) -> Arrival:
        key = endpoints.key_of(door.ordering, raw)
        told = acks.wanted(header, _code(header, good=not reason)) or ""
        kind = f"{header.kind}^{header.trigger}".rstrip("^") if header else ""
        return Arrival(
            door.id, door.source, header.control_id if header else "", hashlib.sha256(raw).digest(), peer.address, raw,
            kind, key, endpoints.slot_of(door.ordering, key, next(self._serial)), told, clock.now(), reason, params,
            place,
        )  # fmt: skip

    def _submitted(
        self, door: Door, peer: Peer, arrival: Arrival, header: Header | None, fault: Problem | None
    ) -> asyncio.Future[bytes | None]:
        self._doors.came(door)
        answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

        def told(kept: Kept | None) -> None:
            found = None
            try:
                found = _acknowledged(kept, header, fault)
            except Exception:  # the other senders of the commit are to be told all the same
                log.exception("a message of endpoint %s cannot be acknowledged", door.id)
            answer.set_result(found)

        if self._doors.is_full(door) or door.id in self._slowed:
            self._slow(door, lambda: self._lane(peer).keep(arrival, told))
        else:
            self._lane(peer).keep(arrival, told)
        return answer

    def _lane(self, peer: Peer) -> Keeper:
        return self._lanes[peer.number % len(self._lanes)]

    def _slow(self, door: Door, keep: Callable[[], None]) -> None:
        """Have a message wait until less waits, but not so long that its sender gives up; those behind it too."""
        loop = asyncio.get_running_loop()
        if door.id not in self._slowed:
            self._slowed[door.id] = deque()
            loop.call_later(STEP, self._go_on, door)
        self._slowed[door.id].append((loop.time() + SLOWED, keep))

    def _go_on(self, door: Door) -> None:
        """Keep those that have waited long enough, or all where there is room; look again while some wait."""
        loop, line = asyncio.get_running_loop(), self._slowed[door.id]
        while line and (line[0][0] <= loop.time() or not self._doors.is_full(door)):
            line.popleft()[1]()
        if line:
            loop.call_later(STEP, self._go_on, door)
        else:
            del self._slowed[door.id]


def _code(header: Header | None, *, good: bool) -> str:
    """AA or AR in original mode, CA or CR in enhanced mode (HL7 v2.5.1, 2.9.2 and 2.9.3).

    Good says that the message is kept and that we answer for it; what its mapping finds wrong rests with us.
    """
    enhanced = header is not None and bool(header.accept_ack or header.application_ack)
    return ("C" if enhanced else "A") + ("A" if good else "R")


def _rests(fault: Problem | None) -> tuple[str, Mapping[str, object], str]:
    """Why a message can only rest, with what fills the words, and where; nothing for a sound one."""
    return ("", {}, "") if fault is None else ("unreadable", {"detail": fault.reason}, fault.place)


def _acknowledged(kept: Kept | None, header: Header | None, fault: Problem | None) -> bytes | None:
    """The acknowledgement of a message that is kept: made of what is kept, so that whoever sends it again gets the
    same to the byte."""
    if kept is None or not kept.code:
        return None if kept is None else b""
    return acks.acknowledge(
        header, kept.code, text=fault.text if fault else "", error=fault, at=kept.received_at.astimezone(clock.CHINA),
        control_id=str(kept.id),
    )  # fmt: skip


def _refused(header: Header | None, fault: Problem) -> bytes:
    """The refusal of what is not kept."""
    metrics.STRANGERS.labels(fault.reason).inc()
    code = acks.wanted(header, _code(header, good=False))
    if code is None:
        return b""
    at = clock.now()
    return acks.acknowledge(header, code, error=fault, at=at.astimezone(clock.CHINA), control_id=f"{at:%Y%m%d%H%M%S%f}")


def _ready(answer: bytes | None) -> asyncio.Future[bytes | None]:
    future: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
    future.set_result(answer)
    return future
