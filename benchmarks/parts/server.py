"""Servers to measure: the door with and without its trail, and a plain hello of the same server."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DOOR = '''
"""The door as production has it, and the same without its trail (what the aims are set for)."""
import os
import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doorstep.site.settings")
django.setup()
from doorstep.fhir.door.app import Door
from doorstep.site.fhir_house import House
from doorstep.site.sharing import calm_collector

calm_collector()


class Bare(House):
    async def seen(self, call, seen):
        pass


def _below(door):
    async def app(scope, receive, send):
        if scope["type"] == "http" and scope["path"].startswith("/fhir"):
            scope = {**scope, "root_path": "/fhir"}
        await door(scope, receive, send)
    return app


trailed = _below(Door(House()))
bare = _below(Door(Bare()))


async def hello(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": "http.response.body", "body": b"hello"})
'''


@contextmanager
def serving(folder: Path, what: str) -> Iterator[tuple[int, int]]:
    """Serve ``bare``, ``trailed`` or ``hello`` by granian; gives port and process id."""
    (folder / "bench_door.py").write_text(DOOR)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(port), "--no-ws"]
    command += ["--workers", "1", "--log-level", "warning", "--working-dir", str(folder), f"bench_door:{what}"]
    process = subprocess.Popen(command)
    try:
        _wait(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the server did not come up")
