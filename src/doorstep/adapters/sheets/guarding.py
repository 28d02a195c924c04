"""Whether an .xlsx file may be opened at all: an archive that unpacks within bounds, and XML that declares nothing."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Final

from doorstep.adapters.sheets.shapes import Limits, SheetFault

OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"  # .xls, and an .xlsx behind a password
ARCHIVE: Final = b"PK\x03\x04"
_CHUNK: Final = 1 << 16
_OVERLAP: Final = 32
_DECLARED: Final = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCODING: Final = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']*)", re.IGNORECASE)
_ENCODINGS: Final = frozenset({b"utf-8", b"utf8", b"utf-16", b"us-ascii"})


def demand_sound(raw: bytes, limits: Limits) -> None:
    """Raise ``SheetFault`` unless the archive is whole, open, within bounds, and no part declares a DTD or entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            _demand_sound(archive, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise SheetFault("sheet.broken") from error


def _demand_sound(archive: zipfile.ZipFile, limits: Limits) -> None:
    members = archive.infolist()
    if len(members) > limits.parts:
        raise SheetFault("sheet.bomb")
    left = limits.unpacked
    for member in members:
        if member.flag_bits & 1:
            raise SheetFault("sheet.old")
        left = _read(archive, member, left)


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> int:
    """Read a part through, not believing its declared size; how many bytes are left."""
    end, first = b"", True
    with archive.open(member) as part:
        while chunk := part.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise SheetFault("sheet.bomb")
            plain = chunk.replace(b"\0", b"")  # UTF-16 says the same with a NUL beside each letter
            if _DECLARED.search(end + plain) or (first and not _is_plain(plain)):
                raise SheetFault("sheet.hostile")
            end, first = plain[-_OVERLAP:], False
    return left


def _is_plain(start: bytes) -> bool:
    found = _ENCODING.search(start[:400])
    return found is None or found[1].lower() in _ENCODINGS
