"""Static files for bad lines: compressed when collected, and named with their content, so that browsers keep them."""

from __future__ import annotations

import fcntl
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
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


def collect() -> None:
    """Put all static files, compressed, into ``STATIC_ROOT``, unless those there are current; and serve from there.

    Several processes may start at once: one collects, the others wait for it.
    """
    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    made_from = "\n".join(sorted(_sources()))
    with (root.parent / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = root / ".made-from"
        if not known.exists() or known.read_text() != made_from:
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
            known.write_text(made_from)
    settings.WHITENOISE_USE_FINDERS = False


def _sources() -> Iterator[str]:
    for finder in finders.get_finders():
        for name, storage in finder.list(["CVS", ".*", "*~"]):
            state = Path(storage.path(name)).stat()
            yield f"{name} {state.st_size} {state.st_mtime_ns}"
