"""Passwords that have leaked somewhere, looked up in a file of the house: nothing is asked of anybody outside."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO


def is_breached(password: str, file: str) -> bool:
    """Whether a sorted file of SHA-1 hashes in hexadecimal, or of their beginnings, one a line, holds the password's.

    What stands behind a colon (a count) is left out. Without a file nothing is known. The file may be of any size: it
    is searched by halves.
    """
    if not file:
        return False
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with Path(file).open("rb") as lines:
        low, high = 0, lines.seek(0, 2)
        while low < high:
            middle = (low + high) // 2
            if (found := _line_from(lines, middle)) and found <= wanted:
                low = middle + 1
            else:
                high = middle
        found = _line_before(lines, low)
    return len(found) >= _SHORTEST and wanted.startswith(found)


_SHORTEST = 10  # shorter beginnings would fit by chance
_LONGEST = 100  # bytes of a line


def _line_from(lines: BinaryIO, place: int) -> bytes:
    """The first line that begins at or after a place; empty at the end."""
    lines.seek(max(0, place - 1))
    if place:
        lines.readline()
    return _hash(lines.readline())


def _line_before(lines: BinaryIO, place: int) -> bytes:
    """The last line that begins before a place."""
    start = max(0, place - _LONGEST)
    lines.seek(start)
    text = lines.read(place - start)
    line = text.rpartition(b"\n")[2] + lines.readline()
    return _hash(line)


def _hash(line: bytes) -> bytes:
    return line.strip().partition(b":")[0].upper()
