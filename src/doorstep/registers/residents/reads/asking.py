"""Questions that every record asks: prepared once a connection, and sent together, so that they cost one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection

Row = tuple[Any, ...]


def ask(*questions: tuple[str, Sequence[Any]]) -> list[list[Row]]:
    """Run statements in their order and give the rows of each; a statement sees what those before it waited for.

    Django binds parameters itself, so that PostgreSQL would plan each anew: more than what it costs to answer.
    """
    if not questions:
        return []
    connection.ensure_connection()
    link: Any = connection.connection
    link.prepare_threshold = (
        0  # Django sets None, which forbids; its own cursors bind in the client and prepare nothing
    )
    with connection.wrap_database_errors, link.pipeline():
        asked = [psycopg.Cursor(link).execute(sql, parameters, prepare=True) for sql, parameters in questions]
    return [each.fetchall() if each.description else [] for each in asked]
