"""Bulk loading by natural keys: what is new is made, what differs is changed, what is equal stays untouched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet

from doorstep.kernel.store import Row

R = TypeVar("R", bound=Row)
Key = tuple[Any, ...]
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Synced(Generic[R]):
    """What a load did to one table, and its rows by natural key."""

    made: int
    changed: int
    rows: Mapping[Key, R]


def sync(existing: QuerySet[R], key: Sequence[str], wanted: Sequence[Mapping[str, Any]]) -> Synced[R]:
    """Bring a table to what is wanted; ``existing`` (already bounded) must hold every row that a wanted key may name.

    Each wanted mapping gives column attributes (``organisation_id``); of two with one key the last one holds.
    """
    rows = {tuple(getattr(row, part) for part in key): row for row in existing}
    fresh: dict[Key, R] = {}
    changed: dict[Key, R] = {}
    for values in wanted:
        name = tuple(values[part] for part in key)
        row = rows.get(name)
        if row is None:
            rows[name] = fresh[name] = existing.model(**values)
        elif _overwrite(row, values) and name not in fresh and name not in changed:
            row.version += 1
            changed[name] = row
    existing.model._default_manager.bulk_create(fresh.values(), batch_size=BATCH)
    if changed:
        columns = {"version"}.union(*wanted).difference(key)
        existing.bulk_update(changed.values(), [c.removesuffix("_id") for c in sorted(columns)], batch_size=BATCH)
    return Synced(len(fresh), len(changed), rows)


def _overwrite(row: Row, values: Mapping[str, Any]) -> bool:
    """Give the row these values; whether any of them differed."""
    differing = [name for name, value in values.items() if getattr(row, name) != value]
    for name in differing:
        setattr(row, name, values[name])
    return bool(differing)
