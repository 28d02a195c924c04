"""What conditional writes and references ask by search: the door's own search, in the transaction of the write."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from doorstep.fhir.search.plan import Bounds
from doorstep.fhir.search.query import read_query
from doorstep.fhir.search.resolve import resolve
from doorstep.fhir.search.walk import Context, Steps, matching
from doorstep.site.export_filter import _drive, _setting


def find(kind: str, query: str, source: UUID | None, limit: int) -> list[str] | None:
    """The ids of at most ``limit`` resources of the type that match, of one institution or (None) of all.

    None for a search without a condition, which would mean any resource. ``FhirProblem`` for what cannot be asked.
    """
    asked = read_query(kind, parse_qsl(query, keep_blank_values=True), strict=True)
    if not asked.where:
        return None
    bounds = Bounds(None if source is None else (source,), frozenset())
    context = Context(bounds, _setting(), lambda _kind, _token: False, b"")

    def steps() -> Steps[list[tuple[Any, ...]]]:
        found = yield from resolve(kind, asked.where, context)
        return (yield from matching(kind, found, context, limit))

    return [row[0] for row in _drive(steps())][:limit]
