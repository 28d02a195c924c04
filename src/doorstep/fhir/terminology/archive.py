"""A file of many resources, each compressed apart, that is opened by its index alone."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from doorstep.fhir.terminology.definitions import Catalogue, Entry, Resource, systems_of

_MAGIC: Final = b"FHIRTX1\n"
_LENGTH: Final = 8
# What of the resources stays parsed: R4's own largest are a few megabytes, most are a few kilobytes.
_KEPT: Final = 512

ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class Row(msgspec.Struct, array_like=True, frozen=True):
    """A line of the index; `start` counts bytes from the end of the index."""

    kind: str
    url: str
    version: str | None
    systems: tuple[str, ...]
    start: int
    length: int


_ROWS: Final = msgspec.json.Decoder(list[Row])


def parse(body: bytes) -> Resource:
    """Return a stored resource with its numbers as they are written (Decimal where they have a point)."""
    return _DECODER.decode(body)


def write(path: Path, resources: Iterable[Resource]) -> int:
    """Write the archive whole or not at all; returns the number of resources. Those without url are left out."""
    rows, bodies, start = [], [], 0
    for resource in resources:
        if "url" not in resource:
            continue
        body = zlib.compress(ENCODER.encode(resource), 9)
        row = Row(
            resource["resourceType"], resource["url"], resource.get("version"), systems_of(resource), start, len(body)
        )
        rows.append(row)
        bodies.append(body)
        start += len(body)
    index = ENCODER.encode(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(b"".join([_MAGIC, len(index).to_bytes(_LENGTH), index, *bodies]))
    temporary.replace(path)
    return len(rows)


def opened(path: Path) -> Catalogue:
    """Return the archive's resources; RuntimeError where it was not built or is not one."""
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise RuntimeError(f"not an archive of terminology: {path.name}")
            size = int.from_bytes(file.read(_LENGTH))
            rows = _ROWS.decode(file.read(size))
    except FileNotFoundError:
        raise RuntimeError("the terminology is not built: run `make setup`") from None
    return Catalogue(_entries(path, rows, len(_MAGIC) + _LENGTH + size))


def _entries(path: Path, rows: Iterable[Row], base: int) -> Iterator[Entry]:
    @lru_cache(maxsize=_KEPT)
    def read(start: int, length: int) -> Resource:
        with path.open("rb") as file:
            file.seek(base + start)
            return parse(zlib.decompress(file.read(length)))

    for row in rows:
        yield Entry(row.kind, row.url, row.version, row.systems, _reader(read, row))


def _reader(read: Callable[[int, int], Resource], row: Row) -> Callable[[], Resource]:
    return lambda: read(row.start, row.length)
