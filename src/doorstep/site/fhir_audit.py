"""The trail at the FHIR door, as AuditEvents: for callers who may read the trail, in the place of the ledger's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import orjson

from doorstep.fhir.door.house import FacePage
from doorstep.fhir.search.walk import Hit
from doorstep.insight.trail import api as trail
from doorstep.insight.trail.shapes import Entry
from doorstep.kernel.call import Call

T = TypeVar("T")
KIND = "AuditEvent"
READ = "trail.read"


class AuditEvents:
    """The face (see ``doorstep.fhir.door.house.Face``) for one caller."""

    def __init__(self, call: Call, work: Callable[[Callable[[], Any]], Awaitable[Any]]) -> None:
        self._call = call
        self._work = work

    async def one(self, ident: str) -> Hit | None:
        """The event of that id."""
        found = await self._work(lambda: trail.event(self._call, ident))
        return _hit(found) if found else None

    async def some(self, pairs: Sequence[tuple[str, str]], count: int, mark: Sequence[Any] | None) -> FacePage:
        """A page of the events that fit, newest first."""
        after = (mark[0], int(mark[1])) if mark else None
        found, ignored = await self._work(lambda: trail.events(self._call, pairs, count, after))
        shown = found[:count]
        following = (shown[-1].at, shown[-1].id) if len(found) > count else None
        return FacePage(tuple(map(_hit, shown)), following, tuple(ignored))


def _hit(entry: Entry) -> Hit:
    told = trail.audit_event(entry)
    return Hit(KIND, told["id"], 1, entry.at, orjson.dumps(told).decode(), None)
