"""What rooms have published, as the ledger has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection

from doorstep.kernel import ledger


def stands(kind: str, key: object) -> tuple[int, dict[str, Any]] | None:
    """The version and body of what holds now, and came from no message; None where nothing does."""
    found = ledger.read(kind, str(key))
    if found is None or found.deleted:
        return None
    assert found.message is None
    return found.version, json.loads(found.body)


def body(kind: str, key: object) -> dict[str, Any]:
    """The body of what must be there."""
    found = stands(kind, key)
    assert found is not None
    return found[1]


def every(kinds: Sequence[str]) -> dict[tuple[str, str], tuple[int, str]]:
    """The version and body of all of some types, by type and id."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    with connection.cursor() as cursor:
        for kind in kinds:
            cursor.execute(f"SELECT id, version, body FROM fhir_{kind.lower()}")  # noqa: S608  # our own names
            found |= {(kind, row[0]): (row[1], row[2]) for row in cursor.fetchall()}
    return found
