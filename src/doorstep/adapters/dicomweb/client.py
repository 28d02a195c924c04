"""Asks an archive over HTTP: where the operator said, no redirect, no proxy, bounded in time and memory."""

from __future__ import annotations

import base64
import http.client
import re
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})
JSON: Final = "application/dicom+json"
LARGEST: Final = 32 << 20
"""Bytes of an answer that is read whole."""
CONNECT: Final = 10.0
SILENCE: Final = 30.0
"""Seconds that an archive may say nothing."""
WHOLE: Final = 60.0
"""Seconds that an answer may take which is read whole."""
STREAM: Final = 900.0
"""Seconds that a stream may take from its first byte to its last."""
CHUNK: Final = 65_536
_PRINTED: Final = re.compile(r"[!-~]{1,300}", re.ASCII)


class ArchiveFault(Exception):
    """What kept an archive from answering: a stable word, and what a person may be told of it."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code, self.params = code, params

    @property
    def is_late(self) -> bool:
        """Whether it did not answer in time (504), rather than wrongly or not at all (502)."""
        return self.code in ("silent", "slow")


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive: its DICOMweb root (``http://host:8042/dicom-web``), and who we are there."""

    address: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(slots=True)
class Answer:
    """An answer that has begun: status, headers in small letters, and its body as it comes."""

    status: int
    headers: Mapping[str, str]
    _line: http.client.HTTPConnection
    _response: http.client.HTTPResponse
    _until: float

    def __iter__(self) -> Iterator[bytes]:
        """Give the body piece by piece, and close. Raises ``ArchiveFault`` (cut, silent, slow)."""
        try:
            while piece := self._response.read1(CHUNK):
                yield piece
                if time.monotonic() > self._until:
                    raise ArchiveFault("slow")
            if self._response.length:
                raise ArchiveFault("cut")
        except TimeoutError as error:
            raise ArchiveFault("silent") from error
        except (OSError, http.client.HTTPException) as error:
            raise ArchiveFault("cut") from error
        finally:
            self.close()

    def whole(self, largest: int = LARGEST) -> bytes:
        """The body, whole. Raises ``ArchiveFault``, also for one that is too large."""
        found = bytearray()
        for piece in self:
            found += piece
            if len(found) > largest:
                raise ArchiveFault("large", megabytes=largest >> 20)
        return bytes(found)

    def close(self) -> None:
        """Hang up."""
        self._line.close()


def ask(
    archive: Archive,
    path: str,
    *,
    accept: str = JSON,
    method: str = "GET",
    body: Iterable[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = STREAM,
) -> Answer:
    """Ask for a path below the archive's root (with its query), and return when the answer has begun, whatever its
    status. A ``body`` needs its Content-Length among the headers.

    Raises ``ArchiveFault``: address, not-secured (nothing leaves this machine without TLS), unreachable, tls, silent,
    cut, redirect, unauthorised.
    """
    line = _line(archive)
    try:
        line.connect()
        if line.sock is not None:
            line.sock.settimeout(SILENCE)
        sent = {"Accept": accept, "Accept-Encoding": "identity", **_credentials(archive), **(headers or {})}
        line.request(method, urlsplit(archive.address).path.rstrip("/") + path, body=body, headers=sent)
        response = line.getresponse()
    except ssl.SSLError as error:
        line.close()
        raise ArchiveFault("tls") from error
    except TimeoutError as error:
        begun = line.sock is not None
        line.close()
        raise ArchiveFault("silent" if begun else "unreachable") from error
    except (ConnectionRefusedError, OSError) as error:
        begun = line.sock is not None
        line.close()
        raise ArchiveFault("cut" if begun else "unreachable") from error
    except (http.client.HTTPException, ValueError) as error:
        line.close()
        raise ArchiveFault("garbage") from error
    except BaseException:  # what gives the body may fail too: the sender has hung up
        line.close()
        raise
    return _begun(line, response, time.monotonic() + seconds)


def _begun(line: http.client.HTTPConnection, response: http.client.HTTPResponse, until: float) -> Answer:
    fault = "redirect" if 300 <= response.status < 400 and response.status != 304 else ""
    fault = "unauthorised" if response.status in (401, 403, 407) else fault
    if fault:
        line.close()
        raise ArchiveFault(fault, status=response.status)
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, line, response, until)


def json(archive: Archive, path: str, *, accept: str = JSON) -> Any:
    """What an archive answers as JSON; None where it says that there is nothing (204, 404). Raises ``ArchiveFault``."""
    answer = ask(archive, path, accept=accept, seconds=WHOLE)
    if answer.status in (204, 404):
        answer.close()
        return None
    if answer.status != 200:
        answer.close()
        raise ArchiveFault("status", status=answer.status)
    try:
        return orjson.loads(answer.whole())
    except orjson.JSONDecodeError as error:
        raise ArchiveFault("garbage") from error


def may_ask(address: str) -> str:
    """What is wrong with the address of an archive, in a word; empty for nothing."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return "address"
    more = any((parts.username, parts.password, parts.query, parts.fragment))
    if parts.scheme not in ("http", "https") or not parts.hostname or more or port == 0:
        return "address"
    if not _PRINTED.fullmatch(address):
        return "address"
    return "not-secured" if parts.scheme == "http" and parts.hostname not in LOCAL else ""


def _line(archive: Archive) -> http.client.HTTPConnection:
    if wrong := may_ask(archive.address):
        raise ArchiveFault(wrong)
    parts = urlsplit(archive.address)
    if parts.scheme == "https":
        return http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=CONNECT, context=ssl.create_default_context()
        )
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=CONNECT)


def _credentials(archive: Archive) -> dict[str, str]:
    if not archive.user:
        return {}
    said = base64.b64encode(f"{archive.user}:{archive.password}".encode()).decode()
    return {"Authorization": f"Basic {said}"}
