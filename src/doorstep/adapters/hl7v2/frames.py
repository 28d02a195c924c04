"""MLLP, the minimal lower layer protocol (HL7 transport specification, release 1): <VT> message <FS><CR>.

Pure and incremental: bytes go in as they come, whole messages come out; what stands between frames is dropped. The
time is linear in the bytes, also when they come one by one.
"""

from __future__ import annotations

from typing import Final

START: Final = b"\x0b"
END: Final = b"\x1c\r"
AGAIN: Final = START + b"MSH"


class TooLong(Exception):
    """A frame longer than the limit. ``frames`` are the whole ones that came before it in the same bytes."""

    def __init__(self, limit: int, frames: list[bytes]) -> None:
        super().__init__(f"a frame is longer than {limit} bytes")
        self.limit, self.frames = limit, frames


def frame(message: bytes) -> bytes:
    """A message as it goes over the line."""
    return START + message + END


class Frames:
    """Cuts a stream into messages. After ``TooLong`` the stream is of no more use: the connection is to be closed."""

    __slots__ = ("_inside", "_kept", "dropped", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.dropped = 0
        self._kept = bytearray()
        self._inside = False

    @property
    def pending(self) -> int:
        """How many bytes of a frame that is not yet whole are held."""
        return len(self._kept)

    def rest(self) -> bytes:
        """The bytes of a frame that is not yet whole."""
        return bytes(self._kept)

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that these bytes make whole. Raises ``TooLong``."""
        found: list[bytes] = []
        at = 0
        while at < len(data):
            if not self._inside:
                start = data.find(START, at)
                self.dropped += (len(data) if start < 0 else start) - at
                if start < 0:
                    break
                self._inside, at = True, start + 1
            at = self._body(data, at, found)
        return found

    def _body(self, data: bytes, at: int, found: list[bytes]) -> int:
        """Take of the data what belongs to the frame that is open; where the rest begins."""
        kept = self._kept
        if at < len(data) and data[at] == END[1] and kept.endswith(END[:1]):
            del kept[-1]
            self._close(found)
            return at + 1
        end = data.find(END, at)
        kept += data[at:] if end < 0 else data[at:end]
        if len(kept) > self.limit + (end < 0 and kept.endswith(END[:1])):
            raise TooLong(self.limit, found)
        if end < 0:
            return len(data)
        self._close(found)
        return end + len(END)

    def _close(self, found: list[bytes]) -> None:
        """A frame is whole. One that a sender broke off and began anew (a start within it) counts from the new start:
        the part before was never whole, and never acknowledged."""
        begun = self._kept.rfind(AGAIN) + 1
        self.dropped += begun
        found.append(bytes(self._kept[begun:]))
        self._kept.clear()
        self._inside = False
