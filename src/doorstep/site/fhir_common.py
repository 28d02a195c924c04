"""Which hashed tokens many resources carry, as PostgreSQL's own statistics tell; the planner itself cannot use them."""

from __future__ import annotations

import time
from typing import Final

from django.db import DatabaseError, connection

MANY: Final = 2_000  # resources with a token, from which on it is not gathered and sorted but met along the way
FRESH: Final = 300.0  # seconds for which what was read holds
_QUERY: Final = """
SELECT s.tablename, s.most_common_elems::text, s.most_common_elem_freqs, c.reltuples
FROM pg_stats s JOIN pg_class c ON c.relname = s.tablename AND c.relnamespace = 'public'::regnamespace
WHERE s.schemaname = 'public' AND s.attname = 'tok' AND s.tablename LIKE 'fhir\\_%%'
"""


class Common:
    """The common tokens of each type, read again now and then."""

    def __init__(self) -> None:
        self._tokens: dict[str, frozenset[int]] = {}
        self._read_at = -FRESH

    @property
    def stale(self) -> bool:
        """Whether they should be read again."""
        return time.monotonic() - self._read_at >= FRESH

    def has(self, type_name: str, token: int) -> bool:
        """Whether many resources of the type carry the token."""
        return token in self._tokens.get(type_name.lower(), ())

    def read(self) -> None:
        """Read them; where the database is away, those of before go on."""
        self._read_at = time.monotonic()
        try:
            with connection.cursor() as cursor:
                cursor.execute(_QUERY)
                rows = cursor.fetchall()
        except DatabaseError:
            return
        self._tokens = {row[0].removeprefix("fhir_"): _common(row[1], row[2], row[3]) for row in rows}


def _common(elements: str | None, frequencies: list[float] | None, rows: float) -> frozenset[int]:
    if not elements or not frequencies:
        return frozenset()
    tokens = [int(each) for each in elements.strip("{}").split(",")]
    # after the frequencies come the least, the greatest, and that of NULL
    return frozenset(t for t, f in zip(tokens, frequencies, strict=False) if f * rows > MANY)
