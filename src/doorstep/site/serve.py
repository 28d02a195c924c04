"""Starting things: all of Doorstep in one command, or each part alone, so that many can run side by side."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from granian import Granian
from granian.constants import Interfaces

BACKLOG = 2048  # 500 clients that arrive at once must find room to wait in


def everything(host: str, port: int) -> int:
    """Pages, FHIR door and worker, on one port; ends when told to (Ctrl-C, SIGTERM)."""
    with _worker_beside(), _database_watch():
        _granian("doorstep.site.asgi:application", Interfaces.ASGI, host, port)
    return 0


def pages(host: str, port: int) -> int:
    """The pages alone, under WSGI."""
    _granian("doorstep.site.wsgi:application", Interfaces.WSGI, host, port)
    return 0


def fhir(host: str, port: int) -> int:
    """The FHIR door alone, under ASGI."""
    _granian("doorstep.site.asgi:fhir", Interfaces.ASGI, host, port)
    return 0


PARTS: dict[str, Callable[[str, int], int]] = {"pages": pages, "fhir": fhir}


def worker(dsn: str) -> int:
    """The worker alone; ends when told to, or when the program that started it is gone."""
    from doorstep.kernel import worker as kernel_worker

    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    watch_parent(stop.set)
    kernel_worker.run(stop, dsn)
    return 0


def watch_parent(end: Callable[[], object]) -> None:
    """Call ``end`` when the parent process is gone (killed with -9), so that no orphan keeps ports or locks."""
    if os.environ.get("DOORSTEP_PARENT") is None:
        return
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        end()

    threading.Thread(target=look, name="parent-watch", daemon=True).start()


def _granian(target: str, interface: Interfaces, host: str, port: int) -> None:
    os.environ["DOORSTEP_PARENT"] = str(os.getpid())
    sys.stderr.write(f"http://{host}:{port}/\n")
    Granian(
        target,
        address=host,
        port=port,
        interface=interface,
        workers=1,
        backlog=BACKLOG,
        blocking_threads=8 if interface is Interfaces.WSGI else None,
        log_access=False,
        websockets=False,
        respawn_failed_workers=True,
    ).serve()


@contextmanager
def _worker_beside() -> Iterator[None]:
    """A worker process, started again where it dies, ended with the program."""
    stop = threading.Event()
    environment = dict(os.environ, DOORSTEP_PARENT=str(os.getpid()))
    held: list[subprocess.Popen[bytes]] = []

    def keep() -> None:
        while not stop.is_set():
            process = subprocess.Popen([sys.executable, "-m", "doorstep.site.cli", "worker"], env=environment)
            held[:] = [process]
            process.wait()
            stop.wait(1)

    thread = threading.Thread(target=keep, name="worker-keeper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        for process in held:
            process.terminate()
            process.wait(timeout=20)


@contextmanager
def _database_watch() -> Iterator[None]:
    """Start the embedded server again where it alone was killed; nothing to do for a database that was given."""
    from doorstep.kernel import postgres

    stop = threading.Event()

    def look() -> None:
        while not stop.wait(2):
            try:
                postgres.start().stop()
            except postgres.PostgresError as error:
                sys.stderr.write(f"{error}\n")

    if os.environ.get("DOORSTEP_EMBEDDED") == "1":
        threading.Thread(target=look, name="database-watch", daemon=True).start()
    try:
        yield
    finally:
        stop.set()
