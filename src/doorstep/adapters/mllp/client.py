"""The sending side of MLLP: connections that are kept open and used again, one message on each at a time.

A connection whose peer has hung up, or has said something that nobody asked for, is not used again: what came late
would be taken for the answer to the next message.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from doorstep.adapters.hl7v2.frames import Frames, TooLong, frame

CONNECT: Final = 10.0  # seconds for a connection, and for TLS
IDLE: Final = 300.0  # seconds after which a connection that nobody used is closed
ANSWER: Final = 1 << 20  # bytes of an acknowledgement
CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Address:
    """Where to send: with TLS, whose signature on the other side's certificate is believed (without a file: those that
    the system trusts), and our own certificate with its key."""

    host: str
    port: int
    secured: bool = False
    authority: str = ""
    certificate: str = ""
    key: str = ""


class NotReached(OSError):
    """Nothing was sent; ``reason`` is a word of ours, ``detail`` what the system says."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class NotAnswered(NotReached):
    """It was sent, at least in part, and no whole answer came."""


class _Hung(NotAnswered):
    """The other side closed the connection before a byte of an answer."""


@dataclass(slots=True)
class _Line:
    """An open connection, and until when it may lie unused."""

    socket: socket.socket
    until: float = 0.0


@dataclass(slots=True)
class Connections:
    """The open connections of this process, by address; to be used from many threads."""

    _idle: dict[Address, list[_Line]] = field(default_factory=lambda: defaultdict(list))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _clock: Callable[[], float] = time.monotonic

    def ask(self, address: Address, message: bytes, patience: float) -> bytes:
        """Send a message and wait so many seconds for its acknowledgement. Raises ``NotReached``, ``NotAnswered``.

        Where a connection that was kept is closed just then, it is sent over a new one: many receivers close theirs
        after each answer, and that may be on its way.
        """
        until = self._clock() + patience
        if (kept := self._taken(address)) is not None:
            with suppress(_Hung):
                return self._asked(address, kept, message, until)
        return self._asked(address, _Line(_open(address)), message, until)

    def _asked(self, address: Address, line: _Line, message: bytes, until: float) -> bytes:
        try:
            answer, clean = _talk(line.socket, message, until, self._clock)
        except BaseException:
            _close(line)
            raise
        if clean:
            self._put_back(address, line)
        else:
            _close(line)
        return answer

    def close(self) -> None:
        """Close those that nobody uses now."""
        with self._lock:
            lines = [line for idle in self._idle.values() for line in idle]
            self._idle.clear()
        for line in lines:
            _close(line)

    def _taken(self, address: Address) -> _Line | None:
        while True:
            with self._lock:
                idle = self._idle[address]
                line = idle.pop() if idle else None
            if line is None:
                return None
            if line.until > self._clock() and _is_quiet(line.socket):
                return line
            _close(line)

    def _put_back(self, address: Address, line: _Line) -> None:
        now = self._clock()
        line.until = now + IDLE
        with self._lock:
            old = [(place, each) for place, idle in self._idle.items() for each in idle if each.until <= now]
            for place, each in old:
                self._idle[place].remove(each)
            self._idle[address].append(line)
        for _, each in old:
            _close(each)


def _open(address: Address) -> socket.socket:
    try:
        context = _context(address) if address.secured else None
    except (OSError, ssl.SSLError) as error:
        raise NotReached("tls-files", type(error).__name__) from error
    plain: socket.socket | None = None
    try:
        plain = socket.create_connection((address.host, address.port), CONNECT)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(plain, server_hostname=address.host) if context else plain
    except ssl.SSLError as error:
        _shut(plain)
        raise NotReached("tls-failed", getattr(error, "verify_message", "") or error.reason or "") from error
    except (OSError, UnicodeError) as error:
        _shut(plain)
        raise NotReached("not-reached", getattr(error, "strerror", None) or type(error).__name__) from error


def _context(address: Address) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=address.authority or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if address.certificate:
        context.load_cert_chain(address.certificate, address.key or None)
    return context


def _talk(line: socket.socket, message: bytes, until: float, now: Callable[[], float]) -> tuple[bytes, bool]:
    """The first message that comes back, and whether nothing else came with it."""
    frames = Frames(ANSWER)
    try:
        line.settimeout(max(0.001, until - now()))
        line.sendall(frame(message))
        while True:
            line.settimeout(max(0.001, until - now()))
            data = line.recv(CHUNK)
            if not data:
                raise (NotAnswered if frames.pending else _Hung)("closed", "")
            if whole := frames.feed(data):
                return whole[0], len(whole) == 1 and not frames.pending
    except TimeoutError as error:
        raise NotAnswered("too-slow", "") from error
    except TooLong as error:
        raise NotAnswered("answer-too-long", "") from error
    except NotAnswered:
        raise
    except OSError as error:
        cut = NotAnswered if frames.pending else _Hung
        raise cut("closed", error.strerror or type(error).__name__) from error


def _is_quiet(line: socket.socket) -> bool:
    """Whether the other side has neither hung up nor said anything unasked."""
    with suppress(OSError, ValueError):
        asked = select.poll()
        asked.register(line, select.POLLIN)
        return not asked.poll(0)
    return False


def _close(line: _Line) -> None:
    _shut(line.socket)


def _shut(line: socket.socket | None) -> None:
    if line is not None:
        with suppress(OSError):
            line.close()
