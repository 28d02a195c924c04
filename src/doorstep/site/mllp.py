"""``doorstep mllp``: listens where endpoints say, as they are changed; several processes may run side by side.

The endpoints are looked at every second, so that a change of one, and how much waits at each, is soon known. Where the
database is away what was known last holds, and messages are kept once it is back, or not acknowledged.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

import uvloop
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from doorstep.adapters.mllp.server import Limits, Listener
from doorstep.kernel import fence, metrics, tracing
from doorstep.record.endpoints import api as endpoints
from doorstep.record.endpoints.api import Door
from doorstep.site import serve
from doorstep.site.mllp_house import Doors, MllpHouse
from doorstep.site.mllp_keeper import LANES, Keeper

log = logging.getLogger(__name__)
LOOK: Final = 1.0
Secured = tuple[str, str, str]


def run(host: str, limits: Limits | None = None) -> int:
    """Listen until told to end (Ctrl-C, SIGTERM), or until the program that started this one is gone."""
    metrics.sweep()
    tracing.begin("mllp")
    uvloop.run(_run(host, limits))
    tracing.end()
    return 0


async def _run(host: str, limits: Limits | None) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serve.watch_parent(lambda: os._exit(1))
    await Station(host, limits).run(stop)


class Station:
    """The ports of one process, kept as the endpoints say."""

    def __init__(self, host: str, limits: Limits | None = None) -> None:
        self.doors, self._lanes = Doors(), [Keeper() for _ in range(LANES)]
        self.listener = Listener(MllpHouse(self.doors, self._lanes), host, limits)
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="mllp", initializer=fence.as_system)
        self._secured: dict[int, tuple[Secured, tuple[float, ...]]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set; what has come whole by then is kept and answered."""
        loop = asyncio.get_running_loop()
        try:
            while not stop.is_set():
                found = await loop.run_in_executor(self._threads, _look)
                if found is not None:
                    self.doors.set(found)
                    await self._follow()
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK)
        finally:
            for port in self.listener.ports:
                await self.listener.close(port)
            for lane in self._lanes:
                await lane.close()
            await loop.run_in_executor(self._threads, _close)
            self._threads.shutdown()

    async def _follow(self) -> None:
        """Close the ports that no endpoint names any more, or names with another certificate; open new ones."""
        wanted = {port: _secured(doors) for port, doors in self.doors.by_port.items()}
        for port in self.listener.ports:
            if wanted.get(port) != self._secured.get(port):
                await self.listener.close(port)
        for port in wanted.keys() - self.listener.ports:
            try:
                await self.listener.open(port, _context(wanted[port][0]))
            except (OSError, ssl.SSLError) as error:
                log.error("port %s cannot be listened on: %s", port, error)
            else:
                self._secured[port] = wanted[port]
                log.info("listening on port %s", port)


def _look() -> Sequence[Door] | None:
    """The endpoints that are on; None where the database is away."""
    try:
        close_old_connections()
        return endpoints.doors()
    except (DatabaseError, InterfaceError) as error:
        log.warning("the endpoints cannot be read: %s", type(error).__name__)
        connection.close()
        return None


def _close() -> None:
    """End the connection of the thread that asks."""
    connection.close()


def _secured(doors: Sequence[Door]) -> tuple[Secured, tuple[float, ...]]:
    """The files of TLS, the same for all endpoints of a port, and when they were written: renewed ones are read."""
    files = (doors[0].certificate, doors[0].key, doors[0].clients)
    return files, tuple(Path(file).stat().st_mtime if file and Path(file).exists() else 0.0 for file in files)


def _context(files: Secured) -> ssl.SSLContext | None:
    certificate, key, clients = files
    if not certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=clients or None)
    context.load_cert_chain(certificate, key)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
    return context
