"""Addresses of an archive in what it answers (RetrieveURL, BulkDataURI), made ours as the answer streams by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

LONGEST: Final = 8_192
"""Bytes of an address; a longer text is none."""
_ADDRESS: Final = re.compile(rb'(?<!\\)"(https?:[^"\\]*(?:\\/[^"\\]*)*)"')
_BEGUN: Final = re.compile(rb'\\?"(?:h(?:t(?:t(?:p(?:s?(?::[^"]*)?)?)?)?)?)?\Z')
"""The beginning of an address, or of what may become one, with which a piece ends."""
_STUDIES: Final = "/studies/"


def ours(address: str, base: str) -> str:
    """An address of an archive as one of the house (``base`` without a slash at its end); empty where it is of nothing
    that the house gives out."""
    _, found, rest = address.partition(_STUDIES)
    return f"{base}{_STUDIES}{rest}" if found else ""


def relayed(chunks: Iterable[bytes], base: str) -> Iterator[bytes]:
    """DICOM JSON with every value that is an address made the house's. Holds a chunk and one address at most."""

    def swap(match: re.Match[bytes]) -> bytes:
        said = match[1].decode("utf-8", "replace").replace("\\/", "/")
        return b'"' + ours(said, base).encode() + b'"'

    held = b""
    for piece in chunks:
        held += piece
        said = _ADDRESS.sub(swap, held)
        begun = _BEGUN.search(said, max(0, len(said) - LONGEST))
        cut = begun.start() if begun else len(said)
        if cut:
            yield said[:cut]
        held = said[cut:]
    if held:
        yield held
