"""Sockets and time limits of MLLP: many connections in one event loop, each message answered in its turn.

A message is handed to the house as soon as it is whole. While answers are owed for more than ``HELD`` bytes nothing
more is read: so a house that answers slowly slows its senders, and nothing is ever dropped. A house that gives no
answer (its database is away) has the connection closed without one: HL7's senders then send again what they have no
acknowledgement for.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import Counter, deque
from dataclasses import dataclass
from functools import partial
from itertools import count
from math import inf
from typing import Final, Protocol, cast

from doorstep.adapters.hl7v2.frames import Frames, TooLong, frame

log = logging.getLogger(__name__)
HELD: Final = 1 << 16
BACKLOG: Final = 512
LOOK: Final = 0.5  # seconds between two looks at how long a connection has been waited for


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: from a connection to its first byte, between messages, and from a frame's first byte to its last.

    A frame gets ``frame`` seconds and one more for each ``rate`` bytes of it that have come.
    """

    first: float = 60.0
    idle: float = 3600.0
    frame: float = 30.0
    rate: int = 100_000
    send: float = 30.0


@dataclass(slots=True, eq=False)
class Peer:
    """A connection: the port it came to, the address it came from, and which of the process it is."""

    port: int
    address: str
    number: int = 0


class House(Protocol):
    """What the listener asks of whoever keeps the messages."""

    def admit(self, peer: Peer, others: int) -> bool:
        """Whether a connection may stay, where so many others are open at its port."""

    def limit(self, peer: Peer) -> int:
        """The most bytes of a message."""

    def take(self, peer: Peer, raw: bytes) -> asyncio.Future[bytes | None]:
        """Begin to keep a message (at once, so that the order stays); what comes of it is the acknowledgement.

        ``b""`` where its sender wants none, None where it could not be kept; never an exception.
        """

    def too_long(self, peer: Peer, limit: int, begin: bytes) -> asyncio.Future[bytes | None]:
        """A message is longer than the limit; ``begin`` is what came of it."""

    def left(self, peer: Peer) -> None:
        """The connection is gone."""

    async def broken(self, peer: Peer, begin: bytes) -> None:
        """A connection ended in the midst of a message, or was too slow."""


class Listener:
    """The open ports of one process."""

    def __init__(self, house: House, host: str, limits: Limits | None = None) -> None:
        self.house, self.limits, self._host = house, limits or Limits(), host
        self._servers: dict[int, asyncio.Server] = {}
        self._open: Counter[int] = Counter()
        self._lines: dict[int, set[_Connection]] = {}
        self._last: set[asyncio.Task[None]] = set()
        self.numbers = count()

    @property
    def ports(self) -> frozenset[int]:
        """The ports that are listened on."""
        return frozenset(self._servers)

    async def open(self, port: int, secured: ssl.SSLContext | None) -> None:
        """Listen on a port; other processes may listen there too, and the kernel shares the connections out.

        Raises ``OSError`` where it cannot be had.
        """
        self._lines[port] = set()
        self._servers[port] = await asyncio.get_running_loop().create_server(
            partial(_Connection, self, port), self._host, port, ssl=secured, reuse_port=True, backlog=BACKLOG,
            ssl_handshake_timeout=10 if secured else None, ssl_shutdown_timeout=2 if secured else None,
        )  # fmt: skip

    async def close(self, port: int) -> None:
        """Listen no longer: what is whole is still answered, then the connections are closed."""
        self._servers.pop(port).close()
        lines = self._lines.pop(port)
        for line in lines:
            line.end()
        if lines:
            await asyncio.wait([line.gone for line in lines], timeout=self.limits.send)
            for line in lines:
                line.abort()
        if self._last:
            await asyncio.wait(self._last)

    def enter(self, line: _Connection) -> bool:
        """Count a connection; whether it may stay."""
        port = line.peer.port
        self._open[port] += 1
        if port not in self._lines:
            return False
        self._lines[port].add(line)
        return self.house.admit(line.peer, self._open[port] - 1)

    def leave(self, line: _Connection, begin: bytes) -> None:
        """Forget a connection, and keep what came of a message that is not whole."""
        self._open[line.peer.port] -= 1
        self._lines.get(line.peer.port, set()).discard(line)
        self.house.left(line.peer)
        if begin:
            task = asyncio.get_running_loop().create_task(self.house.broken(line.peer, begin))
            self._last.add(task)
            task.add_done_callback(self._last.discard)


class _Connection(asyncio.Protocol):
    """One sender: frames in, acknowledgements out, in the order of the messages."""

    def __init__(self, listener: Listener, port: int) -> None:
        self._listener, self._house, self._limits = listener, listener.house, listener.limits
        self._loop = asyncio.get_running_loop()
        self.peer = Peer(port, "", next(listener.numbers))
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._frames = Frames(0)
        self._answers: deque[asyncio.Future[bytes | None]] = deque()
        self._held = 0  # bytes that came since nothing was owed
        self._begun = 0.0  # when the frame that is not yet whole began
        self._sent_by = inf  # until when what was written must be taken
        self._deaf = self._ending = self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A sender has come."""
        self._transport = cast("asyncio.Transport", transport)
        self.peer.address = str((transport.get_extra_info("peername") or ("",))[0])
        self._due = self._loop.time() + self._limits.first
        self._clock = self._loop.call_later(LOOK, self._look)
        raw = transport.get_extra_info("socket")
        if raw is not None:  # the system finds out about peers that are gone without a word (a cable, a firewall)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if not self._listener.enter(self):
            self._stop()

    def data_received(self, data: bytes) -> None:
        """Hand over what has become whole."""
        if self._deaf:
            return
        house, frames = self._house, self._frames
        frames.limit = house.limit(self.peer)
        try:
            whole = frames.feed(data)
        except TooLong as found:
            begin, self._frames, self._deaf = frames.rest(), Frames(found.limit), True
            self._owe([house.take(self.peer, raw) for raw in found.frames])
            self._owe([house.too_long(self.peer, found.limit, begin)])
            return
        if whole:
            self._begun = 0.0
            self._owe([house.take(self.peer, raw) for raw in whole])
        if self._answers:
            self._held += len(data)
            if self._held > HELD:
                self._hold()
        else:
            self._wait()

    def eof_received(self) -> bool:
        """The sender sends no more; what is owed is still sent, except in TLS, where nothing is half closed."""
        self.end()
        return bool(self._answers) and self._transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, and with it what of a message was not whole."""
        if exc is not None:
            log.info("connection of %s at %s ended: %s", self.peer.address, self.peer.port, type(exc).__name__)
        self._deaf = True
        self._clock.cancel()
        self._listener.leave(self, self._frames.rest())
        self.gone.set_result(None)

    def pause_writing(self) -> None:
        """The sender takes no answers: until it does, nothing more is read of it."""
        self._sent_by = self._loop.time() + self._limits.send
        self._hold()

    def resume_writing(self) -> None:
        """It has taken them."""
        self._sent_by = inf
        self._hold()

    def end(self) -> None:
        """Read no more, and close once nothing is owed."""
        self._deaf = self._ending = True
        if not self._answers:
            self._stop()

    def abort(self) -> None:
        """Close at once, whatever is owed."""
        self._transport.abort()

    def _owe(self, answers: list[asyncio.Future[bytes | None]]) -> None:
        self._answers += answers
        for each in answers:
            each.add_done_callback(self._answer)

    def _answer(self, _: asyncio.Future[bytes | None]) -> None:
        """Send the acknowledgements that have become ready and whose turn it is."""
        answers = self._answers
        ready: list[bytes] = []
        while answers and answers[0].done():
            answer = answers.popleft().result()
            if answer is None:  # kept or not, those behind it are not answered: their sender sends them again
                answers.clear()
                self._deaf = self._ending = True
            elif answer:
                ready.append(frame(answer))
        if ready and not self._transport.is_closing():
            self._transport.write(b"".join(ready))
        if not answers:
            self._settled()

    def _settled(self) -> None:
        """Nothing is owed any more: go on, or close; one that is still sending too much would not see its answer."""
        self._held = 0
        if self._ending:
            self._stop()
        elif self._deaf:
            self._due = self._loop.time() + self._limits.frame
            self._hold()
        else:
            self._wait()
            if self._paused:
                self._hold()

    def _wait(self) -> None:
        """Until when the next bytes, or the rest of a frame, must come."""
        now = self._loop.time()
        if pending := self._frames.pending:
            self._begun = self._begun or now
            self._due = self._begun + self._limits.frame + pending / self._limits.rate
        else:
            self._begun, self._due = 0.0, now + self._limits.idle

    def _look(self) -> None:
        """Close a connection that has not sent, or not taken, in time what it should."""
        now = self._loop.time()
        if now >= min(self._sent_by, inf if self._answers else self._due):
            log.info("connection of %s at %s ended: too slow", self.peer.address, self.peer.port)
            if self._sent_by < inf:
                self._transport.abort()
            else:
                self._stop()
        self._clock = self._loop.call_later(LOOK, self._look)

    def _hold(self) -> None:
        """Read, or read not, as what is owed and not taken says."""
        paused = self._sent_by < inf or (bool(self._answers) and self._held > HELD)
        if paused != self._paused and not self._transport.is_closing():
            self._paused = paused
            if paused:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _stop(self) -> None:
        """Close; what was written is still sent, if the other side takes it in time."""
        self._deaf = True
        if not self._transport.is_closing():
            self._sent_by, self._due = self._loop.time() + self._limits.send, inf
            self._transport.close()
