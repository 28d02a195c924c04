"""Starting things: all of Doorstep in one command, or each part alone, so that many can run side by side."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

from granian import Granian
from granian.constants import Interfaces, SSLProtocols

from doorstep.kernel import metrics, tracing
from doorstep.site import edge as edges
from doorstep.site.edge import Edge

BACKLOG = 2048  # 500 clients that arrive at once must find room to wait in


def everything(host: str, port: int, edge: Edge) -> int:
    """Pages and FHIR door on one port, worker and HL7 v2 listener; ends when told to (Ctrl-C, SIGTERM)."""
    return _listen("doorstep.site.asgi:application", Interfaces.ASGI, host, port, edge, beside=True)


def pages(host: str, port: int, edge: Edge) -> int:
    """The pages alone, under WSGI."""
    return _listen("doorstep.site.wsgi:application", Interfaces.WSGI, host, port, edge)


def fhir(host: str, port: int, edge: Edge) -> int:
    """The FHIR door alone, under ASGI."""
    return _listen("doorstep.site.asgi:fhir", Interfaces.ASGI, host, port, edge)


BESIDE = ("worker", "mllp")
PARTS: dict[str, Callable[[str, int, Edge], int]] = {"pages": pages, "fhir": fhir}


def _listen(target: str, interface: Interfaces, host: str, port: int, edge: Edge, *, beside: bool = False) -> int:
    if (why := _occupied(host, port)) is not None:
        sys.stderr.write(f"端口 {host}:{port} 不能使用，请换一个（--port）/ the port cannot be used: {why}\n")
        return 4
    metrics.sweep()
    with ExitStack() as stack:
        stack.enter_context(_database_watch())
        if beside:
            for part in BESIDE:
                stack.enter_context(running(part))
        _granian(target, interface, host, port, edge)
    return 0


def _occupied(host: str, port: int) -> str | None:
    """Why nobody can listen there, or None; asked first, since the server itself would only keep trying."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return None


def worker(dsn: str) -> int:
    """The worker alone; ends when told to, or when the program that started it is gone."""
    from doorstep.kernel import worker as kernel_worker
    from doorstep.record.endpoints import api as endpoints
    from doorstep.record.imaging import api as imaging

    metrics.sweep()
    tracing.begin("worker")
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    watch_parent(stop.set)
    sender = threading.Thread(target=endpoints.Dispatcher().run, args=(stop, dsn), name="sender")
    follower = threading.Thread(target=imaging.Follower().run, args=(stop,), name="follower")
    sender.start()
    follower.start()
    kernel_worker.run(stop, dsn)
    sender.join()
    follower.join()
    tracing.end()
    return 0


def watch_parent(end: Callable[[], object]) -> None:
    """Call ``end`` when the parent process is gone (killed with -9), so that no orphan keeps ports or locks."""
    if (said := os.environ.get("DOORSTEP_PARENT")) is None:
        return
    parent = int(said)  # not whose child we are: it may have been killed while we were starting

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        end()

    threading.Thread(target=look, name="parent-watch", daemon=True).start()


def _granian(target: str, interface: Interfaces, host: str, port: int, edge: Edge) -> None:
    os.environ["DOORSTEP_PARENT"] = str(os.getpid())
    edges.tell(edge, host, port)
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
        ssl_cert=edge.certificate,
        ssl_key=edge.key,
        ssl_protocol_min=SSLProtocols.tls12,  # of 1.2 rustls has the suites with forward secrecy and AEAD alone
    ).serve()


@contextmanager
def running(part: str) -> Iterator[None]:
    """A process of its own for a part, started again where it dies, ended with the program."""
    stop = threading.Event()
    environment = dict(os.environ, DOORSTEP_PARENT=str(os.getpid()))

    def begin() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "doorstep.site.cli", part], env=environment)

    # The first is started before Granian forks: a fork in the midst of Popen would keep its pipe open, and hang it.
    held = [begin()]

    def keep() -> None:
        while not stop.is_set():
            held[0].wait()
            if not stop.wait(1):
                held[0] = begin()

    threading.Thread(target=keep, name=f"{part}-keeper", daemon=True).start()
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
