"""Messages of many senders, kept together: what comes while a commit is under way goes into the next.

Each of a process's ``LANES`` keeps by one connection of its own, and all of a sender goes the same way, so that what it
sent first is first: while the disk writes for one lane, the database works for the other. Each commit takes from all
senders in turn, so that none waits behind another's thousands. While the database is away, or its disk full, it is
tried again for ``PATIENCE`` seconds; then whoever waits is told that nothing was kept.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from doorstep.record.endpoints import api as endpoints
from doorstep.record.endpoints.api import Arrival, Kept
from doorstep.site import fhir_rows, mllp_counting
from doorstep.site.mllp_counting import Told

log = logging.getLogger(__name__)
LANES: Final = 2  # more make smaller commits, and each costs
MOST: Final = 256  # messages of one commit, and their bytes
MOST_BYTES: Final = 8 << 20
PAUSE: Final = 0.002  # seconds at most that a commit waits for more: it costs as much as ten messages
PATIENCE: Final = 10.0
AGAIN: Final = 0.5  # seconds between two tries
CALLS: Final = 0.05  # seconds between two calls to the worker; where one is lost it looks by itself within seconds
_BUSY: Final = (
    asyncpg.InsufficientResourcesError, asyncpg.OperatorInterventionError, asyncpg.TransactionRollbackError,
    asyncpg.PostgresIOError,
)  # fmt: skip
AWAY: Final = (*fhir_rows.LOST, *_BUSY, TimeoutError)
"""What passes: the database was restarted, its disk or memory is full, another transaction was in the way."""


class Keeper:
    """Gathers what is to be kept of the senders of one lane, in one event loop."""

    def __init__(self) -> None:
        self._queues: dict[UUID, deque[tuple[Arrival, Told]]] = {}
        self._writer: asyncio.Task[None] | None = None
        self._connection: Any = None
        self._keep: Any = None
        self._keep_and_call: Any = None
        self._waiting = 0
        self._enough = 1
        self._gathered: asyncio.Future[None] | None = None
        self._called = 0.0

    def keep(self, arrival: Arrival, told: Told) -> None:
        """Begin to keep a message."""
        one = mllp_counting.traced(arrival, told)
        queue = self._queues.get(arrival.endpoint)
        if queue is None:
            self._queues[arrival.endpoint] = queue = deque()
        queue.append(one)
        self._waiting += 1
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        elif self._gathered is not None and self._waiting >= self._enough:
            _end(self._gathered)

    def submit(self, arrival: Arrival) -> asyncio.Future[Kept | None]:
        """The same, to be waited for."""
        future: asyncio.Future[Kept | None] = asyncio.get_running_loop().create_future()
        self.keep(arrival, lambda kept: None if future.done() else future.set_result(kept))
        return future

    async def close(self) -> None:
        """Finish what waits, and close the connection."""
        while self._writer is not None:
            await asyncio.wait([self._writer])
        if self._connection is not None:
            gone, self._connection = self._connection, None
            await gone.close()

    async def _write(self) -> None:
        try:
            while self._queues:
                await self._gather()
                batch = self._next()
                begun = time.monotonic()
                found = await self._kept([one for one, _ in batch])
                seconds = time.monotonic() - begun
                self._enough = (len(batch) + self._waiting) * 7 // 8  # of all who send
                for (_, told), kept in zip(batch, found, strict=True):
                    told(kept)
                mllp_counting.count(batch, found, seconds)
        finally:
            self._writer = None

    async def _gather(self) -> None:
        """Wait until nearly all who send have sent again, but not for long."""
        if self._waiting < self._enough:
            loop = asyncio.get_running_loop()
            self._gathered = loop.create_future()
            clock = loop.call_later(PAUSE, _end, self._gathered)
            await self._gathered
            self._gathered = None
            clock.cancel()

    def _next(self) -> list[tuple[Arrival, Told]]:
        """The next of all endpoints in turn, no more than one commit should hold."""
        batch: list[tuple[Arrival, Told]] = []
        size = 0
        while self._queues and len(batch) < MOST and size < MOST_BYTES:
            key = next(iter(self._queues))
            queue = self._queues.pop(key)
            batch.append(queue.popleft())
            size += len(batch[-1][0].raw)
            if queue:
                self._queues[key] = queue  # at the end of the line
        self._waiting -= len(batch)
        return batch

    async def _kept(self, batch: Sequence[Arrival]) -> list[Kept | None]:
        end = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                return await self._once(batch)
            except AWAY as error:
                log.warning("%d messages cannot be kept yet: %s", len(batch), type(error).__name__)
                self._drop()
                if asyncio.get_running_loop().time() > end:
                    return [None] * len(batch)
                await asyncio.sleep(AGAIN)
            except Exception:
                self._drop()
                if len(batch) == 1:
                    log.exception("a message of endpoint %s cannot be kept", batch[0].endpoint)
                    return [None]
                # whatever it was, it may be the fault of one of them
                return [found for one in batch for found in await self._kept([one])]

    async def _once(self, batch: Sequence[Arrival]) -> list[Kept | None]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await fhir_rows.connect("mllp")
            self._keep = await self._connection.prepare(endpoints.KEEP)
            self._keep_and_call = await self._connection.prepare(endpoints.KEEP_AND_CALL)
        keep, now = self._keep, asyncio.get_running_loop().time()
        if now - self._called > CALLS:
            self._called, keep = now, self._keep_and_call
        found = endpoints.found(await keep.fetch(*endpoints.columns(batch)))
        if len(found) < len(batch):  # some came before, or twice at the same time
            known = [(one.endpoint, one.digest) for one in batch if (one.endpoint, one.digest) not in found]
            if known:
                keys, digests = zip(*known, strict=True)
                rows = await self._connection.fetch(endpoints.KNOWN, list(keys), list(digests))
                found = {**found, **endpoints.found(rows)}
        return [found.get((one.endpoint, one.digest)) for one in batch]

    def _drop(self) -> None:
        gone, self._connection = self._connection, None
        if gone is not None:
            gone.terminate()


def _end(gathered: asyncio.Future[None]) -> None:
    if not gathered.done():
        gathered.set_result(None)
