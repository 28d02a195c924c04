"""Static files for bad lines: compressed when collected, and named with their content, so that browsers keep them."""

from __future__ import annotations

import zlib
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders
from whitenoise.storage import CompressedStaticFilesStorage


@lru_cache(maxsize=4096)
def stamp(name: str) -> str:
    """A short checksum of the file's content; empty for a file that is not there."""
    found = finders.find(name)
    return f"{zlib.crc32(Path(found).read_bytes()):08x}" if isinstance(found, str) else ""


class Assets(CompressedStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise carries no types
    """Adds ``?v=<checksum>`` to every address, so that ``WHITENOISE_MAX_AGE`` may be long and upgrades still show."""

    def url(self, name: str | None) -> str:
        """The address of a static file."""
        address: str = super().url(name)
        mark = stamp(name) if name and not name.endswith("/") else ""
        return f"{address}?v={mark}" if mark else address
