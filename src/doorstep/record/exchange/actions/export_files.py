"""The files of an export: NDJSON, cut by number and size alone, so that they are the same however often work stops."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import orjson

from doorstep.fhir.outcome import instant
from doorstep.record.exchange import reads, rules
from doorstep.record.exchange.actions import export_lines
from doorstep.record.exchange.actions.export_rows import Version
from doorstep.record.exchange.shapes import ExportFile


class FilesLost(OSError):
    """A file of the export is shorter than what was written of it, or gone."""


@dataclass(slots=True)
class _Open:
    """A file at work: its place in the list, and what it holds by now."""

    place: int
    out: IO[bytes]
    count: int
    size: int


class Writer:
    """Adds lines to the files of an export, which begin at the lengths that are known: what lies beyond is cut off."""

    def __init__(self, export: UUID, files: list[dict[str, Any]]) -> None:
        self._folder = reads.exports_folder() / str(export)
        self._files = [ExportFile(**f) for f in files]
        self._open: dict[tuple[str, str], _Open] = {}
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def add(self, kind: str, type_name: str, line: bytes) -> None:
        """Add a line (without its end) to the newest file of the kind and type, or to the next where that is full."""
        what = kind, type_name
        file = self._open.get(what) or self._begin(what)
        if file.count >= rules.FILE_RESOURCES or file.size + len(line) >= rules.FILE_BYTES:
            file = self._next(what)
        file.out.write(line + b"\n")
        file.count += 1
        file.size += len(line) + 1

    def _begin(self, what: tuple[str, str]) -> _Open:
        known = [n for n, f in enumerate(self._files) if (f.kind, f.type) == what]
        return self._opened(what, known[-1]) if known else self._next(what)

    def _next(self, what: tuple[str, str]) -> _Open:
        self._put_by(what)
        kind, type_name = what
        number = 1 + sum((f.kind, f.type) == what for f in self._files)
        stem = type_name if kind == "output" else kind
        self._files.append(ExportFile(f"{stem}.{number}.ndjson", kind, type_name, 0, 0))
        return self._opened(what, len(self._files) - 1)

    def _opened(self, what: tuple[str, str], place: int) -> _Open:
        file = self._files[place]
        self._open[what] = _Open(place, self._file(file), file.count, file.size)
        return self._open[what]

    def _put_by(self, what: tuple[str, str]) -> None:
        """Make a file that is open durable, and keep what it holds now."""
        file = self._open.pop(what, None)
        if file is not None:
            with file.out:
                file.out.flush()
                os.fsync(file.out.fileno())
            self._files[file.place] = replace(self._files[file.place], count=file.count, size=file.size)

    def _file(self, file: ExportFile) -> IO[bytes]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        out = os.fdopen(os.open(self._folder / file.name, flags, 0o600), "wb", buffering=1 << 20)
        if os.fstat(out.fileno()).st_size < file.size:
            out.close()
            raise FilesLost(file.name)
        out.truncate(file.size)
        out.seek(file.size)
        return out

    def close(self) -> list[dict[str, Any]]:
        """Make all that was written durable; what the files are now, to be kept in the same transaction."""
        for what in list(self._open):
            self._put_by(what)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return [asdict(f) for f in self._files]

    def abandon(self) -> None:
        """Let go of the files; what was added is beyond the known lengths and will be cut off."""
        for file in self._open.values():
            file.out.close()
        self._open.clear()


def tidy(export: UUID, files: list[dict[str, Any]]) -> None:
    """Remove what lies in the folder and is no file of the export: the leavings of one that was killed."""
    names = {f["name"] for f in files}
    for found in (reads.exports_folder() / str(export)).iterdir():
        if found.name not in names:
            found.unlink()


def remove(export: str) -> None:
    """Delete all files of an export; nothing where there are none."""
    shutil.rmtree(reads.exports_folder() / Path(export).name, ignore_errors=True)


def line(kind: str, version: Version, elements: list[str]) -> bytes:
    """The line of a version: as it is stored, with its version and time; only some elements where those are named."""
    body = export_lines.subset(kind, version.body, elements) if elements else version.body
    return export_lines.stamped(kind, version.id, body, version.version, instant(version.updated))


def deletion(kind: str, version: Version) -> bytes:
    """The line of a deleted resource: a transaction that deletes it (Bulk Data Access 2.0, ``deleted``)."""
    bundle = {
        "resourceType": "Bundle",
        "id": f"{version.id}-{version.version}"[:64],
        "meta": {"lastUpdated": instant(version.updated)},
        "type": "transaction",
        "entry": [{"request": {"method": "DELETE", "url": f"{kind}/{version.id}"}}],
    }
    return orjson.dumps(bundle)
