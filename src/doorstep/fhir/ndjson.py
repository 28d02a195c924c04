"""Reads NDJSON of any length in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from doorstep.fhir.problems import FhirProblem

CHUNK: Final = 1 << 20


class Line(NamedTuple):
    """One line: its number from 1, its bytes without the line end, the problem of a line that was skipped."""

    number: int
    data: bytes
    problem: FhirProblem | None = None


def read_lines(stream: BinaryIO, limit: int = 16 << 20, chunk: int = CHUNK) -> Iterator[Line]:
    """Yield the lines that are not blank; one longer than `limit` bytes comes without data, and is never held whole."""
    number, held, size = 0, bytearray(), 0
    while piece := stream.read(chunk):
        *ended, rest = piece.split(b"\n")
        for end in ended:
            number += 1
            yield from _line(number, held, end, size, limit)
            held, size = bytearray(), 0
        size += len(rest)
        if size > limit + 1:
            held.clear()
        else:
            held += rest
    yield from _line(number + 1, held, b"", size, limit)


def _line(number: int, held: bytearray, end: bytes, size: int, limit: int) -> Iterator[Line]:
    if size + len(end) <= limit + 1:
        data = (bytes(held) + end if held else end).strip(b" \t\r\n")
        if len(data) <= limit:
            if data:
                yield Line(number, data)
            return
    yield Line(number, b"", FhirProblem("too-large", line=number, column=1, limit=limit))
