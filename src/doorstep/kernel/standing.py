"""How resources stand in the ledger now, without their bodies: what a conditional write must know beforehand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import connection
from psycopg import Cursor, sql

from doorstep.kernel.ledger import table


@dataclass(frozen=True, slots=True)
class Standing:
    """The version that holds now, when it was written, whose it is, whether it says that the resource is gone,
    and whether a room published it (which then alone may change it)."""

    version: int
    updated: datetime
    source: UUID
    deleted: bool
    published: bool

    def is_closed_to(self, source: UUID) -> bool:
        """Whether a source may not change it: it is another's, or a room's."""
        return self.source != source or self.published


def standing(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Standing]:
    """Those of the (type, id) that ever were, one statement a type; nothing is locked."""
    by_type: dict[str, set[str]] = defaultdict(set)
    for kind, key in keys:
        by_type[kind].add(key)
    found: dict[tuple[str, str], Standing] = {}
    with connection.cursor() as cursor, connection.wrap_database_errors:
        raw = cast("Cursor[Any]", cursor.cursor)
        for kind, ids in by_type.items():
            query = sql.SQL("SELECT id, version, updated, source, deleted, message IS NULL FROM {} WHERE id = ANY(%s)")
            rows = raw.execute(query.format(table(kind)), [sorted(ids)]).fetchall()
            found |= {(kind, row[0]): Standing(*row[1:]) for row in rows}
    return found
