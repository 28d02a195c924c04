"""Files as institutions hand them over: folders, JSON, NDJSON, XML, gzip and zip, read with bounded memory and trust.

Nothing is ever unpacked to disk; a path that leaves its archive, a bomb and a file of an unknown kind become faults,
and all else is still read.
"""

from __future__ import annotations

import gzip
import io
import lzma
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

import msgspec

# what others refer to comes first, so that little has to wait for it
FIRST = ("organization", "hospital", "location", "practitioner", "patient", "encounter")
PEEK = 65536
SMALL = 4 << 20  # what so little unpacks to harms nobody, whatever its ratio
# all that Python's readers raise on archives that are broken, locked or of a kind they do not know
UNREADABLE = (
    OSError, EOFError, ValueError, NotImplementedError, RuntimeError, struct.error, zlib.error, lzma.LZMAError,
    zipfile.BadZipFile,
)  # fmt: skip
_TYPE = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"')


HEADER: Final = 30
"""Bytes of a member's own header in an archive, at least."""


class _Head(msgspec.Struct):
    resourceType: str = ""  # noqa: N815  FHIR's own name


_HEAD: Final = msgspec.json.Decoder(_Head)

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
    """A piece of input: ``kind`` is ``bundle``, ``resource``, ``cda`` (XML) or ``ndjson`` (whole lines of it)."""

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
        return member_name(self.member) if self.member else self.path.name

    @property
    def origin(self) -> str:
        """Where it is, as it is shown."""
        file = shown(os.fsencode(self.path))
        return f"{file}!{self.name}" if self.member else file

    @property
    def order(self) -> tuple[int, str]:
        """Its place in the reading order."""
        return order(self.name)[0], self.origin

    @property
    def lines(self) -> bool:
        """Whether it is NDJSON, of which every chunk is a piece of its own."""
        name = self.name.lower().removesuffix(".gzip").removesuffix(".gz")
        return name.endswith((".ndjson", ".jsonl"))


def shown(name: bytes) -> str:
    """A name as people gave it: UTF-8, else GB 18030 as Chinese Windows writes it, else as far as it can be read."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name.decode("utf-8", "replace")


def member_name(info: zipfile.ZipInfo) -> str:
    """The name of a member; one that is not marked as UTF-8 is GBK where Chinese Windows packed it."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename.encode("utf-8", "replace").decode()
    try:
        return shown(info.filename.encode("cp437"))
    except UnicodeEncodeError:
        return info.filename


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
    except UNREADABLE as error:
        yield Unit(path, fault=Fault(Unit(path).origin, "archive", {"detail": str(error)}))
        return
    budget, shared = limits.archive_bytes, _sharing(infos)
    for info in sorted(infos, key=lambda i: order(i.filename)):
        unit = Unit(path, info, info.file_size)
        parts = PurePosixPath(unit.name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in "".join(parts.parts[:1]):
            yield replace(unit, fault=Fault(unit.origin, "archive-path", {"path": unit.name}))
            continue
        if _is_aside(info, parts):
            continue
        bomb = _bursts(info, limits, shared)
        budget -= 0 if bomb else info.file_size
        if bomb or budget < 0:
            bounds = {"limit": limits.archive_bytes, "ratio": limits.ratio}
            yield replace(unit, fault=Fault(unit.origin, "archive-bomb", bounds))
        elif not unit.name or unit.name.lower().endswith((".zip", ".gz", ".gzip")):
            yield replace(unit, fault=Fault(unit.origin, "unknown-file"))
        else:
            yield unit


def _is_aside(info: zipfile.ZipInfo, parts: PurePosixPath) -> bool:
    """Whether a member is a folder or what systems put beside files; one whose name is broken off may be any file."""
    if not info.filename:
        return False
    return info.is_dir() or not parts.name or parts.name.startswith(".") or "__MACOSX" in parts.parts


def _bursts(info: zipfile.ZipInfo, limits: FileLimits, shared: set[int]) -> bool:
    return id(info) in shared or info.file_size > max(info.compress_size * limits.ratio, SMALL)


def _sharing(infos: list[zipfile.ZipInfo]) -> set[int]:
    """The members whose bytes begin within another's: a bomb that no ratio shows (D. Fifield, 2019)."""
    found, end = set(), 0
    for info in sorted(infos, key=lambda i: i.header_offset):
        if info.header_offset < end:
            found.add(id(info))
        end = max(end, info.header_offset + HEADER + info.compress_size)
    return found


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
                    opened = {}
                    opened = {unit.path: stack.enter_context(zipfile.ZipFile(unit.path))}
                pieces = _member(opened[unit.path], unit, limits) if unit.member else _file(unit, limits)
                yield from (piece for piece in pieces if whole or mine(_weight(piece)))
            except UNREADABLE as error:
                yield Fault(unit.origin, "archive", {"detail": getattr(error, "strerror", None) or str(error)})


def _weight(piece: Found | Fault) -> int:
    return len(piece.raw) if isinstance(piece, Found) else 0


def _file(unit: Unit, limits: FileLimits) -> Iterator[Found | Fault]:
    name, origin = unit.path.name, unit.origin
    with unit.path.open("rb") as stream:
        if name.lower().endswith((".gz", ".gzip")):
            guard = _Guard(gzip.GzipFile(fileobj=stream), unit.size * limits.ratio, limits)
            yield from _guarded(guard, name[: name.lower().rindex(".gz")], origin, limits)
        else:
            yield from _plain(stream, name, origin, limits)


def _member(archive: zipfile.ZipFile, unit: Unit, limits: FileLimits) -> Iterator[Found | Fault]:
    info = unit.member
    assert info is not None
    with archive.open(info) as member:
        guard = _Guard(member, info.compress_size * limits.ratio, limits)
        yield from _guarded(guard, unit.name, unit.origin, limits)


def _plain(stream: IO[bytes], name: str, origin: str, limits: FileLimits) -> Iterator[Found | Fault]:
    if name.lower().endswith((".ndjson", ".jsonl")):
        yield from _lines(stream, origin, limits)
    elif name.lower().endswith((".json", ".xml")):
        yield _whole(stream, origin, limits, xml=name.lower().endswith(".xml"))
    else:
        yield Fault(origin, "unknown-file")


class _Bomb(Exception):
    """More came out than the limit allows."""


class _Guard(io.RawIOBase):
    """Counts what an archive really gives, whatever its headers say."""

    def __init__(self, inner: Any, most: int, limits: FileLimits) -> None:
        self._inner, self._left = inner, min(max(most, SMALL), limits.archive_bytes)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data: bytes = self._inner.read1(len(buffer))  # all that can be had before a break
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
    except UNREADABLE as error:
        yield Fault(origin, "archive", {"detail": str(error)})


def _whole(stream: IO[bytes], origin: str, limits: FileLimits, *, xml: bool) -> Found | Fault:
    data = stream.read(limits.bundle_bytes + 1)
    if len(data) > limits.bundle_bytes:
        return Fault(origin, "too-large", {"limit": limits.bundle_bytes})
    if xml:
        return Found("cda", origin, data)
    return Found("bundle" if _kind(data) in ("Bundle", "") else "resource", origin, data)


def _kind(data: bytes) -> str:
    """The resource type that the text says of itself; empty where it says none or cannot be read."""
    if match := _TYPE.match(data):
        return match[1].decode()
    try:
        return _HEAD.decode(data.removeprefix(b"\xef\xbb\xbf")).resourceType
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def _lines(stream: IO[bytes], origin: str, limits: FileLimits) -> Iterator[Found | Fault]:
    """Whole lines in chunks whose bounds depend on the content alone, so that a second reading finds the same.

    Where the file breaks off, what stood before the break is given, then what broke it is raised.
    """
    chunk: list[bytes] = []
    size, first, number = 0, 1, 0
    source = _Unbroken(stream)
    while line := source.line(limits.line_bytes + 1):
        number += 1
        if len(line) > limits.line_bytes and not line.endswith(b"\n"):
            while (rest := source.line(PEEK)) and not rest.endswith(b"\n"):
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
    if source.fault:
        raise source.fault


class _Unbroken:
    """Lines of a stream; where it breaks it has ended, and ``fault`` says why."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.fault: Exception | None = None

    def line(self, most: int) -> bytes:
        if self.fault:
            return b""
        try:
            return self._stream.readline(most)
        except (*UNREADABLE, _Bomb) as error:
            self.fault = error
            return b""
