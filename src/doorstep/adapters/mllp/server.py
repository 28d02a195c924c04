"""Sockets and time limits of MLLP: many connections in one event loop, each message answered in its turn.

A message is handed to the house as soon as it is whole, and the next bytes are read once it has been answered: so a
house that answers slowly slows its senders, and nothing is ever dropped. A house that gives no answer (its database is
away) has the connection closed without one: HL7's senders then send again what they have no acknowledgement for.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from doorstep.adapters.hl7v2.frames import Frames, TooLong, frame

log = logging.getLogger(__name__)
CHUNK: Final = 1 << 16
BACKLOG: Final = 512


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
    """A connection: the port it came to and the address it came from."""

    port: int
    address: str


class House(Protocol):
    """What the listener asks of whoever keeps the messages."""

    def admit(self, peer: Peer, others: int) -> bool:
        """Whether a connection may stay, where so many others are open at its port."""

    def limit(self, peer: Peer) -> int:
        """The most bytes of a message."""

    def take(self, peer: Peer, raw: bytes) -> Awaitable[bytes | None]:
        """Begin to keep a message (at once, so that the order stays); what comes of it is the acknowledgement.

        ``b""`` where its sender wants none, None where it could not be kept.
        """

    def too_long(self, peer: Peer, limit: int, begin: bytes) -> Awaitable[bytes | None]:
        """A message is longer than the limit; ``begin`` is what came of it."""

    def left(self, peer: Peer) -> None:
        """The connection is gone."""

    async def broken(self, peer: Peer, begin: bytes) -> None:
        """A connection ended in the midst of a message, or was too slow."""


class Listener:
    """The open ports of one process."""

    def __init__(self, house: House, host: str, limits: Limits | None = None) -> None:
        self._house, self._host, self._limits = house, host, limits or Limits()
        self._servers: dict[int, asyncio.Server] = {}
        self._open: Counter[int] = Counter()
        self._tasks: dict[int, set[asyncio.Task[None]]] = {}

    @property
    def ports(self) -> frozenset[int]:
        """The ports that are listened on."""
        return frozenset(self._servers)

    async def open(self, port: int, secured: ssl.SSLContext | None) -> None:
        """Listen on a port; other processes may listen there too, and the kernel shares the connections out.

        Raises ``OSError`` where it cannot be had.
        """
        self._tasks[port] = set()
        self._servers[port] = await asyncio.start_server(
            lambda reader, writer: self._serve(port, reader, writer),
            self._host, port, ssl=secured, reuse_port=True, backlog=BACKLOG, limit=CHUNK,
            ssl_handshake_timeout=10 if secured else None,
        )  # fmt: skip

    async def close(self, port: int) -> None:
        """Listen no longer: what is whole is still answered, then the connections are closed."""
        self._servers.pop(port).close()
        tasks = self._tasks.pop(port)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self._limits.send)

    async def _serve(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        peer = Peer(port, str((writer.get_extra_info("peername") or ("",))[0]))
        mine = self._tasks.get(port, set())
        mine.add(task)
        self._open[port] += 1
        try:
            if self._house.admit(peer, self._open[port] - 1):
                _keep_alive(writer)
                await _Connection(self._house, peer, self._limits, reader, writer).run()
        except (OSError, TimeoutError, asyncio.CancelledError) as error:
            log.info("connection of %s at %s ended: %s", peer.address, port, type(error).__name__)
        finally:
            self._open[port] -= 1
            self._house.left(peer)
            mine.discard(task)
            writer.close()
            with suppress(OSError, ssl.SSLError, TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(writer.wait_closed(), 5)


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """Have the system find out about peers that are gone without a word (a cable, a firewall)."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


class _Connection:
    """One sender: frames in, acknowledgements out."""

    def __init__(
        self, house: House, peer: Peer, limits: Limits, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._house, self._peer, self._limits, self._reader, self._writer = house, peer, limits, reader, writer
        self._frames = Frames(house.limit(peer))
        self._begun = 0.0

    async def run(self) -> None:
        """Until the sender ends, is too slow, sends too much, or cannot be answered."""
        first = True
        try:
            while data := await self._read(self._patience(first)):
                first = False
                if not await self._fed(data):
                    return
        finally:
            if begin := self._frames.rest():
                await asyncio.shield(self._house.broken(self._peer, begin))

    async def _read(self, seconds: float) -> bytes:
        """The next bytes; raises ``TimeoutError``. (``wait_for`` would make a task of each read.)"""
        async with asyncio.timeout(seconds):
            return await self._reader.read(CHUNK)

    def _patience(self, first: bool) -> float:
        """How long the next bytes may take."""
        now = asyncio.get_running_loop().time()
        if not self._frames.pending:
            self._begun = 0.0
            return self._limits.first if first else self._limits.idle
        self._begun = self._begun or now
        due = self._begun + self._limits.frame + self._frames.pending / self._limits.rate
        return max(0.001, due - now)

    async def _fed(self, data: bytes) -> bool:
        """Hand over what has become whole and answer it; whether the connection goes on."""
        self._frames.limit = self._house.limit(self._peer)
        try:
            whole = self._frames.feed(data)
        except TooLong as found:
            begin, self._frames = self._frames.rest(), Frames(found.limit)
            if await self._answered([self._house.take(self._peer, raw) for raw in found.frames]):
                await self._answered([self._house.too_long(self._peer, found.limit, begin)])
                await self._drained()
            return False
        if whole:
            self._begun = 0.0
        return await self._answered([self._house.take(self._peer, raw) for raw in whole])

    async def _answered(self, answers: Sequence[Awaitable[bytes | None]]) -> bool:
        """Send the acknowledgements in the order of the messages; False where one of them could not be kept."""
        for at, coming in enumerate(answers):
            answer = await coming
            if answer is None:
                for other in answers[at + 1 :]:
                    await other  # kept or not, it is not answered: its sender sends it again, and is told the same
                return False
            if answer:
                self._writer.write(frame(answer))
        if self._writer.transport.get_write_buffer_size():
            async with asyncio.timeout(self._limits.send):
                await self._writer.drain()
        return True

    async def _drained(self) -> None:
        """Read on what cannot be used, for a moment: a sender that is still sending would not see the answer."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._limits.frame):
                while await self._reader.read(CHUNK):
                    pass
