"""multipart/related (RFC 2387, PS3.18 8.6) as a stream: parts' bytes go through untouched, their headers do not.

An archive names itself in the headers of parts (Content-Location); what leaves the house must not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from email.message import Message
from typing import Final

HEAD: Final = 16_384
"""Bytes that the headers of a part may have."""
KEPT: Final = (b"content-type", b"content-length", b"content-location")
_BOUNDARY: Final = re.compile(r"[A-Za-z0-9'()+_,\-./:=? ]{1,70}", re.ASCII)
Rewrite = Callable[[str], str]


class Malformed(ValueError):
    """What came is not the multipart that it said it was."""


def boundary_of(content_type: str) -> str:
    """The boundary of a multipart/related type; raises ``Malformed`` where it is none, or names none."""
    message = Message()
    message["Content-Type"] = content_type.replace("\r", "").replace("\n", "")
    found = message.get_boundary() if message.get_content_type() == "multipart/related" else None
    if not found or not _BOUNDARY.fullmatch(found):
        raise Malformed("boundary")
    return found


def part_type(content_type: str) -> str:
    """The media type of the parts of a multipart/related type, in small letters; empty where it does not say."""
    message = Message()
    message["Content-Type"] = content_type.replace("\r", "").replace("\n", "")
    said = message.get_param("type") if message.get_content_type() == "multipart/related" else None
    return said.lower() if isinstance(said, str) else ""


def relayed(chunks: Iterable[bytes], boundary: str, rewrite: Rewrite) -> Iterator[bytes]:
    """The same stream, of whose parts' headers only type, length and location are left; a location goes through
    ``rewrite``, and is left out where that gives nothing. Holds a chunk and the headers of one part at most.

    Raises ``Malformed`` where the stream ends before the last boundary, or headers have no end.
    """
    stream, mark = _Stream(chunks), b"\r\n--" + boundary.encode()
    for _ in stream.until(mark):
        pass  # what stands before the first part is nobody's
    written = mark[2:]
    while not stream.starts_with(b"--"):
        head = stream.head()
        yield written + b"\r\n" + b"".join(_lines(head, rewrite)) + b"\r\n"
        yield from stream.until(mark)
        written = mark
    yield written + b"--\r\n"


class _Stream:
    """What has come and is not yet given on. The first boundary may stand at the very beginning."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = b"\r\n"

    def _more(self) -> None:
        piece = next(self._chunks, None)
        if piece is None:
            raise Malformed("cut")
        self._held += piece

    def until(self, mark: bytes) -> Iterator[bytes]:
        """Give what stands before a mark, and step over it."""
        while (at := self._held.find(mark)) < 0:
            if sure := self._held[: 1 - len(mark)]:
                yield sure
                self._held = self._held[len(sure) :]
            self._more()
        if at:
            yield self._held[:at]
        self._held = self._held[at + len(mark) :]

    def starts_with(self, two: bytes) -> bool:
        """Whether these two bytes come next."""
        while len(self._held) < 2:
            self._more()
        return self._held.startswith(two)

    def head(self) -> bytes:
        """The headers of a part, whose lines begin with the CRLF behind the boundary."""
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            if len(self._held) > HEAD:
                raise Malformed("head")
            self._more()
        if end > HEAD:
            raise Malformed("head")
        found, self._held = self._held[:end], self._held[end + 4 :]
        return found


def _lines(head: bytes, rewrite: Rewrite) -> Iterator[bytes]:
    for line in head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon or name.strip().lower() not in KEPT:
            continue
        said = value.strip().decode("latin-1")
        if name.strip().lower() == b"content-location":
            said = rewrite(said)
        if said:
            yield name.strip() + b": " + said.encode("latin-1", "replace") + b"\r\n"
