"""Files as institutions hand them over: folders, JSON, NDJSON, gzip and zip, read with bounded memory and trust.

Nothing is ever unpacked to disk; a path that leaves its archive, a bomb and a file of an unknown kind become faults,
and all else is still read.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

# what others refer to comes first, so that little has to wait for it
FIRST = ("organization", "hospital", "location", "practitioner", "patient", "encounter")
PEEK = 65536


@dataclass(frozen=True, slots=True)
class FileLimits:
    """How much is read: bytes of one bundle, of one NDJSON line, of all that one archive holds, and its ratio."""

    bundle_bytes: int = 64 << 20
    line_bytes: int = 16 << 20
    archive_bytes: int = 20 << 30
    ratio: int = 200
    lines: int = 1000
    chunk_bytes: int = 8 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of input: ``kind`` is ``bundle``, ``resource`` or ``ndjson`` (whole lines of it)."""

    kind: str
    origin: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Input that could not be read, with the code and the words' parameters."""

    origin: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)


def order(name: str) -> tuple[int, str]:
    """The order in which files are read: registers before what refers to them, then by name."""
    stem = PurePosixPath(name).name.lower()
    rank = next((i for i, word in enumerate(FIRST) if stem.startswith(word)), len(FIRST))
    return rank, name


def walk(paths: list[Path], limits: FileLimits) -> list[Path]:
    """All files under the paths, in reading order; links that leave a folder are not followed."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [p for p in path.rglob("*") if p.is_file() and not p.name.startswith(".")]
            files += [p for p in inside if p.resolve().is_relative_to(path.resolve())]
        else:
            files.append(path)
    return sorted(files, key=lambda p: order(str(p)))


def read(path: Path, limits: FileLimits) -> Iterator[Found | Fault]:
    """The pieces of one file; an archive gives those of all its members."""
    try:
        with path.open("rb") as stream:
            yield from _read_stream(stream, path.name, str(path), limits)
    except OSError as error:
        yield Fault(str(path), "archive", {"detail": error.strerror or str(error)})


def _read_stream(stream: IO[bytes], name: str, origin: str, limits: FileLimits) -> Iterator[Found | Fault]:
    lower = name.lower()
    if lower.endswith(".zip"):
        yield from _read_zip(stream, origin, limits)
    elif lower.endswith((".gz", ".gzip")):
        packed = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        guard = _Guard(gzip.GzipFile(fileobj=stream), max(packed, 1) * limits.ratio, limits)
        yield from _guarded(guard, name[: lower.rindex(".gz")], origin, limits)
    elif lower.endswith((".ndjson", ".jsonl")):
        yield from _lines(stream, origin, limits)
    elif lower.endswith(".json"):
        yield _whole(stream, origin, limits)
    else:
        yield Fault(origin, "unknown-file")


def _read_zip(stream: IO[bytes], origin: str, limits: FileLimits) -> Iterator[Found | Fault]:
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        yield Fault(origin, "archive", {"detail": str(error)})
        return
    budget = limits.archive_bytes
    for info in sorted(archive.infolist(), key=lambda i: order(i.filename)):
        where = f"{origin}!{info.filename}"
        parts = PurePosixPath(info.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
            yield Fault(where, "archive-path", {"path": info.filename})
            continue
        if info.is_dir() or parts.name.startswith(".") or "__MACOSX" in parts.parts:
            continue
        budget -= info.file_size
        if info.file_size > max(info.compress_size, 1) * limits.ratio or budget < 0:
            yield Fault(where, "archive-bomb", {"limit": limits.archive_bytes, "ratio": limits.ratio})
            continue
        if info.filename.lower().endswith((".zip", ".gz", ".gzip")):
            yield Fault(where, "unknown-file")
            continue
        yield from _member(archive, info, where, limits)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, limits: FileLimits) -> Iterator[Found | Fault]:
    try:
        with archive.open(info) as member:
            guard = _Guard(member, max(info.compress_size, 1) * limits.ratio, limits)
            yield from _guarded(guard, info.filename, where, limits)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, zlib.error) as error:
        yield Fault(where, "archive", {"detail": str(error)})


class _Bomb(Exception):
    """More came out than the limit allows."""


class _Guard(io.RawIOBase):
    """Counts what an archive really gives, whatever its headers say."""

    def __init__(self, inner: Any, most: int, limits: FileLimits) -> None:
        self._inner, self._left = inner, min(max(most, PEEK * 64), limits.archive_bytes)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data: bytes = self._inner.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise _Bomb
        buffer[: len(data)] = data
        return len(data)


def _guarded(guard: _Guard, name: str, origin: str, limits: FileLimits) -> Iterator[Found | Fault]:
    stream = io.BufferedReader(guard, PEEK)
    try:
        if name.lower().endswith((".ndjson", ".jsonl")):
            yield from _lines(stream, origin, limits)
        elif name.lower().endswith(".json"):
            yield _whole(stream, origin, limits)
        else:
            yield Fault(origin, "unknown-file")
    except _Bomb:
        yield Fault(origin, "archive-bomb", {"limit": limits.archive_bytes, "ratio": limits.ratio})
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield Fault(origin, "archive", {"detail": str(error)})


def _whole(stream: IO[bytes], origin: str, limits: FileLimits) -> Found | Fault:
    data = stream.read(limits.bundle_bytes + 1)
    if len(data) > limits.bundle_bytes:
        return Fault(origin, "too-large", {"limit": limits.bundle_bytes})
    is_bundle = b'"Bundle"' in data[:4096] or b'"Bundle"' in data[-4096:] or b'"resourceType"' not in data
    return Found("bundle" if is_bundle else "resource", origin, data)


def _lines(stream: IO[bytes], origin: str, limits: FileLimits) -> Iterator[Found | Fault]:
    """Whole lines in chunks whose bounds depend on the content alone, so that a second reading finds the same."""
    chunk: list[bytes] = []
    size, first, number = 0, 1, 0
    while line := stream.readline(limits.line_bytes + 1):
        number += 1
        if len(line) > limits.line_bytes and not line.endswith(b"\n"):
            while (rest := stream.readline(PEEK)) and not rest.endswith(b"\n"):
                pass
            yield Fault(f"{origin}:{number}", "line-too-long", {"limit": limits.line_bytes})
            line = b"\n"
        if not chunk:
            first = number
        chunk.append(line)
        size += len(line)
        if len(chunk) >= limits.lines or size >= limits.chunk_bytes:
            yield Found("ndjson", f"{origin}:{first}-{number}", b"".join(chunk))
            chunk, size = [], 0
    if chunk:
        yield Found("ndjson", f"{origin}:{first}-{number}", b"".join(chunk))
