"""Files as institutions hand them over: folders, JSON, NDJSON, gzip and zip, read with bounded memory and trust.

Nothing is ever unpacked to disk; a path that leaves its archive, a bomb and a file of an unknown kind become faults,
and all else is still read.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any

# what others refer to comes first, so that little has to wait for it
FIRST = ("organization", "hospital", "location", "practitioner", "patient", "encounter")
PEEK = 65536
Mine = Callable[[int], bool]


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


@dataclass(frozen=True, slots=True)
class Unit:
    """A file, or a member of an archive; ``size`` is its length unpacked, as far as it is told."""

    path: Path
    member: zipfile.ZipInfo | None = None
    size: int = 0
    fault: Fault | None = None

    @property
    def name(self) -> str:
        """The name by which its kind is known."""
        return self.member.filename if self.member else self.path.name

    @property
    def origin(self) -> str:
        """Where it is, as it is shown."""
        return f"{self.path}!{self.name}" if self.member else str(self.path)

    @property
    def order(self) -> tuple[int, str]:
        """Its place in the reading order."""
        return order(self.name)[0], self.origin

    @property
    def lines(self) -> bool:
        """Whether it is NDJSON, of which every chunk is a piece of its own."""
        name = self.name.lower().removesuffix(".gzip").removesuffix(".gz")
        return name.endswith((".ndjson", ".jsonl"))


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


def units(paths: list[Path], limits: FileLimits) -> list[Unit]:
    """All that is to be read under the paths, members of archives one by one, in reading order."""
    found: list[Unit] = []
    for path in walk(paths, limits):
        if path.name.lower().endswith(".zip"):
            found += _members(path, limits)
        else:
            found.append(Unit(path, size=path.stat().st_size if path.exists() else 0))
    return sorted(found, key=lambda unit: unit.order)


def _members(path: Path, limits: FileLimits) -> Iterator[Unit]:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        yield Unit(path, fault=Fault(str(path), "archive", {"detail": str(error)}))
        return
    budget = limits.archive_bytes
    for info in sorted(infos, key=lambda i: order(i.filename)):
        unit = Unit(path, info, info.file_size)
        parts = PurePosixPath(info.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
            yield replace(unit, fault=Fault(unit.origin, "archive-path", {"path": info.filename}))
            continue
        if info.is_dir() or parts.name.startswith(".") or "__MACOSX" in parts.parts:
            continue
        budget -= info.file_size
        if info.file_size > max(info.compress_size, 1) * limits.ratio or budget < 0:
            bounds = {"limit": limits.archive_bytes, "ratio": limits.ratio}
            yield replace(unit, fault=Fault(unit.origin, "archive-bomb", bounds))
        elif info.filename.lower().endswith((".zip", ".gz", ".gzip")):
            yield replace(unit, fault=Fault(unit.origin, "unknown-file"))
        else:
            yield unit


def read(todo: Iterable[Unit], limits: FileLimits, mine: Mine = lambda _: True) -> Iterator[Found | Fault]:
    """The pieces of these units. ``mine`` is asked once for each piece, with its bytes, whether it is wanted.

    What is not wanted is not unpacked, but for the lines before those that are.
    """
    with ExitStack() as stack:
        opened: dict[Path, zipfile.ZipFile] = {}
        for unit in todo:
            whole = unit.fault is not None or not unit.lines
            if whole and not mine(unit.size):
                continue
            if unit.fault:
                yield unit.fault
                continue
            try:
                if unit.member and unit.path not in opened:
                    stack.close()
                    opened = {unit.path: stack.enter_context(zipfile.ZipFile(unit.path))}
                pieces = _member(opened[unit.path], unit, limits) if unit.member else _file(unit, limits)
                yield from (piece for piece in pieces if whole or mine(_weight(piece)))
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, zlib.error) as error:
                yield Fault(unit.origin, "archive", {"detail": getattr(error, "strerror", None) or str(error)})


def _weight(piece: Found | Fault) -> int:
    return len(piece.raw) if isinstance(piece, Found) else 0


def _file(unit: Unit, limits: FileLimits) -> Iterator[Found | Fault]:
    name, origin = unit.path.name, unit.origin
    with unit.path.open("rb") as stream:
        if name.lower().endswith((".gz", ".gzip")):
            guard = _Guard(gzip.GzipFile(fileobj=stream), max(unit.size, 1) * limits.ratio, limits)
            yield from _guarded(guard, name[: name.lower().rindex(".gz")], origin, limits)
        else:
            yield from _plain(stream, name, origin, limits)


def _member(archive: zipfile.ZipFile, unit: Unit, limits: FileLimits) -> Iterator[Found | Fault]:
    info = unit.member
    assert info is not None
    with archive.open(info) as member:
        guard = _Guard(member, max(info.compress_size, 1) * limits.ratio, limits)
        yield from _guarded(guard, unit.name, unit.origin, limits)


def _plain(stream: IO[bytes], name: str, origin: str, limits: FileLimits) -> Iterator[Found | Fault]:
    if name.lower().endswith((".ndjson", ".jsonl")):
        yield from _lines(stream, origin, limits)
    elif name.lower().endswith(".json"):
        yield _whole(stream, origin, limits)
    else:
        yield Fault(origin, "unknown-file")


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
    try:
        yield from _plain(io.BufferedReader(guard, PEEK), name, origin, limits)
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
