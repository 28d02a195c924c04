"""The files of an export: NDJSON, cut by number and size alone, so that they are the same however often work stops."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

import msgspec
import orjson

from doorstep.fhir.outcome import instant
from doorstep.fhir.splice import set_meta
from doorstep.fhir.structure import fields
from doorstep.record.exchange import reads, rules
from doorstep.record.exchange.actions.export_rows import Version
from doorstep.record.exchange.shapes import ExportFile

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_SUBSETTED: Final = b'{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}'


class FilesLost(OSError):
    """A file of the export is shorter than what was written of it, or gone."""


class Writer:
    """Adds lines to the files of an export, which begin at the lengths that are known: what lies beyond is cut off."""

    def __init__(self, export: UUID, files: list[dict[str, Any]]) -> None:
        self._folder = reads.exports_folder() / str(export)
        self._files = [ExportFile(**f) for f in files]
        self._open: dict[str, tuple[int, IO[bytes]]] = {}
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def add(self, kind: str, type_name: str, line: bytes) -> None:
        """Add a line (without its end) to the newest file of the kind and type, or to the next where that is full."""
        what = f"{kind}:{type_name}"
        place, out = self._open.get(what) or self._begin(what, kind, type_name)
        file = self._files[place]
        if file.count >= rules.FILE_RESOURCES or file.size + len(line) >= rules.FILE_BYTES:
            place, out = self._next(what, kind, type_name)
            file = self._files[place]
        out.write(line + b"\n")
        self._files[place] = replace(file, count=file.count + 1, size=file.size + len(line) + 1)

    def _begin(self, what: str, kind: str, type_name: str) -> tuple[int, IO[bytes]]:
        known = [n for n, f in enumerate(self._files) if (f.kind, f.type) == (kind, type_name)]
        if not known:
            return self._next(what, kind, type_name)
        self._open[what] = known[-1], self._file(self._files[known[-1]])
        return self._open[what]

    def _next(self, what: str, kind: str, type_name: str) -> tuple[int, IO[bytes]]:
        if what in self._open:
            _settle(self._open.pop(what)[1])
        number = 1 + sum((f.kind, f.type) == (kind, type_name) for f in self._files)
        stem = type_name if kind == "output" else kind
        self._files.append(ExportFile(f"{stem}.{number}.ndjson", kind, type_name, 0, 0))
        self._open[what] = len(self._files) - 1, self._file(self._files[-1])
        return self._open[what]

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
        for _, out in self._open.values():
            _settle(out)
        self._open.clear()
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return [asdict(f) for f in self._files]

    def abandon(self) -> None:
        """Let go of the files; what was added is beyond the known lengths and will be cut off."""
        for _, out in self._open.values():
            out.close()
        self._open.clear()


def _settle(out: IO[bytes]) -> None:
    with out:
        out.flush()
        os.fsync(out.fileno())


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
    body = subset(kind, version.body, elements) if elements else version.body
    return set_meta(body, str(version.version), instant(version.updated))


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


def subset(kind: str, body: bytes, elements: list[str]) -> bytes:
    """The resource with these elements (``name`` or ``Patient.name``) and the mandatory ones, tagged SUBSETTED."""
    wanted = {e.removeprefix(f"{kind}.") for e in elements if "." not in e or e.startswith(f"{kind}.")}
    if not wanted:
        return body
    known, found = fields(kind), _OBJECT.decode(body)
    kept = {}
    for key, raw in found.items():
        field = known.get(key.removeprefix("_"))
        if key in ("resourceType", "id") or (field and (field.element.name in wanted or field.element.min)):
            kept[key] = raw
    meta = _OBJECT.decode(found["meta"]) if "meta" in found else {}
    tags = [bytes(t) for t in (_LIST.decode(meta["tag"]) if "tag" in meta else [])]
    meta["tag"] = msgspec.Raw(b"[" + b",".join([*tags, _SUBSETTED]) + b"]")
    kept["meta"] = msgspec.Raw(_join(meta))
    return _join(kept)


def _join(found: dict[str, msgspec.Raw]) -> bytes:
    return b"{" + b",".join([orjson.dumps(key) + b":" + bytes(raw) for key, raw in found.items()]) + b"}"
