"""The other side: a receiver that speaks MLLP over plain sockets and answers as it is told to."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from doorstep.adapters.hl7v2.codec import header_of
from doorstep.record.endpoints.tests.kit import END, START

Answer = bytes | None
"""What is sent back; None closes the connection."""


def ack(raw: bytes, code: str = "AA", text: str = "", error: str = "") -> bytes:
    """An acknowledgement of a message."""
    header = header_of(raw)
    assert header is not None
    lines = [f"MSH|^~\\&|HIS|WARD|DOORSTEP|HUB|20260301080000||ACK|A1|P|{header.version}"]
    lines.append(f"MSA|{code}|{header.control_id}|{text}")
    if error:
        lines.append(f"ERR|||{error}^^HL70357|E")
    return "".join(f"{line}\r" for line in lines).encode()


def control(raw: bytes) -> str:
    """MSH-10."""
    header = header_of(raw)
    assert header is not None
    return header.control_id


class Receiver:
    """Listens on a port; ``answer`` makes of a message what is sent back. ``came`` are the messages in their order,
    ``connections`` how many there were."""

    def __init__(
        self,
        answer: Callable[[bytes], Answer] = ack,
        *,
        port: int = 0,
        secured: ssl.SSLContext | None = None,
        alone: bool = False,
    ) -> None:
        self.answer, self.came, self.connections, self.open = answer, list[bytes](), 0, list[socket.socket]()
        self._secured, self._alone, self._lock = secured, alone, threading.Lock()
        self._server = socket.create_server(("127.0.0.1", port))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._server.accept()
                self.connections += 1
                self.open.append(line)
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with suppress(OSError), self._secured.wrap_socket(line, server_side=True) if self._secured else line as spoken:
            kept = b""
            while data := spoken.recv(65536):
                kept += data
                while END in kept:
                    raw, kept = kept.split(END, 1)
                    if not self._answered(spoken, raw.lstrip(START)):
                        return

    def _answered(self, spoken: socket.socket, raw: bytes) -> bool:
        with self._lock:
            self.came.append(raw)
        said = self.answer(raw)
        if said is None:
            return False
        spoken.sendall(START + said + END)
        return True

    def controls(self) -> list[str]:
        """The control ids of what came."""
        return [control(raw) for raw in list(self.came)]

    def hang_up(self) -> None:
        """Close what is open; the next may connect anew."""
        for line in self.open:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self.open.clear()

    def close(self) -> None:
        """Be gone."""
        self._server.close()
        self.hang_up()


def never(raw: bytes) -> Answer:
    """Never answer."""
    time.sleep(60)
    return None
