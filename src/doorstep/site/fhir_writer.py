"""Single writes from many clients, gathered into few commits: what arrives while one is under way goes into the next.

An idle writer starts at once, a busy one gathers because it is busy; between two commits it waits a moment, so that
those who were just answered are with those who waited meanwhile. No request holds a connection while it waits, and a
client that goes away takes no commit with it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from django.db import InterfaceError, OperationalError, close_old_connections, connections

from doorstep.fhir.problems import FhirProblem
from doorstep.kernel import fence
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.record.exchange import api as exchange
from doorstep.record.exchange.api import Answer, Interaction

log = logging.getLogger(__name__)
THREADS: Final = 2
WAITING: Final = 4096  # writes that may wait; more are told to come back
MOST: Final = 64  # writes of one commit, and their bytes
MOST_BYTES: Final = 4 << 20
MOMENT: Final = 0.004  # seconds that a commit waits for those who were just answered to come again,
MOMENTS: Final = 5  # and so often at most
Interact = Callable[[Call, UUID, Sequence[Interaction]], list[Answer]]


@dataclass(slots=True)
class _Waiting:
    """A write whose client waits for the future."""

    call: Call
    source: UUID
    what: Interaction
    answer: asyncio.Future[Answer]


class Writer:
    """Takes single writes in an event loop and commits them in threads, those of one caller together.

    One commit of a caller is under way at a time, so that its writes keep their order and never clash with each other.
    """

    def __init__(
        self, *, threads: int = THREADS, waiting: int = WAITING, interact: Interact = exchange.interact
    ) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="fhir-write", initializer=fence.as_system)
        self._count = self._free = threads
        self._limit, self._waiting = waiting, 0
        self._interact = interact
        self._queues: dict[Hashable, deque[_Waiting]] = {}
        self._ready: deque[Hashable] = deque()
        self._under_way: set[asyncio.Task[None]] = set()

    async def submit(self, call: Call, what: Interaction) -> Answer:
        """Do one write; the answer is given when it is durable.

        Raises ``FhirProblem``: ``overloaded`` where too many wait or the database is away, ``forbidden`` where the
        caller may not write. What is wrong with the write itself is the problem of the answer.
        """
        if call.organisation is None:
            raise FhirProblem("forbidden", reason="no_institution")
        if self._waiting >= self._limit:
            raise FhirProblem("overloaded")
        what = replace(what, request=what.request or call.request)
        one = _Waiting(call, call.organisation, what, asyncio.get_running_loop().create_future())
        self._waiting += 1
        try:
            self._enqueue(one)
            return await one.answer
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Finish what is under way or waits, and close the connections of the threads."""
        while self._under_way:
            await asyncio.gather(*self._under_way)
        gate = threading.Barrier(self._count)
        loop = asyncio.get_running_loop()
        await asyncio.gather(*[loop.run_in_executor(self._threads, _part, gate) for _ in range(self._count)])
        self._threads.shutdown()

    def _enqueue(self, one: _Waiting) -> None:
        key = _together(one)
        queue = self._queues.get(key)
        if queue is None:
            self._queues[key] = deque([one])
            self._ready.append(key)
            self._start()
        else:
            queue.append(one)

    def _start(self) -> None:
        while self._free and self._ready:
            key = self._ready.popleft()
            self._free -= 1
            task = asyncio.create_task(self._commit(key))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _commit(self, key: Hashable) -> None:
        """Commit what waits under a key, and put the key at the end of the line where more has come meanwhile."""
        queue = self._queues[key]
        try:
            if group := _take(queue):
                loop = asyncio.get_running_loop()
                results = await loop.run_in_executor(self._threads, self._work, group)
                for one, result in zip(group, results, strict=True):
                    _tell(one.answer, result)
                await _gathered(queue, min(MOST, len(group) + len(queue)))
        finally:
            self._free += 1
            if queue:
                self._ready.append(key)
            else:
                del self._queues[key]
            self._start()

    def _work(self, group: Sequence[_Waiting]) -> list[Answer | Exception]:
        """In a thread: all together; where that fails, each by itself, so that one cannot fail its neighbours.

        A write that was committed although its connection broke is known by its salt, and answered as it was done.
        """
        try:
            return [*self._interact(group[0].call, group[0].source, [one.what for one in group])]
        except (Refused, FhirProblem) as refused:
            return [_told(refused)] * len(group)
        except Exception:  # whatever it was, it may be the fault of one of them
            log.warning("a commit of %d writes failed, each is tried alone", len(group), exc_info=True)
        return [self._alone(one) for one in group]

    def _alone(self, one: _Waiting) -> Answer | Exception:
        try:
            close_old_connections()  # only now: to ask each time whether a connection is well costs a round trip
            return self._interact(one.call, one.source, [one.what])[0]
        except Exception as error:  # noqa: BLE001  whatever it was, it is told to the one client whose write it is
            return _told(error)


def _together(one: _Waiting) -> Hashable:
    """Writes may share a commit where their callers differ in nothing but the request."""
    call = one.call
    return (one.source, call.actor, call.name, call.scope, call.permissions, call.post, call.role, call.purpose)


def _take(queue: deque[_Waiting]) -> list[_Waiting]:
    """The next writes of a queue, as many as may share a commit; what nobody waits for any more is left out."""
    group: list[_Waiting] = []
    size = 0
    while queue and len(group) < MOST and (not group or size + len(queue[0].what.write.body) <= MOST_BYTES):
        one = queue.popleft()
        if not one.answer.done():
            group.append(one)
            size += len(one.what.write.body)
    return group


async def _gathered(queue: deque[_Waiting], hoped: int) -> None:
    """Wait a little until so many writes wait; not where one client sends one write after the other."""
    for _ in range(MOMENTS):
        if hoped == 1 or len(queue) >= hoped:
            return
        await asyncio.sleep(MOMENT)


def _tell(answer: asyncio.Future[Answer], result: Answer | Exception) -> None:
    if answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)


def _told(error: Exception) -> Exception:
    if isinstance(error, Refused):
        return FhirProblem("forbidden", reason=error.decision.reason)
    if isinstance(error, OperationalError | InterfaceError):
        log.error("the database does not take a write", exc_info=error)
        return FhirProblem("overloaded")
    return error


def _part(gate: threading.Barrier) -> None:
    """In each thread of the pool once: all meet, so that none does it twice."""
    gate.wait(10)
    connections.close_all()
