"""Archives that misbehave, over a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from doorstep.adapters.dicomweb.client import Archive

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\n"
ANSWERS = {
    "garbage": HEAD + b"Content-Length: 9\r\n\r\nnot json!",
    "not-http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
    "unauthorised": b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
    "cut": HEAD + b"Content-Length: 900\r\n\r\n[{",
    "large": HEAD + b"Content-Length: 3000000\r\n\r\n" + b"[" * 3_000_000,
    "status": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
    "silent": b"",
    "nothing": HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\n[]",
    "dribble": HEAD + b"Content-Length: 100000\r\n\r\n",
}


@contextmanager
def misbehaving(how: str) -> Iterator[Archive]:
    """One that answers every request so; ``silent`` never does, ``dribble`` a byte at a time."""
    stop, kept = threading.Event(), list[socket.socket]()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)

        def serve(line: socket.socket) -> None:
            try:
                line.recv(65_536)
                line.sendall(ANSWERS[how])
                while how == "dribble" and not stop.wait(0.02):
                    line.sendall(b" ")
            except OSError:
                return
            if how not in ("silent", "dribble"):
                line.close()

        def listen() -> None:
            while not stop.is_set():
                try:
                    line, _ = server.accept()
                except OSError:
                    continue
                kept.append(line)
                threading.Thread(target=serve, args=(line,), daemon=True).start()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield Archive(f"http://127.0.0.1:{server.getsockname()[1]}/dicom-web", "doorstep", "secret")
        finally:
            stop.set()
            thread.join()
            for line in kept:
                line.close()


def standing() -> str:
    """The address of one that answers all that it has nothing, as long as this process is there."""
    kept = misbehaving("nothing")
    _standing.append(kept)
    return kept.__enter__().address


_standing: list[AbstractContextManager[Archive]] = []
