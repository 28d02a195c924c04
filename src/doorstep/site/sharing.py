"""Work shared by several processes of this program, each with its own connection; one that dies ends the whole."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import TypeVar

T = TypeVar("T")


class WorkerDied(Exception):
    """A process ended before its work did; what it had committed stays, and the work can be begun again."""


def calm_collector() -> None:
    """Let Python seek cyclic garbage more seldom: a batch is many objects and no cycles.

    With the usual haste a third of an ingest's CPU went into it.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def shared(work: Callable[[int], Iterable[T]], processes: int) -> Iterator[T]:
    """Run ``work(0)`` … ``work(processes - 1)`` side by side and give what they yield, as it comes.

    ``work`` runs in a fork of this process. Raises ``WorkerDied`` where one fails; the others are then ended too.
    """
    from django.db import connections

    connections.close_all()  # a connection must not be spoken to by two processes
    context, parent = multiprocessing.get_context("fork"), os.getpid()
    workers, doors = [], []
    for number in range(processes):
        here, there = context.Pipe(duplex=False)
        worker = context.Process(target=_work, args=(work, number, there, parent), daemon=True)
        worker.start()
        there.close()
        workers.append(worker)
        doors.append(here)
    try:
        yield from _listen(doors)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()


def _listen(doors: list[Connection]) -> Iterator[T]:
    while doors:
        for door in wait(doors):
            assert isinstance(door, Connection)
            try:
                done, said = door.recv()
            except (EOFError, ConnectionError):
                raise WorkerDied from None
            if done:
                doors.remove(door)
            else:
                yield said


def _work(work: Callable[[int], Iterable[T]], number: int, door: Connection, parent: int) -> None:
    _leave_connections()
    try:
        for said in work(number):
            door.send((False, said))
            if os.getppid() != parent:
                return
        door.send((True, None))
    except (KeyboardInterrupt, BrokenPipeError):
        return
    finally:
        for end in (signal.SIGTERM, signal.SIGINT):  # it ends now: to be told so once more is nothing to complain of
            signal.signal(end, signal.SIG_IGN)


def _leave_connections() -> None:
    """Forget, unclosed, what connections came with the fork: those that the parent's event loop hides are seen here."""
    from django.db import connections

    for alias in connections:
        del connections[alias]
