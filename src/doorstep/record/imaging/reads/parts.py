"""What series a study has, and what instances a series: asked of its archive, and known for a while.

So a UID of another study inside an allowed address is seen to be none of it, whether the archive looks or not.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Final
from uuid import UUID

from doorstep.adapters.dicomweb import attributes, searching
from doorstep.adapters.dicomweb.client import Archive

SECONDS: Final = 60.0
MOST: Final = 500
Key = tuple[UUID, str, str]
Part = tuple[str, int]
_known: OrderedDict[Key, tuple[float, tuple[Part, ...]]] = OrderedDict()
_lock: Final = threading.Lock()


def series(archive: Archive, key: UUID, study: str) -> tuple[str, ...]:
    """The UIDs of a study's series. Raises ``ArchiveFault``."""
    return tuple(uid for uid, _ in _cached(archive, (key, study, "")))


def instances(archive: Archive, key: UUID, study: str, series_uid: str) -> tuple[str, ...]:
    """The UIDs of a series' instances, in their order. Raises ``ArchiveFault``."""
    return tuple(uid for uid, _ in _cached(archive, (key, study, series_uid)))


def pictures(archive: Archive, key: UUID, study: str, series_uid: str) -> tuple[Part, ...]:
    """The same, each with the number of its frames (0 where the archive does not say). Raises ``ArchiveFault``."""
    return _cached(archive, (key, study, series_uid))


def forget() -> None:
    """Know nothing any more."""
    with _lock:
        _known.clear()


def _cached(archive: Archive, key: Key) -> tuple[Part, ...]:
    with _lock:
        at, found = _known.get(key, (0.0, ()))
    if found and at > time.monotonic():
        return found
    _, study, part = key
    tag = attributes.SOP_INSTANCE if part else attributes.SERIES_UID
    listed = searching.instances(archive, study, part) if part else searching.series(archive, study)
    read = ((attributes.uid(each, tag), attributes.number(each, attributes.FRAMES) or 0) for each in listed)
    found = tuple(each for each in read if each[0])
    with _lock:
        _known[key] = (time.monotonic() + SECONDS, found)
        _known.move_to_end(key)
        while len(_known) > MOST:
            _known.popitem(last=False)
    return found
