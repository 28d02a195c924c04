"""What rooms publish: gathered while an action runs, written to the ledger once at its end, in its transaction.

A body is checked when it is handed in: one that is no valid FHIR is a fault of the program, and nobody's request.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from doorstep.fhir.indexing import Index
from doorstep.fhir.validation.checking import check
from doorstep.kernel import clock, fence, ledger
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.fhir_index import index_of
from doorstep.kernel.room import Republish

Key = tuple[str, str]
CLAIMED: Final = "publish.claimed"
_GONE: Final = b"{}"
_NOTHING: Final = Index(None, None, None, [], [], [], [])
_JSON: Final = msgspec.json.Encoder(decimal_format="number")


class Unpublishable(RuntimeError):
    """What was handed in is no valid resource, or none that its room says it publishes: a fault of the program."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A resource to be published by an institution; without a ``body`` (minified JSON) it is withdrawn."""

    type: str
    id: str
    source: UUID
    body: bytes | None

    @property
    def key(self) -> Key:
        """Type and id."""
        return self.type, self.id


def publication(resource: Mapping[str, Any], source: UUID, kinds: Collection[str]) -> Publication:
    """Make a resource ready; numbers are int or Decimal and are kept as written.

    Raises ``Unpublishable`` where its type is not one of ``kinds`` or anything is wrong with it. The message holds
    codes and places, never values.
    """
    kind, key = str(resource.get("resourceType", "")), resource.get("id")
    if kind not in kinds:
        raise Unpublishable(f"{kind or 'a thing without a type'} is not among what the room publishes")
    if not isinstance(key, str):
        raise Unpublishable(f"{kind} without an id")
    body = _JSON.encode(resource)
    found = check(kind, msgspec.json.decode(body))
    if found:
        raise Unpublishable(f"{kind}: " + "; ".join(f"{f.code} at {f.expression}" for f in found))
    return Publication(kind, key, source, body)


def write(published: Iterable[Publication]) -> None:
    """Write all of it in the caller's transaction: what is the same already stays, and what is published keeps the
    source that first published it. What is withdrawn and never was stands as deleted, so that nobody takes its id.

    Raises ``Refused`` (``publish.claimed``) where an institution has sent something under one of the ids.
    """
    by_type: dict[str, list[Publication]] = defaultdict(list)
    for each in published:
        by_type[each.type].append(each)
    if not by_type:
        return
    rows: list[ledger.Fresh] = []
    held: dict[str, Mapping[str, ledger.Known]] = {}
    with fence.lifted("an id may be another institution's, and versions go in by COPY"):
        for kind in sorted(by_type):
            known = held[kind] = ledger.hold(kind, sorted(each.id for each in by_type[kind]))
            rows += [row for each in by_type[kind] if (row := _fresh(each, known.get(each.id))) is not None]
        if not rows:
            return
        try:
            ledger.write(rows, clock.now(), held)
        except ledger.Claimed as claimed:
            (kind, key), *_ = sorted(claimed.keys)
            raise Refused(refuse(CLAIMED, kind=kind, id=key, ids=len(claimed.keys))) from claimed


def _fresh(one: Publication, known: ledger.Known | None) -> ledger.Fresh | None:
    source = one.source if known is None or not known.published else known.source
    if one.body is None:
        if known is not None and known.source == source and known.deleted:
            return None
        return ledger.Fresh(one.type, one.id, _GONE, source, None, _NOTHING, deleted=True)
    if known is not None and known.source == source and known.digest == ledger.digest(one.body):
        return None
    return ledger.Fresh(one.type, one.id, one.body, source, None, index_of(one.type, msgspec.json.decode(one.body)))


def everything(call: Call, republish: Republish) -> int:
    """Publish all that a room has, page by page, each a transaction of its own; returns the number of pages."""
    pages, after = 1, republish(call, after="")
    while after:
        pages, after = pages + 1, republish(call, after=after)
    return pages
