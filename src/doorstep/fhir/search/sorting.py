"""Sorting in memory, by keys that the index holds only as hashes: tokens and references."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from functools import total_ordering
from typing import Any

import orjson

from doorstep.fhir.extraction_values import Values, values
from doorstep.fhir.indexing import index
from doorstep.fhir.parameters import main_date
from doorstep.fhir.search.query import Order, Query
from doorstep.fhir.texts import normalise


@total_ordering
class SortKey:
    """The values of one row, in the order of the keys; what has none comes at the end of each; then by id."""

    __slots__ = ("descending", "id", "values")

    def __init__(self, held: tuple[Any, ...], ident: str, descending: tuple[bool, ...]) -> None:
        self.values, self.id, self.descending = held, ident, descending

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SortKey) and (self.values, self.id) == (other.values, other.id)

    def __hash__(self) -> int:
        return hash((self.values, self.id))

    def __lt__(self, other: SortKey) -> bool:
        for mine, theirs, down in zip(self.values, other.values, self.descending, strict=True):
            if mine == theirs:
                continue
            if mine is None or theirs is None:
                return theirs is None
            return bool(mine > theirs if down else mine < theirs)
        return self.id < other.id


def sort_key(query: Query, row: Sequence[Any], zone: tzinfo) -> SortKey:
    """Return the key of a row (id, version, updated, body, …) under the orders of a query."""
    resource = orjson.loads(row[3])
    found, main = values(query.type, resource, zone), main_date(query.type)
    held = tuple(
        # as the index has it, so that it sorts alike beside whatever else
        index(query.type, resource, zone).at if each.param.code == main else _value(each, found, row)
        for each in query.order
    )
    return SortKey(held, row[0], tuple(order.descending for order in query.order))


def _value(order: Order, found: Values, row: Sequence[Any]) -> Any:
    code = order.param.code
    if code == "_id":
        return row[0]
    if code == "_lastUpdated":
        return row[2]
    kinds: dict[str, list[Any]] = {
        "token": [t.code for t in found.tokens.get(code, ()) if t.code is not None],
        "reference": [r.target for r in found.references.get(code, ()) if r.target is not None],
        "uri": list(found.uris.get(code, ())),
        "string": [normalise(s)[:200] for s in found.strings.get(code, ())],
        "date": [start for start, _ in found.dates.get(code, ()) if start is not None],
        "number": [float(q.low) for q in found.quantities.get(code, ())],
        "quantity": [float(q.low) for q in found.quantities.get(code, ())],
    }
    held = kinds[order.param.type]
    if not held:
        return None
    return max(held) if order.descending else min(held)
