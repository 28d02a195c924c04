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
_known: OrderedDict[Key, tuple[float, tuple[str, ...]]] = OrderedDict()
_lock: Final = threading.Lock()


def series(archive: Archive, key: UUID, study: str) -> tuple[str, ...]:
    """The UIDs of a study's series. Raises ``ArchiveFault``."""
    return _cached(archive, (key, study, ""))


def instances(archive: Archive, key: UUID, study: str, series_uid: str) -> tuple[str, ...]:
    """The UIDs of a series' instances, in their order. Raises ``ArchiveFault``."""
    return _cached(archive, (key, study, series_uid))


def forget() -> None:
    """Know nothing any more."""
    with _lock:
        _known.clear()


def _cached(archive: Archive, key: Key) -> tuple[str, ...]:
    with _lock:
        at, found = _known.get(key, (0.0, ()))
    if found and at > time.monotonic():
        return found
    _, study, part = key
    if part:
        listed = [attributes.uid(each, attributes.SOP_INSTANCE) for each in searching.instances(archive, study, part)]
    else:
        listed = [attributes.uid(each, attributes.SERIES_UID) for each in searching.series(archive, study)]
    found = tuple(uid for uid in listed if uid)
    with _lock:
        _known[key] = (time.monotonic() + SECONDS, found)
        _known.move_to_end(key)
        while len(_known) > MOST:
            _known.popitem(last=False)
    return found
